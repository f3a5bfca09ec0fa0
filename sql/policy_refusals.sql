-- A policy that cannot mean what it says is refused when it is written.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
INSERT INTO jit.policies (name) VALUES ('  ');
\echo :SQLSTATE
INSERT INTO jit.policies (name, requester) VALUES ('p', 'nobody');
\echo :SQLSTATE
INSERT INTO jit.policies (name, approver) VALUES ('p', 'nobody');
\echo :SQLSTATE
INSERT INTO jit.policies (name, privileges) VALUES ('p', '{SELECT,SELCT}');
\echo :SQLSTATE
INSERT INTO jit.policies (name, privileges) VALUES ('p', '{TRUNCATE}');
\echo :SQLSTATE
INSERT INTO jit.policies (name, privileges) VALUES ('p', '{}');
\echo :SQLSTATE
INSERT INTO jit.policies (name, objects) VALUES ('p', '{}');
\echo :SQLSTATE
INSERT INTO jit.policies (name, objects) VALUES ('p', '{orders}');
\echo :SQLSTATE
INSERT INTO jit.policies (name, objects) VALUES ('p', '{shop.orders,a.b.c}');
\echo :SQLSTATE
INSERT INTO jit.policies (name, objects) VALUES ('p', ARRAY['shop.orders', NULL]);
\echo :SQLSTATE
INSERT INTO jit.policies (name, max_duration) VALUES ('p', '0');
\echo :SQLSTATE
INSERT INTO jit.policies (name, max_duration) VALUES ('p', '11 years');
\echo :SQLSTATE
INSERT INTO jit.policies (name, lapse_after) VALUES ('p', '-1 second');
\echo :SQLSTATE
INSERT INTO jit.policies (name, approvals) VALUES ('p', -1);
\echo :SQLSTATE
INSERT INTO jit.policies (name, approvals) VALUES ('p', NULL);
\echo :SQLSTATE
INSERT INTO jit.policies (name, reason_pattern) VALUES ('p', '(');
\echo :SQLSTATE
INSERT INTO jit.policies (name, active_hours) VALUES ('p', 'office hours');
\echo :SQLSTATE
INSERT INTO jit.policies (name, active_hours) VALUES ('p', 'Mon-Fry 08:00-18:00');
\echo :SQLSTATE
INSERT INTO jit.policies (name, active_hours) VALUES ('p', '08:00-08:00');
\echo :SQLSTATE
INSERT INTO jit.policies (name, active_hours) VALUES ('p', '08:00-25:00');
\echo :SQLSTATE
INSERT INTO jit.policies (name, active_hours) VALUES ('p', '08:00-18:00 Mars/Olympus');
\echo :SQLSTATE
INSERT INTO jit.policies (name, verdict) VALUES ('p', 'maybe');
\echo :SQLSTATE
INSERT INTO jit.policies (name, verdict, break_glass) VALUES ('p', 'deny', true);
\echo :SQLSTATE
INSERT INTO jit.policies (name) VALUES ('p');
UPDATE jit.policies SET objects = '{nonsense}';
\echo :SQLSTATE
SET session_replication_role = replica;
INSERT INTO jit.policies (name, objects) VALUES ('q', '{nonsense}');
\echo :SQLSTATE
RESET session_replication_role;
SELECT * FROM jit.policies;
-- Whoever asks, decides or coordinates does not write them.
SET SESSION AUTHORIZATION jr_bob;
UPDATE jit.policies SET approvals = 0;
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
INSERT INTO jit.policies (name, approvals) VALUES ('mine', 0);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_alice;
SELECT * FROM jit.policies;
\echo :SQLSTATE
-- A DBA may let somebody else keep them; the checks are the same.
RESET SESSION AUTHORIZATION;
GRANT SELECT, INSERT, UPDATE, DELETE ON jit.policies TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
INSERT INTO jit.policies (name, active_hours) VALUES ('hours', 'Mon-Fri 08:00-18:00');
INSERT INTO jit.policies (name, active_hours) VALUES ('no hours', 'never');
\echo :SQLSTATE
DELETE FROM jit.policies WHERE name = 'hours';
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
