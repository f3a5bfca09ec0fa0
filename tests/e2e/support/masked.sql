-- Tables with personal data whose every raw value carries a mark that no mask lets through.

SET ROLE shop;
CREATE TYPE sales.mood AS ENUM ('calm', 'rawmood');
CREATE DOMAIN sales.code AS text CHECK (VALUE <> '');
CREATE TABLE sales.people (
  id int PRIMARY KEY,
  team int NOT NULL DEFAULT 1,
  ssn text UNIQUE,
  email varchar(60),
  short char(12),
  number int,
  pay numeric(14, 2),
  ratio double precision,
  born date,
  seen timestamptz,
  device uuid,
  address inet,
  profile jsonb,
  tags text[],
  flag boolean,
  blob bytea,
  feeling sales.mood,
  voucher sales.code,
  ssn_copy text GENERATED ALWAYS AS ('copy of ' || ssn) STORED,
  note text,
  UNIQUE (team, number));
INSERT INTO sales.people (id, team, ssn, email, short, number, pay, ratio, born, seen, device, address, profile, tags,
                          flag, blob, feeling, voucher, note)
SELECT n, n % 3, 'RAWMARK-ssn-' || n, 'rawmark' || n || '@raw.example', 'RAWMARK' || n, 987654000 + n, 918273600 + n,
  5551212.5 + n, '1977-07-07'::date + n, '1977-07-07 07:07:07+00'::timestamptz + n * interval '1 day',
  ('deadbeef-dead-4eef-8ead-' || lpad(n::text, 12, '0'))::uuid, ('203.0.113.' || n)::inet,
  jsonb_build_object('name', 'RAWMARK-json-' || n, 'plain', n), ARRAY['RAWMARK-tag', n::text], n % 2 = 0,
  convert_to('RAWMARK-blob-' || n, 'UTF8'), 'rawmood', 'RAWMARK-code-' || n, 'note ' || n
FROM generate_series(1, 40) n;
CREATE INDEX people_lower ON sales.people (lower(email));
CREATE STATISTICS sales.people_stats (mcv) ON ssn, note FROM sales.people;
CREATE TABLE sales.visits (id int PRIMARY KEY, person int REFERENCES sales.people, place text);
INSERT INTO sales.visits SELECT n, n % 40 + 1, 'place ' || n FROM generate_series(1, 80) n;

