-- A delegate asks for others: for requesters only, by their rules, and neither decides nor holds anything itself.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE ROLE jr_bot LOGIN IN ROLE jit_delegate;
CREATE ROLE jr_super SUPERUSER LOGIN IN ROLE jit_requester;
REVOKE USAGE ON SCHEMA vault FROM PUBLIC;
GRANT USAGE ON SCHEMA vault TO jr_amy, jr_bot;
-- Nobody else does: not a requester, not an approver, and no superuser whom nobody has made a delegate.
SET SESSION AUTHORIZATION jr_amy;
SELECT jit_request_as('jr_alice', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_request_as('jr_alice', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT jit_request_as('jr_alice', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bot;
SELECT jit_request_as('jr_alice', 'SELECT ON shop.orders', '30 minutes', 'INC-1: Alice asked in the chat', ticket => 'INC-1');
SELECT id, requester, requested_by, access, asked, ticket, status FROM jit.visible_requests;
SELECT count(*) FROM jit.my_requests;
SELECT jit_wait(1, '0');
-- With the requester's rights, and names that mean the same to everybody.
SELECT jit_request_as('jr_alice', 'SELECT ON vault.cards', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_amy', 'SELECT ON vault.cards', '30 minutes', 'why');
SET search_path = shop, public;
SELECT jit_request_as('jr_alice', 'SELECT ON orders', '30 minutes', 'why');
\echo :SQLSTATE
RESET search_path;
SELECT jit_request_as('jr_alice', 'SELECT ON shop.order', '30 minutes', 'why');
\echo :SQLSTATE
-- For requesters alone.
SELECT jit_request_as('jr_dave', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_nobody', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_bot', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_super', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as(NULL, 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_alice', NULL, '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_alice', 'SELECT ON shop.orders', NULL, 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_alice', 'SELECT ON shop.orders', '30 minutes', '');
\echo :SQLSTATE
SELECT jit_request_as('jr_alice', 'SELECT ON shop.orders', '9 hours', 'why');
\echo :SQLSTATE
-- A delegate that is a requester, too, asks for others only, and nobody asks for it.
RESET SESSION AUTHORIZATION;
GRANT jit_requester TO jr_bot;
SET SESSION AUTHORIZATION jr_bot;
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_as('jr_bot', 'SELECT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
-- One that is an approver decides nothing.
RESET SESSION AUTHORIZATION;
REVOKE jit_requester FROM jr_bot;
GRANT jit_approver TO jr_bot;
SET SESSION AUTHORIZATION jr_amy;
SELECT jit_request('SELECT ON shop.items', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_bot;
SELECT count(*) FROM jit.pending;
SELECT id FROM jit.visible_requests ORDER BY id;
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_deny(1);
\echo :SQLSTATE
SELECT jit_revoke(1);
\echo :SQLSTATE
SELECT jit.review(1, 'fine');
\echo :SQLSTATE
SELECT jit_approve(3);
\echo :SQLSTATE
SELECT jit_wait(3, '0');
\echo :SQLSTATE
SELECT jit_extend(1, '10 minutes', 'why');
\echo :SQLSTATE
-- Nor does it approve what it has filed when it is a delegate no more.
RESET SESSION AUTHORIZATION;
REVOKE jit_delegate FROM jr_bot;
SET SESSION AUTHORIZATION jr_bot;
SELECT id FROM jit.pending ORDER BY id;
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_approve(3);
-- What it has approved counts no longer once it is a delegate.
RESET SESSION AUTHORIZATION;
GRANT jit_delegate TO jr_bot;
SET SESSION AUTHORIZATION jr_coord;
SELECT request_id, event, status, detail FROM jit.run_due();
-- It takes back what it has filed, and nothing else.
SET SESSION AUTHORIZATION jr_bot;
SELECT jit_cancel(2);
SELECT jit_cancel(3);
\echo :SQLSTATE
-- The request is the requester's: granted to them, taken back by them, seen by them.
SET SESSION AUTHORIZATION jr_carol;
SELECT id, requester, requested_by FROM jit.pending ORDER BY id;
SELECT jit_approve(1);
SET SESSION AUTHORIZATION jr_coord;
SELECT request_id, event, status FROM jit.run_due();
SET SESSION AUTHORIZATION jr_bot;
SELECT jit_cancel(1);
\echo :SQLSTATE
SELECT count(*) FROM shop.orders;
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_alice;
SELECT id, requested_by, status FROM jit.my_requests;
SELECT count(*) FROM shop.orders;
SELECT jit_revoke(1);
-- Whoever becomes a delegate loses what they hold.
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SET SESSION AUTHORIZATION jr_carol;
SELECT jit_approve(4);
SET SESSION AUTHORIZATION jr_coord;
SELECT event FROM jit.run_due();
RESET SESSION AUTHORIZATION;
GRANT jit_delegate TO jr_alice;
SET SESSION AUTHORIZATION jr_alice;
SELECT count(*) FROM shop.orders;
\echo :SQLSTATE
SELECT count(*) FROM jit.active_grants;
SET SESSION AUTHORIZATION jr_coord;
SELECT request_id, event, detail FROM jit.run_due();
RESET SESSION AUTHORIZATION;
REVOKE jit_delegate FROM jr_alice;
-- Not on somebody else's behalf, and not past the function.
GRANT CREATE ON SCHEMA shop TO jr_bot;
SET SESSION AUTHORIZATION jr_bot;
CREATE FUNCTION shop.ask() RETURNS bigint LANGUAGE sql SECURITY DEFINER
  AS $$ SELECT public.jit_request_as('jr_alice', 'SELECT ON shop.orders', '30 minutes', 'why') $$;
SET SESSION AUTHORIZATION jr_dave;
SELECT shop.ask();
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_bot;
SELECT jit.file_request('x', 'x', NULL, '[]', '1 hour', 'x', NULL, NULL, false, NULL, false, NULL, 'jr_alice');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
