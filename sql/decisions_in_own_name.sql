-- A decision is the client's own: nothing that somebody else made decides for whoever runs it.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
GRANT CREATE ON SCHEMA shop TO jr_alice;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
CREATE FUNCTION shop.harmless(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  PERFORM public.jit_approve(1);
  RETURN x;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE '%', sqlerrm;
  RETURN x;
END $$;
CREATE TABLE shop.bait (x int);
INSERT INTO shop.bait VALUES (1);
CREATE INDEX ON shop.bait (shop.harmless(x));
CREATE VIEW shop.report AS SELECT public.jit_approve(1) AS total;
GRANT SELECT ON shop.report TO PUBLIC;
RESET SESSION AUTHORIZATION;
-- A superuser's ANALYZE runs the index's function; autovacuum would.
ANALYZE shop.bait;
-- A superuser who looks at something with the requester's rights.
SET ROLE jr_alice;
SELECT shop.harmless(1);
RESET ROLE;
SET SESSION AUTHORIZATION jr_bob;
-- An approver who reads the requester's view, or calls their function.
SELECT * FROM shop.report;
\echo :SQLSTATE
SELECT shop.harmless(1);
-- Naming the function beside that does not make it the approver's own.
SELECT 'jit_approve', total FROM shop.report;
\echo :SQLSTATE
/* jit_approve(1) */ SELECT * FROM shop.report;
\echo :SQLSTATE
SELECT jit_approve(2), shop.harmless(1);
\echo :SQLSTATE
SELECT * FROM shop.report \; SELECT jit_approve(2);
\echo :SQLSTATE
-- Nor is what has been prepared somewhere else a statement of one's own.
PREPARE sure AS SELECT jit_approve(1);
EXECUTE sure;
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT status FROM jit.requests;
SELECT count(*) FROM jit.approvals;
-- The approver's own statement, of whatever kind, is one.
SET SESSION AUTHORIZATION jr_bob;
DO $$ BEGIN PERFORM jit_approve(1); END $$;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why') FROM generate_series(1, 5);
SET SESSION AUTHORIZATION jr_bob;
BEGIN \; SELECT jit_approve(2, comment => 'it is ' || lower('SURE')) \; COMMIT;
SELECT * FROM jit_approve(3);
SELECT id, jit_approve(id) FROM jit.pending WHERE requester = 'jr_alice' AND id < 6 ORDER BY id;
SELECT "public"."jit_approve"(6::bigint, NULL, '10 minutes'::interval);
RESET SESSION AUTHORIZATION;
SELECT id, status FROM jit.requests ORDER BY id;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
