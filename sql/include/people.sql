-- The people and tables of the tests. Each test starts from an extension just created, so that requests count from 1.
\set ECHO none
SET client_min_messages = warning;
SET intervalstyle = postgres;
DROP EXTENSION IF EXISTS jit_access CASCADE;
DROP SCHEMA IF EXISTS shop, vault CASCADE;
DO $$
DECLARE
  person text;
BEGIN
  FOR person IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'jr\_%' LOOP
    EXECUTE format('DROP OWNED BY %I CASCADE', person);
    EXECUTE format('DROP ROLE %I', person);
  END LOOP;
  FOREACH person IN ARRAY ARRAY['jr_alice', 'jr_amy', 'jr_bob', 'jr_carol', 'jr_dave', 'jr_coord', 'jr_audit', 'jr_staff', 'jr_security']
  LOOP
    EXECUTE format('CREATE ROLE %I LOGIN', person);
  END LOOP;
END
$$;
CREATE EXTENSION jit_access;
GRANT jit_requester TO jr_alice, jr_amy;   -- ask
GRANT jit_approver TO jr_bob, jr_carol;    -- decide
GRANT jit_coordinator TO jr_coord;         -- the daemon's login
GRANT jit_auditor TO jr_audit;             -- jr_dave is nobody in particular
CREATE SCHEMA shop;
CREATE SCHEMA vault;
GRANT USAGE ON SCHEMA shop, vault TO PUBLIC;
CREATE TABLE shop.orders (id integer PRIMARY KEY, customer text, total numeric, status text);
CREATE TABLE shop.items (order_id integer, article text, "Unit Price" numeric);
CREATE VIEW shop.big_orders AS SELECT * FROM shop.orders WHERE total > 1000;
CREATE TABLE vault.cards (id integer, number text);
INSERT INTO shop.orders VALUES (1, 'Ada', 10, 'new'), (2, 'Bert', 2000, 'new');
INSERT INTO shop.items VALUES (1, 'pen', 10), (2, 'desk', 2000);
INSERT INTO vault.cards VALUES (1, '4111');
SET client_min_messages = notice;
\set ECHO all
