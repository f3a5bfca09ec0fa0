-- Several approvers, of several roles, and what is still true when the grant is pushed.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
INSERT INTO jit.policies (name, priority, objects, approvals, approver) VALUES
  ('two of us', 10, '{shop.orders}', 2, 'jit_approver'), ('security', 20, '{shop.items}', 1, 'jr_security');
GRANT jr_security TO jr_dave, jr_carol;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'two of one role');
SELECT jit_request('SELECT ON shop.orders, shop.items', '30 minutes', 'two of one role, one of another');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(1, 'fine', '20 minutes');
SELECT jit_approve(1, 'twice');
\echo :SQLSTATE
SELECT id, approvals_given, approvals_needed FROM jit.visible_requests WHERE id = 1;
SELECT id FROM jit.pending ORDER BY id;
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(1, 'longer than bob said', '25 minutes');
\echo :SQLSTATE
SELECT jit_approve(1, 'shorter still', '10 minutes');
-- One person counts for each role they are in, once.
SET SESSION AUTHORIZATION jr_dave;
SELECT jit_approve(2);
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(2);
SET SESSION AUTHORIZATION jr_carol;
SELECT approvals_given, approvals_needed, approver_roles FROM jit.visible_requests WHERE id = 2;
SELECT jit_approve(2);
-- One deny is enough, even from somebody who approved.
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'changed mind');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(3);
SELECT jit_deny(3, 'on second thoughts');
RESET SESSION AUTHORIZATION;
SELECT decision, comment FROM jit.approvals WHERE request_id = 3;
-- An approver who left between decision and push no longer counts.
REVOKE jit_approver FROM jr_bob;
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
SELECT count(*) AS grants FROM jit.grants;
SELECT id, status, decided_at IS NULL AS undecided FROM jit.requests WHERE id < 3 ORDER BY id;
GRANT jit_approver TO jr_amy;
SET SESSION AUTHORIZATION jr_amy;
SELECT jit_approve(1);
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
SELECT request_id, relation, expires_at - starts_at AS duration FROM jit.grants;
-- A rule made stricter between decision and push counts at the push; so does a deny, and a shorter maximum.
GRANT jit_approver TO jr_bob;
UPDATE jit.policies SET approvals = 1;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'stricter');
SELECT jit_request('SELECT ON shop.items', '30 minutes', 'denied');
SELECT jit_request('SELECT ON vault.cards', '8 hours', 'shorter');
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(id) FROM generate_series(4, 6) AS id;
RESET SESSION AUTHORIZATION;
UPDATE jit.policies SET approvals = 3 WHERE name = 'two of us';
UPDATE jit.policies SET verdict = 'deny' WHERE name = 'security';
INSERT INTO jit.policies (name, priority, objects, max_duration) VALUES ('short', 1, '{vault.*}', '1 hour');
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due() WHERE request_id > 3;
RESET SESSION AUTHORIZATION;
SELECT request_id, relation, expires_at - starts_at AS duration FROM jit.grants WHERE request_id > 3;
SELECT id, status, end_reason FROM jit.requests WHERE id > 3 ORDER BY id;
-- No one needs to be asked where a policy says so; it is decided at once, and pushed like any other.
INSERT INTO jit.policies (name, priority, objects, approvals) VALUES ('free', 0, '{shop.big_orders}', 0);
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.big_orders', '30 minutes', 'free');
SELECT status, policy, decided_at IS NOT NULL AS decided FROM jit.my_requests WHERE id = 7;
SELECT count(*) FROM shop.big_orders;
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SET SESSION AUTHORIZATION jr_alice;
SELECT count(*) FROM shop.big_orders;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
