-- The demo's sample shop and its people. Loaded by the superuser of a throw-away cluster.
CREATE EXTENSION jit_access;

CREATE ROLE shop NOLOGIN;
CREATE ROLE alice LOGIN IN ROLE jit_requester;        -- on call; may look at plans and at nothing else
CREATE ROLE carol LOGIN IN ROLE jit_approver;         -- may decide on the requests of others
CREATE ROLE erin LOGIN IN ROLE jit_auditor;           -- may read what everybody did
CREATE ROLE jit_daemon LOGIN IN ROLE jit_coordinator; -- the daemon's own login

CREATE SCHEMA sales AUTHORIZATION shop;
GRANT USAGE ON SCHEMA sales TO jit_requester;         -- names, no data
SET ROLE shop;

CREATE TABLE sales.customers (
  customer_id int PRIMARY KEY, name text NOT NULL, email text NOT NULL);
CREATE TABLE sales.orders (
  order_id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES sales.customers,
  status text NOT NULL, total numeric(10, 2) NOT NULL);
CREATE TABLE sales.items (
  order_id int NOT NULL REFERENCES sales.orders, position int, product text NOT NULL,
  quantity int NOT NULL, PRIMARY KEY (order_id, position));

INSERT INTO sales.customers
  SELECT n, (ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Edgar'])[n % 5 + 1] || ' ' || n,
         'customer' || n || '@example.org'
  FROM generate_series(1, 1000) n;
INSERT INTO sales.orders (customer_id, status, total)
  SELECT n % 1000 + 1, (ARRAY['new', 'paid', 'stuck', 'sent'])[n % 4 + 1], (n * 37 % 50000) / 100.0
  FROM generate_series(1, 100000) n;
INSERT INTO sales.items
  SELECT n, 1, (ARRAY['keyboard', 'mouse', 'monitor'])[n % 3 + 1], n % 4 + 1
  FROM generate_series(1, 100000) n;

-- Personal data: who is not meant to see it sees masks.
SECURITY LABEL FOR jit_access ON COLUMN sales.customers.name IS 'CLASSIFIED name';
SECURITY LABEL FOR jit_access ON COLUMN sales.customers.email IS 'CLASSIFIED email';

RESET ROLE;
ANALYZE;
