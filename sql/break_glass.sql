-- Break-glass: only where every policy allows it, at once, and it is owed a review.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
INSERT INTO jit.policies (name, priority, objects, break_glass, reason_pattern, ticket_required, max_duration) VALUES
  ('emergency', 10, '{shop.orders}', true, '^INC-', true, '1 hour');
INSERT INTO jit.policies (name, priority, objects) VALUES ('items', 20, '{shop.items}');
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON vault.cards', '30 minutes', 'INC-1', 'INC-1', break_glass => true);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.items', '30 minutes', 'INC-1', 'INC-1', break_glass => true);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders, shop.items', '30 minutes', 'INC-1', 'INC-1', break_glass => true);
\echo :SQLSTATE
SELECT jit_request('SELECT ON ALL TABLES IN SCHEMA shop', '30 minutes', 'INC-1', 'INC-1', break_glass => true);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'fire', 'INC-1', break_glass => true);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'INC-1', break_glass => true);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '2 hours', 'INC-1', 'INC-1', break_glass => true);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'INC-1', 'INC-1', starts_at => now() + interval '1 hour', break_glass => true);
\echo :SQLSTATE
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'INC-1', 'INC-1', break_glass => true);
\echo :SQLSTATE
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT count(*) AS requests FROM jit.requests;
-- Rolled back, it never was; what it opened before it was committed was nothing.
SET SESSION AUTHORIZATION jr_alice;
BEGIN;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'INC-1', 'INC-1', break_glass => true);
SELECT count(*) FROM shop.orders;
ROLLBACK;
SELECT count(*) FROM shop.orders;
-- Granted at once: nobody asked, no daemon.
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'INC-1', 'INC-1', break_glass => true) AS id \gset
SELECT count(*) FROM shop.orders;
SELECT status, break_glass, review_owed, expires_at - pushed_at AS duration FROM jit.my_requests;
SELECT jit.review(:id, 'looks fine to me');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_dave;
SELECT jit.review(:id, 'who am I');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
SELECT jit.review(:id, 'who am I');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bob;
SELECT jit.review(:id, NULL);
\echo :SQLSTATE
SELECT jit.review(:id, '  ');
\echo :SQLSTATE
SELECT jit.review(NULL, 'fine');
\echo :SQLSTATE
SELECT jit.review(:id, 'the fire was real');
SELECT jit.review(:id, 'again');
\echo :SQLSTATE
SELECT review_owed, reviewed_by, review FROM jit.visible_requests;
SELECT jit_revoke(:id, 'out');
SET SESSION AUTHORIZATION jr_alice;
SELECT count(*) FROM shop.orders;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
