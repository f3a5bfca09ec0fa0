-- A coordinator's login in the wrong hands: it can do what is due, and nothing else.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_coord;
-- Not mint, not approve, not lengthen.
INSERT INTO jit.grants SELECT * FROM jit.grants;
\echo :SQLSTATE
UPDATE jit.grants SET expires_at = 'infinity';
\echo :SQLSTATE
UPDATE jit.requests SET status = 'approved';
\echo :SQLSTATE
INSERT INTO jit.approvals SELECT 1, 'jr_bob', 0, 'approve';
\echo :SQLSTATE
DELETE FROM jit.approvals;
\echo :SQLSTATE
TRUNCATE jit.grants;
\echo :SQLSTATE
SELECT nextval('jit.requests_id_seq');
\echo :SQLSTATE
SELECT jit.file_request('SELECT ON shop.orders', 'x', NULL, '[]', '1 hour', 'why', NULL, NULL, false, NULL, false, NULL, NULL);
\echo :SQLSTATE
SELECT jit.insert_grants(NULL, now(), 'infinity');
\echo :SQLSTATE
SELECT jit.push(NULL);
\echo :SQLSTATE
SELECT jit.end_request(1, 'active', 'me', 'why');
\echo :SQLSTATE
SELECT jit.announce(1, 'granted');
\echo :SQLSTATE
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT * FROM jit.run_due();
-- Not see more than a daemon needs.
SELECT count(*) FROM jit.requests;
\echo :SQLSTATE
SELECT count(*) FROM jit.grants;
\echo :SQLSTATE
SELECT id, requester, status FROM jit.visible_requests;
SELECT count(*) FROM shop.orders;
\echo :SQLSTATE
-- Not bend the functions by what is in its search_path, nor by settings of its session.
\set VERBOSITY sqlstate
CREATE SCHEMA AUTHORIZATION jr_coord;
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
CREATE SCHEMA trap AUTHORIZATION jr_coord;
SET SESSION AUTHORIZATION jr_coord;
CREATE FUNCTION trap.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'infinity'::timestamptz $$;
CREATE FUNCTION trap.pg_has_role(oid, oid, text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE FUNCTION trap.yes(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE OPERATOR trap.<= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.yes);
CREATE TEMP TABLE pg_roles (oid oid, rolname name);
CREATE TEMP TABLE pg_auth_members (roleid oid, member oid);
SET search_path = trap, pg_temp, pg_catalog, jit;
SET standard_conforming_strings = off;
SET array_nulls = off;
SET transform_null_equals = on;
SET timezone = 'Pacific/Kiritimati';
SET datestyle = 'SQL, DMY';
SET quote_all_identifiers = on;
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
RESET ALL;
SELECT status FROM jit.requests;
SELECT count(*) AS grants FROM jit.grants;
-- Not with an old snapshot.
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(1);
SET SESSION AUTHORIZATION jr_coord;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM jit.run_due();
\echo :SQLSTATE
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT * FROM jit.run_due();
\echo :SQLSTATE
ROLLBACK;
-- One request that cannot be moved holds up no other.
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.items', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(2);
RESET SESSION AUTHORIZATION;
UPDATE jit.requests SET objects = '[{"schema_oid": "nonsense"}]' WHERE id = 1;
SET SESSION AUTHORIZATION jr_coord;
SET client_min_messages = error;
SELECT request_id, event, status FROM jit.run_due();
RESET client_min_messages;
-- The same for who may call nothing of this.
SET SESSION AUTHORIZATION jr_alice;
SELECT * FROM jit.run_due();
\echo :SQLSTATE
SELECT jit.next_due();
\echo :SQLSTATE
SELECT * FROM jit.cancel_ended();
\echo :SQLSTATE
SELECT * FROM jit.running();
\echo :SQLSTATE
SELECT jit.file_request('SELECT ON shop.orders', 'x', NULL, '[]', '1 hour', 'why', NULL, NULL, false, NULL, false, NULL, NULL);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
-- What PUBLIC may call in schema jit, and the coordinator besides.
SELECT p.proname FROM pg_proc p WHERE pronamespace = 'jit'::regnamespace AND has_function_privilege('jr_dave', p.oid, 'EXECUTE') ORDER BY p.proname COLLATE "C";
SELECT p.proname FROM pg_proc p WHERE pronamespace = 'jit'::regnamespace AND has_function_privilege('jr_coord', p.oid, 'EXECUTE') AND NOT has_function_privilege('jr_dave', p.oid, 'EXECUTE') ORDER BY p.proname COLLATE "C";
-- Every function that runs with the owner's rights has a search_path of its own.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'jit_access'
WHERE p.prosecdef AND NOT coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}';
-- So has every other that is written in SQL, unless its body was bound when it was made.
SELECT p.oid::regproc FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'jit'::regnamespace AND l.lanname IN ('sql', 'plpgsql')
AND p.prosqlbody IS NULL AND NOT coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}';
SET client_min_messages = warning;
DROP SCHEMA trap CASCADE;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
