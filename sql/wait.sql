-- jit_wait in one session: what is decided is answered at once, what cannot be decided is refused.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_wait(NULL);
\echo :SQLSTATE
SELECT jit_wait(1, NULL);
\echo :SQLSTATE
SELECT jit_wait(1);
\echo :SQLSTATE
BEGIN;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT jit_wait(1);
\echo :SQLSTATE
ROLLBACK;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT jit_wait(2, '0');
SELECT jit_wait(2, '120 milliseconds');
SELECT jit_wait(2, '-1 second');
\echo :SQLSTATE
SELECT jit_wait(2, '178000000 years');
\echo :SQLSTATE
SET statement_timeout = '100ms';
SELECT jit_wait(2);
\echo :SQLSTATE
RESET statement_timeout;
-- Who may not see it does not learn of it.
SET SESSION AUTHORIZATION jr_dave;
SELECT jit_wait(2);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_amy;
SELECT jit_wait(2);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_audit;
SELECT jit_wait(2, '0');
SET SESSION AUTHORIZATION jr_coord;
SELECT jit_wait(2, '0');
-- Approved, with nobody to push it: the answer does not keep one waiting for the whole five minutes.
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(2);
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_wait(2);
SET SESSION AUTHORIZATION jr_coord;
SELECT event FROM jit.run_due();
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_wait(2);
SELECT jit_revoke(2);
SELECT jit_wait(2);
-- The clock counts, not what the daemon has written down.
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
RESET SESSION AUTHORIZATION;
UPDATE jit.requests SET lapse_at = clock_timestamp() WHERE id = 3;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_wait(3);
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
