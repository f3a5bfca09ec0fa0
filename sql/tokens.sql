-- Tokens: who makes them, for what, how long, and who ends them. (What they open: tests/e2e/test_tokens.py.)
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
\pset null '(null)'
CREATE ROLE jr_bot LOGIN IN ROLE jit_delegate;
CREATE ROLE jr_gate LOGIN IN ROLE jit_gateway;
SET SESSION AUTHORIZATION jr_alice;
SELECT id, token ~ '^jit_[A-Za-z0-9_-]{43}$' AS form, expires_at - clock_timestamp() BETWEEN '29 days' AND '30 days' AS lasts
FROM jit_token_create('ci', ARRAY['request', 'read']);
SELECT id, expires_at - clock_timestamp() < '1 hour' AS lasts FROM jit_token_create('  short  ', '{query,query,approve}', '59 minutes');
SELECT id, name, owner, scopes, last_used_at, revoked_at, revoked_by, status FROM jit.visible_tokens ORDER BY id;
-- The table holds a digest, and is nobody's to read.
SELECT * FROM jit.tokens;
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT id, length(hash), owner_oid = 'jr_alice'::regrole AS owner_by_oid FROM jit.tokens ORDER BY id;
-- What a token must say.
SET SESSION AUTHORIZATION jr_alice;
SELECT * FROM jit_token_create('ci', '{}');
\echo :SQLSTATE
SELECT * FROM jit_token_create('ci', ARRAY['read', 'write']);
\echo :SQLSTATE
SELECT * FROM jit_token_create('ci', ARRAY['read', NULL]);
\echo :SQLSTATE
SELECT * FROM jit_token_create('ci', NULL);
\echo :SQLSTATE
SELECT * FROM jit_token_create(NULL, ARRAY['read']);
\echo :SQLSTATE
SELECT * FROM jit_token_create('  ', ARRAY['read']);
\echo :SQLSTATE
SELECT * FROM jit_token_create(repeat('x', 101), ARRAY['read']);
\echo :SQLSTATE
SELECT * FROM jit_token_create(E'two\nlines', ARRAY['read']);
\echo :SQLSTATE
SELECT * FROM jit_token_create('ci', ARRAY['read'], '0');
\echo :SQLSTATE
SELECT * FROM jit_token_create('ci', ARRAY['read'], '-1 day');
\echo :SQLSTATE
SELECT * FROM jit_token_create('ci', ARRAY['read'], '91 days');
\echo :SQLSTATE
SELECT * FROM jit_token_create('ci', ARRAY['read'], NULL);
\echo :SQLSTATE
-- Whoever has something to do here may have one; no superuser, no gateway, nobody else.
SET SESSION AUTHORIZATION jr_bob;
SELECT id FROM jit_token_create('approver', ARRAY['approve']);
SET SESSION AUTHORIZATION jr_audit;
SELECT id FROM jit_token_create('auditor', ARRAY['read']);
SET SESSION AUTHORIZATION jr_bot;
SELECT id FROM jit_token_create('bot', ARRAY['request']);
SET SESSION AUTHORIZATION jr_dave;
SELECT id FROM jit_token_create('x', ARRAY['read']);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
SELECT id FROM jit_token_create('x', ARRAY['read']);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_gate;
SELECT id FROM jit_token_create('x', ARRAY['read']);
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT id FROM jit_token_create('x', ARRAY['read']);
\echo :SQLSTATE
INSERT INTO jit.policies (name, objects, approver) VALUES ('cards', '{vault.*}', 'jr_security');
GRANT jr_security TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
SELECT id FROM jit_token_create('approver of a policy', ARRAY['approve']);
-- By the session's user alone, in a statement of their own.
SET SESSION AUTHORIZATION jr_amy;
SET SESSION AUTHORIZATION DEFAULT;
GRANT CREATE ON SCHEMA shop TO jr_amy;
GRANT jr_amy TO jr_alice;
SET SESSION AUTHORIZATION jr_amy;
CREATE FUNCTION shop.made() RETURNS text LANGUAGE sql AS $$ SELECT token FROM public.jit_token_create('stolen', ARRAY['query']) $$;
CREATE FUNCTION shop.definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT token FROM public.jit_token_create('stolen', ARRAY['query']) $$;
CREATE VIEW shop.trap AS SELECT token FROM jit_token_create('stolen', ARRAY['query']);
GRANT SELECT ON shop.trap TO PUBLIC;
SET SESSION AUTHORIZATION jr_alice;
SELECT shop.made();
\echo :SQLSTATE
SELECT shop.definer();
\echo :SQLSTATE
SELECT * FROM shop.trap;
\echo :SQLSTATE
SET ROLE jr_amy;
SELECT * FROM jit_token_create('x', ARRAY['read']);
\echo :SQLSTATE
RESET ROLE;
SELECT jit.store_token('x', '{read}', '1 day', '\x00');
\echo :SQLSTATE
SELECT jit.find_token('\x00');
\echo :SQLSTATE
SELECT jit.use_token(1);
\echo :SQLSTATE
-- Each sees their own; approvers and auditors all.
SELECT id, name FROM jit.visible_tokens ORDER BY id;
SET SESSION AUTHORIZATION jr_audit;
SELECT id, name, owner FROM jit.visible_tokens ORDER BY id;
SET SESSION AUTHORIZATION jr_bot;
SELECT id, name FROM jit.visible_tokens ORDER BY id;
-- Revoking.
SET SESSION AUTHORIZATION jr_amy;
SELECT jit_token_revoke(1);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_audit;
SELECT jit_token_revoke(1);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_token_revoke(1);
SELECT jit_token_revoke(1);
SELECT jit_token_revoke(3);
\echo :SQLSTATE
SELECT jit_token_revoke(NULL);
\echo :SQLSTATE
SELECT jit_token_revoke(99);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_token_revoke(2);
RESET SESSION AUTHORIZATION;
SELECT jit_token_revoke(4);
SELECT id, name, owner, revoked_by, status FROM jit.visible_tokens ORDER BY id;
BEGIN;
SELECT jit_token_revoke(5);
PREPARE TRANSACTION 'no';
\echo :SQLSTATE
-- The owner by another name is somebody else, and time passes.
ALTER ROLE jr_bot RENAME TO jr_robot;
UPDATE jit.tokens SET expires_at = now() WHERE id = 3;
SELECT id, status FROM jit.visible_tokens WHERE status = 'expired' ORDER BY id;
-- No more than 100, and none where they are switched off.
SET SESSION AUTHORIZATION jr_amy;
DO $$ BEGIN FOR i IN 1 .. 100 LOOP PERFORM jit_token_create('many', ARRAY['read']); END LOOP; END $$;
SELECT id FROM jit_token_create('one more', ARRAY['read']);
\echo :SQLSTATE
-- No session becomes anybody's but a gateway's own, at its beginning.
SELECT * FROM jit.session_token();
SELECT * FROM jit.token_login();
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_gate;
SELECT * FROM jit.token_login();
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT * FROM jit.token_login();
\echo :SQLSTATE
-- What is in the log, and what is not.
SELECT event, token_id, requester, actor, detail->'name' AS name FROM jit.events
WHERE event LIKE 'token%' AND coalesce(detail->>'name', '') <> 'many' ORDER BY id;
SELECT count(*) FROM jit.audit_log l JOIN jit.tokens t ON l::text LIKE '%' || encode(t.hash, 'hex') || '%';
SET SESSION AUTHORIZATION jr_alice;
SELECT event, token_id, actor FROM jit.events WHERE event LIKE 'token%' ORDER BY id;
SELECT jit.audit_event('token_used', NULL, NULL);
\echo :SQLSTATE
-- The setting that carries a token shows nothing, and is for connections alone.
SHOW jit_access.token;
SET jit_access.token = 'jit_x';
\echo :SQLSTATE
SELECT count(*) FROM pg_settings WHERE name = 'jit_access.token';
RESET SESSION AUTHORIZATION;
ALTER ROLE jr_alice SET jit_access.token = 'jit_x';
\echo :SQLSTATE
ALTER SYSTEM SET jit_access.token = 'jit_x';
\echo :SQLSTATE
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
