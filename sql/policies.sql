-- Which policies a request meets, and what they say together.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
GRANT jr_staff TO jr_amy;
CREATE FUNCTION shop.ask(access text, duration interval DEFAULT '10 minutes', reason text DEFAULT 'why', ticket text DEFAULT NULL)
RETURNS TABLE (status text, policy text, needed integer, approvers name[]) LANGUAGE plpgsql AS $$
DECLARE
  filed bigint := public.jit_request(access, duration, reason, ticket);
BEGIN
  RETURN QUERY SELECT r.status, r.policy, r.approvals_needed, r.approver_roles FROM jit.my_requests r WHERE r.id = filed;
END
$$;
CREATE TABLE shop.parts (id integer) PARTITION BY RANGE (id);
CREATE TABLE vault.parts_low PARTITION OF shop.parts FOR VALUES FROM (0) TO (100);
CREATE TABLE shop.ancestor (id integer);
CREATE TABLE vault.descendant (secret text) INHERITS (shop.ancestor);
CREATE SCHEMA empty;
GRANT USAGE ON SCHEMA empty TO PUBLIC;
INSERT INTO jit.policies (name, priority, requester, privileges, objects, max_duration, approvals, approver, verdict, reason_pattern, ticket_required, lapse_after)
VALUES ('no secrets', 10, NULL, NULL, '{vault.*}', NULL, 1, 'jit_approver', 'deny', NULL, false, NULL),
       ('staff reads', 20, 'jr_staff', '{select}', '{shop.ord*}', '2 hours', 0, 'jit_approver', 'allow', NULL, false, NULL),
       ('items', 30, NULL, NULL, '{shop.items}', '1 hour', 2, 'jr_security', 'allow', '^INC-[0-9]+', true, '1 hour'),
       ('shop', 40, NULL, '{ALL}', '{shop.*}', '4 hours', 1, 'jit_approver', 'allow', NULL, false, '3 hours');
SELECT name, privileges FROM jit.policies ORDER BY priority;
-- First match by priority; by requester, by privilege, by object.
SET SESSION AUTHORIZATION jr_alice;
SET search_path = shop, public;
SELECT * FROM ask('SELECT ON orders');
SELECT * FROM ask('EXPORT ON orders');
SELECT * FROM ask('SELECT ON items', reason => 'INC-1 why', ticket => 'INC-1');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION jr_amy;
SET search_path = shop, public;
-- what nobody has to allow, no function asks for in one's name
SELECT * FROM ask('SELECT ON orders');
SELECT jit_request('SELECT ON orders', '10 minutes', 'why') IS NOT NULL AS asked;
SELECT status, policy, approvals_needed AS needed, approver_roles AS approvers FROM jit.my_requests ORDER BY id DESC LIMIT 1;
SELECT * FROM ask('SELECT, UPDATE ON orders');
-- Bundling weakens no rule: every object and privilege brings its own.
SELECT * FROM ask('SELECT ON orders, items', reason => 'INC-1', ticket => 'INC-1');
SELECT * FROM ask('SELECT ON orders, items', ticket => 'INC-1');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON orders, items', reason => 'INC-1');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON orders, items', reason => 'INC-1', ticket => '  ');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON orders, items', '61 minutes', 'INC-1', 'INC-1');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON orders', '121 minutes');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON orders, vault.cards');
\echo :SQLSTATE
-- A table stands for its partitions and children, and they for it.
SELECT * FROM ask('SELECT ON parts');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON ancestor');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON vault.descendant');
\echo :SQLSTATE
-- A whole schema meets every policy that touches it, and what relatives of its tables meet.
SELECT * FROM ask('SELECT ON ALL TABLES IN SCHEMA vault');
\echo :SQLSTATE
SELECT * FROM ask('SELECT ON ALL TABLES IN SCHEMA shop', reason => 'INC-1', ticket => 'INC-1');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
DROP TABLE vault.parts_low, vault.descendant;
SET SESSION AUTHORIZATION jr_amy;
SELECT * FROM ask('SELECT ON ALL TABLES IN SCHEMA shop', reason => 'INC-1', ticket => 'INC-1');
SELECT * FROM ask('SELECT ON ALL TABLES IN SCHEMA empty');
SELECT * FROM ask('SELECT ON ALL TABLES IN SCHEMA shop, vault', reason => 'INC-1', ticket => 'INC-1');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
-- A policy that covers the schema hides those behind it, but none before it.
UPDATE jit.policies SET priority = 25 WHERE name = 'shop';
SET SESSION AUTHORIZATION jr_amy;
SELECT * FROM ask('SELECT ON ALL TABLES IN SCHEMA shop');
RESET SESSION AUTHORIZATION;
-- Names that look like globs, dots in names, and letters of several bytes.
CREATE TABLE shop."it*ms" (id integer);
CREATE TABLE shop."or.ders" (id integer);
CREATE TABLE shop."größe" (id integer);
DELETE FROM jit.policies;
INSERT INTO jit.policies (name, priority, objects, verdict) VALUES
  ('one letter', 1, '{shop.gr??e}', 'deny'), ('star', 2, '{shop.it*}', 'deny'), ('dots', 3, '{shop.or?ders}', 'deny');
