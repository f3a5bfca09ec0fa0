-- jit_request_for asks for the least that a statement needs.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE TABLE shop.parts (id integer, note text) PARTITION BY RANGE (id);
CREATE TABLE shop.parts_low PARTITION OF shop.parts FOR VALUES FROM (0) TO (100);
CREATE TABLE shop.open_to_all (id integer);
GRANT SELECT ON shop.open_to_all TO PUBLIC;
CREATE FOREIGN DATA WRAPPER jr_nothing;
CREATE SERVER jr_nowhere FOREIGN DATA WRAPPER jr_nothing;
CREATE FOREIGN TABLE shop.far (line text) SERVER jr_nowhere;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request_for('SELECT o.total FROM shop.orders o JOIN shop.items i ON i.order_id = o.id', '10 minutes', 'why');
SELECT access, asked, statement FROM jit.my_requests;
RESET SESSION AUTHORIZATION;
CREATE FUNCTION shop.asks_for(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  PERFORM public.jit_request_for(statement, '10 minutes', 'why');
  SELECT r.access INTO result FROM jit.my_requests r ORDER BY r.id DESC LIMIT 1;
  RETURN result;
END
$$;
SET SESSION AUTHORIZATION jr_alice;
SET search_path = shop, public;
SELECT asks_for('SELECT id FROM orders WHERE total > $1 AND customer = $2');
SELECT asks_for('SELECT * FROM orders');
SELECT asks_for('SELECT o FROM orders o');
SELECT asks_for('SELECT count(*) FROM orders');
SELECT asks_for('SELECT 1 WHERE EXISTS (SELECT FROM items WHERE "Unit Price" > 1)');
SELECT asks_for('WITH c AS (SELECT id, number FROM vault.cards) SELECT o.id FROM orders o, c WHERE o.id = c.id AND c.number IN (SELECT article FROM items)');
SELECT asks_for('INSERT INTO orders (id, status) VALUES (3, $1)');
SELECT asks_for('INSERT INTO orders (id) VALUES (3) RETURNING total');
SELECT asks_for('INSERT INTO orders (id, total) SELECT order_id, "Unit Price" FROM items ON CONFLICT (id) DO UPDATE SET total = excluded.total');
SELECT asks_for('UPDATE orders SET status = ''x'' WHERE id = 1');
SELECT asks_for('DELETE FROM orders');
SELECT asks_for('DELETE FROM orders WHERE id = 1');
SELECT asks_for('MERGE INTO orders o USING items i ON o.id = i.order_id WHEN MATCHED THEN UPDATE SET total = i."Unit Price" WHEN NOT MATCHED THEN INSERT (id) VALUES (i.order_id)');
SELECT asks_for('SELECT id FROM orders FOR UPDATE');
SELECT asks_for('SELECT id FROM big_orders');
SELECT asks_for('SELECT note FROM parts WHERE id < 5');
SELECT asks_for('EXPLAIN (ANALYZE, COSTS off) SELECT status FROM orders');
SELECT asks_for('COPY orders (id, total) TO STDOUT');
SELECT asks_for('COPY items TO STDOUT WITH (FORMAT csv)');
SELECT asks_for('COPY (SELECT id FROM orders) TO STDOUT');
SELECT asks_for('SELECT id FROM open_to_all JOIN orders USING (id)');
-- Refusals.
SELECT count(*) AS filed FROM jit.my_requests;
SELECT jit_request_for(NULL, '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT 1; SELECT 2', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELEC id FROM orders', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT id FROM ordrs', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT nmae FROM orders', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT id FROM open_to_all', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT 1', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('EXPLAIN SELECT id FROM orders', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT rolpassword FROM pg_authid', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT line FROM far', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT id FROM jit.requests', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT id INTO copied FROM orders', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('CREATE TABLE copied AS SELECT id FROM orders', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('TRUNCATE orders', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('COPY orders FROM STDIN', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('COPY orders TO PROGRAM ''cat''', '10 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request_for('SELECT id FROM orders', '10 minutes', 'why', row_filter => 'true');
\echo :SQLSTATE
SELECT count(*) AS filed FROM jit.my_requests;
-- Working it out leaves no lock on the tables.
BEGIN;
SELECT asks_for('UPDATE orders SET status = ''y''');
SELECT count(*) AS locks FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'shop.orders'::regclass;
ROLLBACK;
RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
DROP FOREIGN DATA WRAPPER jr_nothing CASCADE;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
