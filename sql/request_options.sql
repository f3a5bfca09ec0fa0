-- Duration, reason, ticket and the other options: what each refuses, and that nothing is filed then.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request(NULL, '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', NULL, 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', NULL);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', E' \n\t ');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', repeat('x', 4001));
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', E'fine \x1b[2Jnot fine');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', ticket => E'INC\b');
\echo :SQLSTATE
SELECT jit_request(E'SELECT ON shop.orders /* \x1b[2J */', '30 minutes', 'why');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
CREATE TABLE shop.U&"bell\0007" (id integer);
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.U&"bell\0007"', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '0', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '-1 second', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '1 month -31 days', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '8 hours 1 microsecond', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '1 month', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '178000000 years', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', starts_at => now() - interval '1 second');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', starts_at => 'infinity');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', starts_at => now() + interval '2 years');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', session_only => NULL);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', break_glass => NULL);
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', break_glass => true);
\echo :SQLSTATE
-- Who may ask: the session's user, member of jit_requester.
RESET SESSION AUTHORIZATION;
GRANT jr_alice TO jr_dave;
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
CREATE ROLE jr_root SUPERUSER;
SET SESSION AUTHORIZATION jr_root;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT count(*) AS requests, (SELECT last_value FROM jit.requests_id_seq) AS next_id FROM jit.requests;
-- SET ROLE changes who looks names up, not who asks: the request is that of the login.
SET SESSION AUTHORIZATION jr_dave;
SET ROLE jr_alice;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT requester, status FROM jit.visible_requests;
RESET ROLE;
-- What is kept.
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '1 day -17 hours', E'two\nlines', '  INC-1 ', session_only => true, client_addr => '10.0.0.0/8');
SELECT id, duration, reason, ticket, session_only, client_addr, status, starts_at IS NULL AS at_once, lapse_at - created_at AS lapses
FROM jit.my_requests;
RESET SESSION AUTHORIZATION;
SELECT session_pid = pg_backend_pid() AS this_session, session_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS started
FROM jit.requests WHERE session_only;
-- Months have no fixed length: what is stored has, and is what was compared with the maximum.
INSERT INTO jit.policies (name, max_duration) VALUES ('long', '45 days');
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.orders', '1 month 2 hours', 'why');
SELECT duration FROM jit.my_requests ORDER BY id DESC LIMIT 1;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