SET SESSION AUTHORIZATION jr_alice;
SELECT * FROM ask('SELECT ON "größe"');
SELECT * FROM ask('SELECT ON "it*ms"');
SELECT * FROM ask('SELECT ON "or.ders"');
SELECT * FROM ask('SELECT ON orders');
RESET SESSION AUTHORIZATION;
SELECT pattern, name, jit.glob_match(pattern, name)
FROM (VALUES ('*', ''), ('', ''), ('', 'a'), ('?', ''), ('?', 'ü'), ('??', 'ü'), ('a*b*c', 'aXXbXXbc'), ('a*b*c', 'aXXbXXb'),
             ('**', 'x'), ('*x', 'xyx'), ('A', 'a'), ('[a]', 'a')) AS t (pattern, name);
-- Hours: outside of them the policy is not there.
SELECT hours, at, jit.within_hours(hours, at::timestamptz)
FROM (VALUES ('Mon-Fri 08:00-18:00 UTC', '2024-01-05 17:59 UTC'), ('Mon-Fri 08:00-18:00 UTC', '2024-01-05 18:00 UTC'),
             ('Mon-Fri 08:00-18:00 UTC', '2024-01-06 12:00 UTC'), ('08:00-18:00 Europe/Berlin', '2024-01-05 07:30 UTC'),
             ('Fri 22:00-06:00 UTC', '2024-01-06 05:59 UTC'), ('Fri 22:00-06:00 UTC', '2024-01-05 05:59 UTC'),
             ('Sat,Sun 00:00-24:00 UTC', '2024-01-07 23:59 UTC'), ('fri-mon 00:00-24:00 UTC', '2024-01-08 12:00 UTC'),
             ('Fri-Mon 00:00-24:00 UTC', '2024-01-09 12:00 UTC')) AS t (hours, at);
-- What a session sets does not move the hours.
DELETE FROM jit.policies;
INSERT INTO jit.policies (name, approvals, active_hours) VALUES ('never here', 0, (SELECT to_char(h, 'HH24:MI') || '-' || to_char(h + interval '1 hour', 'HH24:MI') || ' UTC' FROM (SELECT (now() AT TIME ZONE 'UTC') + interval '6 hours' AS h) t));
SET SESSION AUTHORIZATION jr_alice;
SET timezone = 'Asia/Tokyo';
SELECT status, policy FROM ask('SELECT ON orders');
SET timezone = 'UTC';
SELECT status, policy FROM ask('SELECT ON orders');
RESET timezone;
RESET SESSION AUTHORIZATION;
-- A policy whose requester role is gone matches nobody; one whose approver role is gone lets nobody approve.
CREATE ROLE jr_gone;
DELETE FROM jit.policies;
INSERT INTO jit.policies (name, priority, requester, approvals) VALUES ('gone', 1, 'jr_gone', 0);
INSERT INTO jit.policies (name, priority, approver) VALUES ('no approver', 2, 'jr_gone');
DROP ROLE jr_gone;
SET SESSION AUTHORIZATION jr_alice;
SELECT * FROM ask('SELECT ON orders');
RESET SESSION AUTHORIZATION;
SELECT max(id) AS id FROM jit.requests \gset
SET SESSION AUTHORIZATION jr_bob;
DO $$ BEGIN PERFORM jit_approve((SELECT max(id) FROM jit.requests)); EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'refused'; END $$;
RESET SESSION AUTHORIZATION;
DROP SCHEMA empty;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
