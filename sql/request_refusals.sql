-- Access that cannot be had: each refusal has its SQLSTATE, points at the place, says what to do, and changes nothing.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE SEQUENCE shop.numbers;
CREATE TYPE shop.pair AS (a integer, b integer);
CREATE FOREIGN DATA WRAPPER jr_nothing;
CREATE SERVER jr_nowhere FOREIGN DATA WRAPPER jr_nothing;
CREATE FOREIGN TABLE shop.far (line text) SERVER jr_nowhere;
CREATE SCHEMA closed;
CREATE TABLE closed.door (id integer);
SET SESSION AUTHORIZATION jr_alice;
-- The grammar.
SELECT jit_request('', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT FROM shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders; SELECT ON shop.items', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders;', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('ALL', '30 minutes', 'why');
\echo :SQLSTATE
-- Ways out of the frame that the text is put into.
SELECT jit_request('SELECT ON shop.orders TO jr_alice --', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders TO jr_alice; GRANT SELECT ON shop.items', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders TO jr_alice; DROP TABLE shop.items; GRANT jr_bob', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders TO jr_alice,', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders TO jr_alice WITH GRANT OPTION /*', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders TO jr_alice $x$', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop."orders', '30 minutes', 'why');
\echo :SQLSTATE
-- Privileges.
SELECT jit_request('SELCT ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('USAGE ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('ALL (id) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('DELETE (id) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('EXPORT (id) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('EXPLAIN (id) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
-- Not supported: refused, never ignored.
SELECT jit_request('TRUNCATE (customer) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('TRUNCATE ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('MAINTAIN ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('DDL ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('jr_bob', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', row_filter => 'id = 1');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', max_rows => 5);
\echo :SQLSTATE
-- Objects.
SELECT jit_request('SELECT ON shop.ordrs', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shpo.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON elsewhere.shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON ALL TABLES IN SCHEMA shpo', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT (nmae) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT (id) ON shop.orders, shop.items', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT (ctid) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT (id) ON ALL TABLES IN SCHEMA shop', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON closed.door', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON ALL TABLES IN SCHEMA closed', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON pg_catalog.pg_authid', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON pg_class', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON information_schema.tables', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON ALL TABLES IN SCHEMA pg_catalog', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('INSERT ON jit.grants', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON ALL TABLES IN SCHEMA jit', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.numbers', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.orders_pkey', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.pair', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON shop.far', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('USAGE ON SCHEMA shop', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('EXECUTE ON FUNCTION shop.f()', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON SEQUENCE shop.numbers', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('SELECT ON ALL SEQUENCES IN SCHEMA shop', '30 minutes', 'why');
\echo :SQLSTATE
CREATE TEMP TABLE mine (id integer);
SELECT jit_request('SELECT ON mine', '30 minutes', 'why');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT count(*) AS requests FROM jit.requests;
SET client_min_messages = warning;
DROP SCHEMA closed CASCADE;
DROP FOREIGN DATA WRAPPER jr_nothing CASCADE;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
