-- Each reader sees what concerns them, and nothing else.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
INSERT INTO jit.policies (name, objects, approver) VALUES ('security', '{vault.*}', 'jr_security');
GRANT jr_security TO jr_dave;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'of alice');
SET SESSION AUTHORIZATION jr_amy;
SELECT jit_request('SELECT ON vault.cards', '30 minutes', 'of amy');
SELECT jit_request('SELECT ON shop.items', '30 minutes', 'of amy too');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(1);
SET SESSION AUTHORIZATION jr_coord;
SELECT event FROM jit.run_due();
\set look 'SELECT (SELECT array_agg(id ORDER BY id) FROM jit.my_requests) AS mine, (SELECT array_agg(id ORDER BY id) FROM jit.visible_requests) AS visible, (SELECT array_agg(id ORDER BY id) FROM jit.pending) AS to_decide, (SELECT array_agg(request_id) FROM jit.active_grants) AS active;'
SET SESSION AUTHORIZATION jr_alice;
:look
SELECT * FROM jit.request_objects(2);
\echo :SQLSTATE
SELECT * FROM jit.request_approvals(2);
\echo :SQLSTATE
SELECT * FROM jit.request_objects(NULL);
\echo :SQLSTATE
SELECT approver, decision FROM jit.request_approvals(1);
SET SESSION AUTHORIZATION jr_amy;
:look
SET SESSION AUTHORIZATION jr_bob;
:look
SET SESSION AUTHORIZATION jr_carol;
:look
SET SESSION AUTHORIZATION jr_dave;
:look
SELECT relation FROM jit.request_objects(2);
SELECT relation FROM jit.request_objects(1);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_audit;
:look
SET SESSION AUTHORIZATION jr_coord;
:look
SET SESSION AUTHORIZATION jr_staff;
:look
-- With whose rights one acts at the moment does not matter: the login does.
RESET SESSION AUTHORIZATION;
GRANT jr_bob TO jr_staff;
REVOKE jr_bob FROM jr_staff;
GRANT jr_alice TO jr_staff;
SET SESSION AUTHORIZATION jr_staff;
SET ROLE jr_alice;
:look
RESET ROLE;
-- A condition of the reader's own does not see the rows that are hidden.
RESET SESSION AUTHORIZATION;
GRANT CREATE ON SCHEMA shop TO jr_alice;
SET SESSION AUTHORIZATION jr_alice;
CREATE FUNCTION shop.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
SELECT id FROM jit.visible_requests WHERE shop.peek(reason);
-- Nor do the tables open to those who read views.
SELECT count(*) FROM jit.all_requests;
\echo :SQLSTATE
SELECT count(*) FROM jit.requests;
\echo :SQLSTATE
SELECT count(*) FROM jit.approvals;
\echo :SQLSTATE
SELECT count(*) FROM jit.grants;
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bob;
SELECT (SELECT count(*) FROM jit.requests) AS requests, (SELECT count(*) FROM jit.approvals) AS approvals, (SELECT count(*) FROM jit.grants) AS grants, (SELECT count(*) FROM jit.policies) AS policies;
DELETE FROM jit.requests;
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_audit;
SELECT (SELECT count(*) FROM jit.requests) AS requests, (SELECT count(*) FROM jit.approvals) AS approvals, (SELECT count(*) FROM jit.grants) AS grants, (SELECT count(*) FROM jit.policies) AS policies;
-- Everything public says what it is for.
RESET SESSION AUTHORIZATION;
SELECT 'relation' AS kind, c.oid::regclass::text AS name FROM pg_class c WHERE c.relnamespace = 'jit'::regnamespace AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT 'column', a.attrelid::regclass || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'jit'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND col_description(c.oid, a.attnum) IS NULL
UNION ALL
SELECT 'function', p.oid::regprocedure::text FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'jit_access'
WHERE obj_description(p.oid, 'pg_proc') IS NULL;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
