-- Time: requests lapse, grants start and end, and it shows whether or not a daemon runs.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'lapses');
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'expires');
SELECT jit_request('SELECT ON shop.items', '30 minutes', 'starts later', starts_at => now() + interval '1 hour');
SELECT jit_request('SELECT ON shop.items', '30 minutes', 'asked for a start that passed before it was decided', starts_at => now() + interval '1 hour');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(id) FROM generate_series(2, 4) AS id;
RESET SESSION AUTHORIZATION;
-- The clock of a test is the table.
UPDATE jit.requests SET lapse_at = clock_timestamp() - interval '1 second' WHERE id = 1;
UPDATE jit.requests SET starts_at = clock_timestamp() - interval '1 second' WHERE id = 4;
SELECT id, status FROM jit.requests WHERE id = 1;
SELECT id, status FROM jit.visible_requests WHERE id = 1;
SET SESSION AUTHORIZATION jr_bob;
SELECT id FROM jit.pending;
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_deny(1);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_cancel(1);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
SELECT id, status, pushed_at IS NOT NULL AS pushed, expires_at - greatest(starts_at, pushed_at) AS duration FROM jit.requests ORDER BY id;
SELECT jit.next_due() = (SELECT least(min(starts_at) FILTER (WHERE status = 'approved'), min(expires_at) FILTER (WHERE status = 'active')) FROM jit.requests) AS next_is_the_first_end;
SET SESSION AUTHORIZATION jr_alice;
SELECT id, status FROM jit.my_requests ORDER BY id;
SELECT request_id, relation FROM jit.active_grants ORDER BY 1;
SELECT count(*) FROM shop.orders;
-- Over: it shows at once, and the daemon writes it down once.
RESET SESSION AUTHORIZATION;
UPDATE jit.grants SET expires_at = clock_timestamp() WHERE request_id = 2;
UPDATE jit.requests SET expires_at = clock_timestamp() WHERE id = 2;
SET SESSION AUTHORIZATION jr_alice;
SELECT id, status FROM jit.my_requests WHERE id = 2;
SELECT request_id, relation FROM jit.active_grants ORDER BY 1;
SELECT count(*) FROM shop.orders;
SELECT jit_revoke(2);
\echo :SQLSTATE
SELECT jit_extend(2, '10 minutes', 'more');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SELECT * FROM jit.run_due();
-- A start that has come.
RESET SESSION AUTHORIZATION;
UPDATE jit.grants SET starts_at = clock_timestamp() WHERE request_id = 3;
UPDATE jit.requests SET starts_at = clock_timestamp() WHERE id = 3;
SELECT status FROM jit.requests WHERE id = 3;
SELECT status FROM jit.visible_requests WHERE id = 3;
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
-- A future start can be handed back.
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON vault.cards', '30 minutes', 'starts later', starts_at => now() + interval '1 hour');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(5);
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_revoke(5);
RESET SESSION AUTHORIZATION;
SELECT revoked_at IS NOT NULL AS revoked FROM jit.grants WHERE request_id = 5;
-- Nothing pending, nothing running: nothing due.
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_revoke(3);
SELECT jit_revoke(4);
SET SESSION AUTHORIZATION jr_coord;
SELECT jit.next_due();
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
