-- What was approved is bound to objects and roles, not to names: dropped, they revoke; swapped, they do not pass.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE TABLE shop.parts (id integer, note text);
CREATE SCHEMA depot;
GRANT USAGE ON SCHEMA depot TO PUBLIC;
CREATE TABLE depot.shelf (id integer);
CREATE FUNCTION shop.go(access text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN RETURN public.jit_request(access, '30 minutes', 'why'); END $$;
-- Between request and approval.
SET SESSION AUTHORIZATION jr_alice;
SELECT shop.go('SELECT ON shop.orders'), shop.go('SELECT (note) ON shop.parts'), shop.go('SELECT ON ALL TABLES IN SCHEMA depot'), shop.go('SELECT ON shop.big_orders');
RESET SESSION AUTHORIZATION;
ALTER TABLE shop.orders RENAME TO orders_old;
ALTER TABLE vault.cards RENAME TO orders;
ALTER TABLE vault.orders SET SCHEMA shop;
ALTER TABLE shop.parts DROP COLUMN note;
ALTER TABLE shop.parts ADD COLUMN note text;
ALTER SCHEMA depot RENAME TO depot_old;
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(1);
\echo :SQLSTATE
SELECT jit_approve(2);
\echo :SQLSTATE
SELECT jit_approve(3);
\echo :SQLSTATE
SELECT jit_approve(4);
SELECT relation, columns, present FROM jit.request_objects(2);
-- Between approval and push.
RESET SESSION AUTHORIZATION;
DROP VIEW shop.big_orders;
CREATE VIEW shop.big_orders AS SELECT * FROM shop.items;
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
SELECT count(*) AS grants FROM jit.grants;
-- While active: a renamed object is not what was approved, nor is another of its name; dropping it revokes.
SET SESSION AUTHORIZATION jr_alice;
SELECT shop.go('SELECT ON shop.parts'), shop.go('SELECT ON shop.parts, shop.items'), shop.go('SELECT ON ALL TABLES IN SCHEMA depot_old');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(id) FROM generate_series(5, 7) AS id;
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
ALTER TABLE shop.parts RENAME TO pieces;
CREATE TABLE shop.parts (id integer);
SET SESSION AUTHORIZATION jr_alice;
SELECT count(*) FROM shop.pieces;
SELECT count(*) FROM shop.parts;
SELECT request_id, relation FROM jit.active_grants ORDER BY 1, 2;
RESET SESSION AUTHORIZATION;
GRANT CREATE ON SCHEMA shop TO jr_dave;
ALTER TABLE shop.pieces OWNER TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
DROP TABLE shop.pieces;
RESET SESSION AUTHORIZATION;
SELECT id, status, nullif(ended_by, current_user) AS ended_by, end_reason FROM jit.requests WHERE id > 4 ORDER BY id;
SELECT request_id, relation, revoked_at IS NOT NULL AS revoked FROM jit.grants ORDER BY 1, 2;
SET session_replication_role = replica;
DROP SCHEMA depot_old CASCADE;
RESET session_replication_role;
SELECT id, status, nullif(ended_by, current_user) AS ended_by, end_reason FROM jit.requests WHERE id > 4 ORDER BY id;
-- A drop that is rolled back has revoked nothing.
BEGIN;
DROP TABLE shop.items CASCADE;
ROLLBACK;
SELECT id, status FROM jit.requests WHERE id = 6;
-- What the drop could not revoke (see concurrency), the daemon does.
UPDATE jit.grants SET relation_oid = 4294967295 WHERE request_id = 6 AND revoked_at IS NULL;
SELECT * FROM jit.run_due();
-- Who is no longer a requester, or no longer there, has nothing.
SET SESSION AUTHORIZATION jr_alice;
SELECT shop.go('SELECT ON shop.items'), shop.go('SELECT ON shop.items'), shop.go('SELECT ON shop.items');
SET SESSION AUTHORIZATION jr_amy;
SELECT shop.go('SELECT ON shop.items');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(8), jit_approve(11);
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(9);
RESET SESSION AUTHORIZATION;
REVOKE jit_requester FROM jr_alice;
DROP ROLE jr_amy;
SET SESSION AUTHORIZATION jr_alice;
SELECT count(*) FROM shop.items;
SELECT count(*) FROM jit.active_grants;
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
RESET SESSION AUTHORIZATION;
SELECT count(*) FILTER (WHERE revoked_at IS NULL) AS live FROM jit.grants;
-- A copy of the database inherits nothing.
CREATE ROLE jr_ann LOGIN;
GRANT jit_requester TO jr_ann;
SET SESSION AUTHORIZATION jr_ann;
SELECT shop.go('SELECT ON shop.items'), shop.go('SELECT ON shop.items'), shop.go('SELECT ON shop.items');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(12);
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(13);
RESET SESSION AUTHORIZATION;
UPDATE jit.requests SET database_oid = 1 WHERE id > 11;
UPDATE jit.grants SET database_oid = 1 WHERE request_id > 11;
SET SESSION AUTHORIZATION jr_ann;
SELECT count(*) FROM shop.items;
SELECT count(*) FROM jit.active_grants;
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(14);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
-- Nor does who goes by another name.
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM jit.run_due();
SET SESSION AUTHORIZATION jr_ann;
SELECT shop.go('SELECT ON shop.items'), shop.go('SELECT ON shop.items'), shop.go('SELECT ON shop.items');
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(15);
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(16);
RESET SESSION AUTHORIZATION;
ALTER ROLE jr_ann RENAME TO jr_anna;
SET SESSION AUTHORIZATION jr_anna;
SELECT count(*) FROM shop.items;
SELECT count(*) FROM jit.active_grants;
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(17);
\echo :SQLSTATE
SET SESSION AUTHORIZATION jr_coord;
SELECT * FROM jit.run_due();
-- A view that shows something else under its old name and OID is not what was asked for, either.
RESET SESSION AUTHORIZATION;
CREATE VIEW shop.mild AS SELECT 1 AS one FROM shop.items;
GRANT jit_requester TO jr_dave;
BEGIN;
SET SESSION AUTHORIZATION jr_dave;
SELECT jit_request('SELECT ON shop.mild', '30 minutes', 'why') > 4 AS asked;
RESET SESSION AUTHORIZATION;
SELECT o.present FROM jit.requests r, jit.request_objects(r.id) o WHERE r.access LIKE '%mild';
CREATE OR REPLACE VIEW shop.mild AS SELECT 1 AS one, current_user AS more FROM shop.items;
SELECT o.present FROM jit.requests r, jit.request_objects(r.id) o WHERE r.access LIKE '%mild';
ROLLBACK;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
