-- Access in GRANT syntax: what is accepted, and the one form in which approvers read it.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SET SESSION AUTHORIZATION jr_alice;
SET search_path = shop;
SELECT public.jit_request('SELECT ON orders', '30 minutes', 'why');
SELECT public.jit_request('select, update (status) on shop.orders', '30 minutes', 'why');
SELECT public.jit_request('UPDATE (status, total), SELECT (id), SELECT (customer, id) ON orders', '30 minutes', 'why');
SELECT public.jit_request('SELECT (id), SELECT ON orders', '30 minutes', 'why');
SELECT public.jit_request('ALL ON TABLE orders, items, orders', '30 minutes', 'why');
SELECT public.jit_request('ALL PRIVILEGES ON big_orders', '30 minutes', 'why');
SELECT public.jit_request('explain, EXPORT, delete, InSeRt ON orders', '30 minutes', 'why');
SELECT public.jit_request('SELECT ("Unit Price") ON "items"', '30 minutes', 'why');
SELECT public.jit_request('SELECT ON ALL TABLES IN SCHEMA shop, vault', '30 minutes', 'why');
SELECT public.jit_request('SELECT ON orders -- and nothing else', '30 minutes', 'why');
SELECT public.jit_request(E'  SELECT /* only\n this */ ON\n\torders ', '30 minutes', 'why');
SET quote_all_identifiers = on;
SELECT public.jit_request('SELECT (id) ON orders', '30 minutes', 'why');
RESET quote_all_identifiers;
SELECT id, access FROM jit.my_requests ORDER BY id;
-- One element for each object and distinct column list.
RESET SESSION AUTHORIZATION;
SELECT r.id, o.relation, o.kind, o.privileges, o.privilege_mask, o.columns, o.column_numbers
FROM jit.requests r, jit.objects_of(r.objects) o WHERE r.id IN (2, 3, 5, 9) ORDER BY 1, 2, 5;
-- The objects are those that the requester meant, whoever's they are.
CREATE SCHEMA jr_own AUTHORIZATION jr_alice;
CREATE TABLE jr_own.orders (id integer);
SET SESSION AUTHORIZATION jr_alice;
SET search_path = jr_own, shop;
SELECT public.jit_request('SELECT ON orders', '30 minutes', 'why');
SELECT access FROM jit.my_requests WHERE id = 13;
RESET search_path;
RESET SESSION AUTHORIZATION;
DROP SCHEMA jr_own CASCADE;
-- A partitioned table, a materialized view.
CREATE TABLE shop.parts (id integer) PARTITION BY RANGE (id);
CREATE MATERIALIZED VIEW shop.totals AS SELECT count(*) FROM shop.orders;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('SELECT ON shop.parts, shop.totals', '30 minutes', 'why');
SELECT relation, kind, privileges, columns, present FROM jit.request_objects(14);
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
