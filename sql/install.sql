-- CREATE EXTENSION and DROP EXTENSION: what they make, reuse, refuse and leave.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
DROP EXTENSION jit_access;
SELECT count(*) AS left_behind FROM pg_namespace WHERE nspname = 'jit';
SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname LIKE 'jit\_%' ORDER BY 1;
SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = 'jit_elevated'::regrole ORDER BY 1;
-- Whoever is, or can become, jit_elevated reads everything: nobody may.
GRANT jit_elevated TO jr_dave;
CREATE EXTENSION jit_access;
\echo :SQLSTATE
REVOKE jit_elevated FROM jr_dave;
ALTER ROLE jit_elevated LOGIN;
CREATE EXTENSION jit_access;
\echo :SQLSTATE
ALTER ROLE jit_elevated NOLOGIN SUPERUSER;
CREATE EXTENSION jit_access;
\echo :SQLSTATE
ALTER ROLE jit_elevated NOSUPERUSER;
-- A schema of that name is somebody else's.
CREATE SCHEMA jit;
CREATE EXTENSION jit_access;
\echo :SQLSTATE
DROP SCHEMA jit;
-- Functions of those names are somebody else's, too.
CREATE FUNCTION jit_approve(request_id bigint, comment text, duration interval) RETURNS text LANGUAGE sql AS $$ SELECT 'approved' $$;
CREATE EXTENSION jit_access;
\echo :SQLSTATE
DROP FUNCTION jit_approve;
-- Not for everybody to make.
GRANT CREATE ON DATABASE :DBNAME TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
CREATE EXTENSION jit_access;
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
-- In a schema of its own.
CREATE SCHEMA tools;
GRANT USAGE ON SCHEMA tools TO PUBLIC;
CREATE EXTENSION jit_access SCHEMA tools;
SET SESSION AUTHORIZATION jr_alice;
SELECT tools.jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_bob;
SELECT tools.jit_approve(1);
RESET SESSION AUTHORIZATION;
ALTER EXTENSION jit_access SET SCHEMA public;
\echo :SQLSTATE
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'tools'::regnamespace ORDER BY 1::text COLLATE "C";
SELECT extversion = jit.library_version() AS versions_agree FROM pg_extension WHERE extname = 'jit_access';
DROP EXTENSION jit_access;
-- An operator planted beforehand has no say in what the extension's own expressions mean.
GRANT CREATE ON SCHEMA tools TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
CREATE FUNCTION tools.planted(oid, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted code ran'; END $$;
CREATE OPERATOR tools.= (LEFTARG = oid, RIGHTARG = int, FUNCTION = tools.planted);
RESET SESSION AUTHORIZATION;
CREATE EXTENSION jit_access SCHEMA tools;
SET SESSION AUTHORIZATION jr_alice;
SELECT tools.jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_bob;
SELECT tools.jit_approve(1);
RESET SESSION AUTHORIZATION;
SELECT event FROM jit.run_due();
SELECT count(*) FROM jit.active_grants;
DROP EXTENSION jit_access;
DROP SCHEMA tools CASCADE;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
