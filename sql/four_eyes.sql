-- Nobody decides on their own request, and nobody decides who may not.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
GRANT jit_requester TO jr_bob;             -- asks and decides
GRANT jit_requester TO CURRENT_USER;       -- a superuser who asks
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_deny(1);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT jit_approve(2);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT jit_approve(3);
\echo :SQLSTATE
-- Not with another role either: the login counts.
GRANT jr_carol TO jr_bob;
SET SESSION AUTHORIZATION jr_bob;
SET ROLE jr_carol;
SELECT jit_approve(2);
\echo :SQLSTATE
RESET ROLE;
-- Nor in a function that runs with somebody else's rights: an approver who calls it has not decided anything.
RESET SESSION AUTHORIZATION;
GRANT CREATE ON SCHEMA shop TO jr_alice;
SET SESSION AUTHORIZATION jr_alice;
CREATE FUNCTION shop.report() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT public.jit_approve(1)';
SET SESSION AUTHORIZATION jr_carol;
SELECT shop.report();
\echo :SQLSTATE
-- Who is nobody in particular does not even learn that it exists; the coordinator and the auditor see, and decide nothing.
SET SESSION AUTHORIZATION jr_dave;
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_deny(1);
\echo :SQLSTATE
SELECT jit_revoke(1);
\echo :SQLSTATE
SELECT jit_cancel(1);
\echo :SQLSTATE
SELECT jit_extend(1, '1 hour', 'why');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_deny(1);
\echo :SQLSTATE
SELECT jit_revoke(1);
\echo :SQLSTATE
SELECT jit_cancel(1);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_audit;
SELECT jit_approve(1);
\echo :SQLSTATE
-- NULL, and numbers that are nobody's.
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(NULL);
\echo :SQLSTATE
SELECT jit_deny(NULL);
\echo :SQLSTATE
SELECT jit_revoke(NULL);
\echo :SQLSTATE
SELECT jit_cancel(NULL);
\echo :SQLSTATE
SELECT jit_approve(99);
\echo :SQLSTATE
SELECT jit_revoke(-1);
\echo :SQLSTATE
-- May shorten, never lengthen.
SELECT jit_approve(1, 'longer', '31 minutes');
\echo :SQLSTATE
SELECT jit_approve(1, 'none', '0');
\echo :SQLSTATE
SELECT jit_approve(1, 'back', '-5 minutes');
\echo :SQLSTATE
SELECT jit_revoke(1);
\echo :SQLSTATE
SELECT jit_cancel(1);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT id, status, approved_duration FROM jit.requests ORDER BY id;
SELECT count(*) AS approvals FROM jit.approvals;
-- Decided once.
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(1, 'fine', '5 minutes');
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_deny(1);
\echo :SQLSTATE
SELECT jit_deny(2, 'no');
SELECT jit_approve(2);
\echo :SQLSTATE
SELECT jit_deny(2);
\echo :SQLSTATE
SELECT jit_revoke(2);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_cancel(1);
\echo :SQLSTATE
SELECT jit_extend(1, '10 minutes', 'why');
\echo :SQLSTATE
SELECT approver, decision, comment, duration FROM jit.request_approvals(1);
RESET SESSION AUTHORIZATION;
SELECT request_id, approver, decision, comment, duration FROM jit.approvals ORDER BY 1;
-- Handing back, taking back.
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_revoke(1, 'not needed after all');
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT jit_cancel(4);
SELECT jit_cancel(4);
\echo :SQLSTATE
SELECT id, status, ended_by, end_reason FROM jit.my_requests ORDER BY id;
-- A policy made after the request counts; so does a requester who is one no longer.
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
RESET SESSION AUTHORIZATION;
INSERT INTO jit.policies (name, verdict) VALUES ('closed today', 'deny');
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(5);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
UPDATE jit.policies SET verdict = 'allow', approver = 'jr_security', max_duration = '10 minutes';
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(5);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
GRANT jr_security TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
SELECT id FROM jit.pending;
RESET SESSION AUTHORIZATION;
REVOKE jit_requester FROM jr_alice;
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(5);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
GRANT jit_requester TO jr_alice;
GRANT jr_security TO jr_carol;
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(5);
RESET SESSION AUTHORIZATION;
SELECT status, approved_duration, policy FROM jit.requests WHERE id = 5;
REVOKE jit_requester FROM CURRENT_USER;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
