-- jit_extend: a new request; approved, the access runs on without a gap, and never further ahead than one request could.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT (id) ON shop.orders', '6 hours', 'first', 'INC-1', client_addr => '10.0.0.0/8', session_only => true);
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(1);
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_extend(1, NULL, 'more');
\echo :SQLSTATE
SELECT jit_extend(1, '0', 'more');
\echo :SQLSTATE
SELECT jit_extend(1, '9 hours', 'more');
\echo :SQLSTATE
SELECT jit_extend(1, '1 hour', '');
\echo :SQLSTATE
SELECT jit_extend(1, '1 hour', NULL);
\echo :SQLSTATE
SELECT jit_extend(NULL, '1 hour', 'more');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_extend(1, '1 hour', 'not mine');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_alice;
SELECT count(*) FROM jit.my_requests;
SELECT jit_extend(1, '1 hour', 'more');
SELECT jit_extend(1, '8 hours', 'much more');
SELECT id, access, duration, reason, ticket, status, session_only, client_addr, extends FROM jit.my_requests ORDER BY id;
SELECT jit_approve(2);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(2);
SELECT jit_approve(3);
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
SELECT g.request_id, g.relation, g.columns, g.client_addr, g.session_pid = first.session_pid AS same_session,
       g.starts_at < first.expires_at AS no_gap,
       g.request_id = 1 OR g.expires_at > first.expires_at AS longer,
       date_trunc('minute', g.expires_at - first.starts_at) AS reaches
FROM jit.grants g, (SELECT * FROM jit.grants WHERE request_id = 1) first ORDER BY 1;
-- Revoking what was extended revokes the extensions.
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_extend(2, '1 hour', 'and more');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_revoke(1, 'enough');
SELECT id, status, ended_by, end_reason FROM jit.visible_requests ORDER BY id;
RESET SESSION AUTHORIZATION;
SELECT count(*) FILTER (WHERE revoked_at IS NULL) AS live FROM jit.grants;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