-- Partitions: the label on the parent covers those there are and those to come.
CREATE TABLE sales.calls (id int, caller text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE sales.calls_1 PARTITION OF sales.calls FOR VALUES FROM (0) TO (100);
CREATE TABLE sales.calls_2 (caller text, dropped int, id int NOT NULL);
ALTER TABLE sales.calls_2 DROP COLUMN dropped;
INSERT INTO sales.calls SELECT n, 'RAWMARK-call-' || n FROM generate_series(1, 20) n;
-- Inheritance: the label on the child covers what a scan of the parent reads.
CREATE TABLE sales.things (id int, secret text);
CREATE TABLE sales.odd_things (more text) INHERITS (sales.things);
INSERT INTO sales.odd_things VALUES (1, 'RAWMARK-thing', 'more');
-- Row-level security whose condition is on a masked column, and one that reads another masked table.
CREATE TABLE sales.guarded (id int, owner_mail text, body text);
INSERT INTO sales.guarded VALUES (1, 'rawmark1@raw.example', 'seen'), (2, 'nobody', 'not seen');
ALTER TABLE sales.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_mail ON sales.guarded
  USING (owner_mail LIKE 'rawmark%' AND EXISTS (SELECT FROM sales.people p WHERE p.email = owner_mail));
CREATE MATERIALIZED VIEW sales.people_copy AS SELECT id, ssn FROM sales.people;

SECURITY LABEL FOR jit_access ON COLUMN sales.people.ssn IS 'MASKED WITH FUNCTION jit_mask_partial(ssn, 0, ''***'', 0)';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.email IS 'CLASSIFIED email';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.short IS 'MASKED WITH VALUE ''x''';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.number IS 'MASKED WITH FUNCTION jit_mask_default(number)';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.pay IS 'MASKED WITH VALUE 0';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.ratio IS 'MASKED WITH VALUE 0';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.born IS 'MASKED WITH FUNCTION jit_mask_trunc(born, ''century'')';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.seen IS 'MASKED WITH FUNCTION jit_mask_trunc(seen, ''century'')';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.device IS 'MASKED WITH FUNCTION jit_mask_uuid(device)';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.address IS 'MASKED WITH FUNCTION jit_mask_inet(address, 8)';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.profile IS 'MASKED WITH FUNCTION jit_mask_json(profile, ''name'')';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.tags IS 'CLASSIFIED secret';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.flag IS 'MASKED WITH VALUE NULL';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.blob IS 'CLASSIFIED secret';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.feeling IS 'MASKED WITH FUNCTION jit_mask_default(feeling)';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.voucher IS 'MASKED WITH FUNCTION jit_mask_pseudonym(voucher, ''login'')';
SECURITY LABEL FOR jit_access ON COLUMN sales.calls.caller IS 'MASKED WITH FUNCTION jit_mask_full(caller)';
SECURITY LABEL FOR jit_access ON COLUMN sales.odd_things.secret IS 'MASKED WITH VALUE ''hidden''';
SECURITY LABEL FOR jit_access ON COLUMN sales.guarded.owner_mail IS 'CLASSIFIED email';
SECURITY LABEL FOR jit_access ON COLUMN sales.people_copy.ssn IS 'CLASSIFIED secret';
ALTER TABLE sales.calls ATTACH PARTITION sales.calls_2 FOR VALUES FROM (100) TO (200);
INSERT INTO sales.calls VALUES (101, 'RAWMARK-call-101');

CREATE VIEW sales.people_view AS SELECT * FROM sales.people;
CREATE VIEW sales.people_view2 WITH (security_barrier) AS SELECT id, team, ssn, note, email FROM sales.people_view WHERE id < 30;
CREATE VIEW sales.people_mine WITH (security_invoker) AS SELECT id, ssn, email FROM sales.people;
CREATE FUNCTION sales.ssn_inlined(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT ssn FROM sales.people WHERE id = $1';
CREATE FUNCTION sales.ssn_atomic(int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT ssn FROM sales.people WHERE id = $1; END;
CREATE FUNCTION sales.people_set() RETURNS SETOF sales.people LANGUAGE sql STABLE AS 'SELECT * FROM sales.people';
CREATE FUNCTION sales.people_set_atomic() RETURNS TABLE (i int, s text) LANGUAGE sql STABLE
  BEGIN ATOMIC SELECT id, ssn FROM sales.people; END;
CREATE FUNCTION sales.ssn_plpgsql(int) RETURNS text LANGUAGE plpgsql AS
  'DECLARE s text; BEGIN SELECT ssn INTO s FROM sales.people WHERE id = $1; RETURN s; END';
CREATE FUNCTION sales.ssn_dynamic(int) RETURNS text LANGUAGE plpgsql AS
  'DECLARE s text; BEGIN EXECUTE ''SELECT ssn FROM sales.people WHERE id = $1'' INTO s USING $1; RETURN s; END';
CREATE FUNCTION sales.people_cursor() RETURNS refcursor LANGUAGE plpgsql AS
  'DECLARE c refcursor := ''people_cursor''; BEGIN OPEN c FOR SELECT * FROM sales.people; RETURN c; END';
CREATE PROCEDURE sales.tell() LANGUAGE plpgsql AS
  'DECLARE p sales.people; BEGIN SELECT * INTO p FROM sales.people WHERE id = 1; RAISE NOTICE ''%'', p; END';
-- A view that knows fewer columns than its table has by now, one of them dropped.
CREATE VIEW sales.late_view AS SELECT * FROM sales.people;
CREATE FUNCTION sales.trg() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO sales.visits VALUES (NEW.id + 1000, NULL, NEW.ssn); RETURN NEW; END';
GRANT SELECT ON ALL TABLES IN SCHEMA sales TO app, mallory;
GRANT INSERT, UPDATE, DELETE, TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA sales TO mallory;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA sales TO mallory;
ALTER TABLE sales.people ADD COLUMN added text, ADD COLUMN dropped int;
ALTER TABLE sales.people DROP COLUMN dropped;
UPDATE sales.people SET added = 'RAWMARK-added';
SECURITY LABEL FOR jit_access ON COLUMN sales.people.added IS 'CLASSIFIED secret';
RESET ROLE;
ANALYZE;
