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
RESET SESSION AUTHORIZATION;
SELECT status FROM jit.requests;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
