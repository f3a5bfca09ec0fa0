-- What a request would meet, before it is filed.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
\pset null '(null)'
\x on
INSERT INTO jit.policies (name, priority, privileges, objects, max_duration, approvals, approver, reason_pattern, ticket_required, break_glass, lapse_after) VALUES
  ('writes', 10, '{INSERT,UPDATE,DELETE}', '{shop.*}', '1 hour', 2, 'jr_security', '^INC-', true, false, '30 minutes'),
  ('items', 20, NULL, '{shop.items}', '2 hours', 0, 'jit_approver', NULL, false, true, NULL);
INSERT INTO jit.policies (name, priority, objects, verdict) VALUES ('cards', 5, '{vault.*}', 'deny');
SET SESSION AUTHORIZATION jr_alice;
SELECT * FROM jit.request_preview('SELECT (id, total), UPDATE (status) ON shop.orders');
SELECT * FROM jit.request_preview(access => 'SELECT ON shop.items');
SELECT * FROM jit.request_preview('SELECT ON vault.cards');
SELECT * FROM jit.request_preview('SELECT ON ALL TABLES IN SCHEMA shop');
SELECT * FROM jit.request_preview(statement => 'SELECT o.total, i.article FROM shop.orders o JOIN shop.items i ON i.order_id = o.id');
SELECT access, objects->0->>'kind' AS kind FROM jit.request_preview('SELECT ON shop.big_orders');
\x off
-- Nothing is filed.
SELECT count(*) FROM jit.my_requests;
-- One of the two; errors are those of asking.
SELECT * FROM jit.request_preview();
\echo :SQLSTATE
SELECT * FROM jit.request_preview('SELECT ON shop.orders', 'SELECT 1');
\echo :SQLSTATE
SELECT * FROM jit.request_preview('SELECT ON shop.order');
\echo :SQLSTATE
SELECT * FROM jit.request_preview('FLY ON shop.orders');
\echo :SQLSTATE
SELECT * FROM jit.request_preview(statement => 'SELECT 1');
\echo :SQLSTATE
-- For requesters; for others, delegates.
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM jit.request_preview('SELECT ON shop.orders');
\echo :SQLSTATE
SELECT * FROM jit.request_preview('SELECT ON shop.orders', requester => 'jr_alice');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
CREATE ROLE jr_bot LOGIN IN ROLE jit_delegate;
SET SESSION AUTHORIZATION jr_bot;
SELECT * FROM jit.request_preview('SELECT ON shop.orders');
\echo :SQLSTATE
SELECT access, policies, approvals_needed, approver_roles, break_glass FROM jit.request_preview('SELECT ON shop.items', requester => 'jr_alice');
SELECT * FROM jit.request_preview('SELECT ON items', requester => 'jr_alice');
\echo :SQLSTATE
SELECT * FROM jit.request_preview(statement => 'SELECT * FROM shop.items', requester => 'jr_alice');
\echo :SQLSTATE
SELECT * FROM jit.request_preview('SELECT ON shop.items', requester => 'jr_dave');
\echo :SQLSTATE
SELECT * FROM jit.preview_of('x', '[]', NULL);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
