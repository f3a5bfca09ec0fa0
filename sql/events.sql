-- What has happened, for whoever follows along.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE ROLE jr_bot LOGIN IN ROLE jit_delegate;
GRANT jr_security TO jr_dave;
INSERT INTO jit.policies (name, priority, objects, approver) VALUES ('cards', 5, '{vault.*}', 'jr_security');
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_bot;
SELECT jit_request_as('jr_amy', 'SELECT ON vault.cards', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(1);
SET SESSION AUTHORIZATION jr_coord;
SELECT event FROM jit.run_due();
-- What a transaction takes back has not happened.
SET SESSION AUTHORIZATION jr_alice;
BEGIN;
SELECT jit_revoke(1);
ROLLBACK;
SELECT count(*) FROM shop.orders;
SELECT jit_revoke(1, 'done');
-- Each sees what concerns them.
SELECT event, request_id, requester, actor, status, access FROM jit.events;
SET SESSION AUTHORIZATION jr_amy;
SELECT event, request_id, requester, actor, detail->>'requested_by' AS requested_by FROM jit.events;
SET SESSION AUTHORIZATION jr_bot;
SELECT event, request_id, requester FROM jit.events;
SET SESSION AUTHORIZATION jr_dave;
SELECT event, request_id, requester FROM jit.events;
SET SESSION AUTHORIZATION jr_bob;
SELECT event, request_id, requester FROM jit.events;
SET SESSION AUTHORIZATION jr_audit;
SELECT event, request_id, actor = session_user AS own FROM jit.events WHERE event = 'policy_changed';
SELECT count(*) = count(DISTINCT id) AS by_id, bool_and(at <= clock_timestamp()) AS past FROM jit.events;
-- On from where one was, and from the end.
SELECT e.event FROM jit.events e WHERE e.id > (SELECT min(f.id) FROM jit.events f WHERE f.event = 'requested') ORDER BY e.id LIMIT 2;
SET SESSION AUTHORIZATION jr_amy;
SELECT count(*) FROM jit.events WHERE id > jit.events_head();
-- No more than the view shows: conditions of the reader's own come after its own.
RESET SESSION AUTHORIZATION;
GRANT CREATE ON SCHEMA shop TO jr_amy;
SET SESSION AUTHORIZATION jr_amy;
CREATE FUNCTION shop.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
  $$ BEGIN IF $1 <> 'jr_amy' THEN RAISE NOTICE 'saw %', $1; END IF; RETURN true; END $$;
SELECT count(*) FROM jit.events WHERE shop.peek(requester::text);
SELECT count(*) FROM jit.audit_log;
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
