-- Labels: what they accept, by form and by type, and that the result keeps the column's type.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE TYPE shop.mood AS ENUM ('calm', 'wild');
CREATE DOMAIN shop.code AS varchar(10) CHECK (VALUE LIKE 'C%');
CREATE DOMAIN shop.positive AS int CHECK (VALUE > 0);
CREATE TABLE shop.everything (
  id int, t text, v varchar(6), c char(5), ci text COLLATE "C", i2 smallint, i4 int, i8 bigint, n numeric(6, 2), f4 real, f8 double precision,
  d date, ts timestamp(0), tz timestamptz, u uuid, ip inet, net cidr, j json, jb jsonb, b bytea, bo boolean, a text[], ai int[], m shop.mood,
  dc shop.code, dp shop.positive, iv interval, r int4range, "Odd Name" text);
INSERT INTO shop.everything VALUES (1, 'text', 'varch', 'chars', 'coll', 2, 4, 8, 1234.56, 4.5, 8.5, '1984-05-17', '1984-05-17 11:12:13', '1984-05-17 11:12:13+00',
  'deadbeef-dead-beef-dead-beefdeadbeef', '192.168.7.9', '10.1.2.0/24', '{"a": "x"}', '{"a": "x", "n": 5}', '\xdeadbeef', true, '{x,y}', '{1,2}', 'wild',
  'C-secret', 7, '3 days', '[1,5)', 'odd');
GRANT SELECT ON shop.everything TO jr_dave;
CREATE FUNCTION label(col text, how text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SECURITY LABEL FOR jit_access ON COLUMN shop.everything.%I IS %L', col, how);
  RETURN (SELECT mask FROM jit.masked_columns WHERE relation = 'shop.everything'::regclass AND column_name = col);
END
$$;
SELECT c, label(c, l) FROM (VALUES
  ('t', 'MASKED WITH FUNCTION jit_mask_partial(t, 1, ''***'', 1)'), ('v', 'masked with function jit_mask_full(v, ''much too long'')'),
  ('c', E'MASKED\n  WITH  FUNCTION\tjit_mask_inner(c, 1, 1)'), ('ci', 'MASKED WITH FUNCTION upper(left(ci, 1)) || ''…'''),
  ('i2', 'MASKED WITH FUNCTION jit_mask_range(i2, 10::smallint)'), ('i4', 'MASKED WITH VALUE -1'), ('i8', 'MASKED WITH VALUE 0'),
  ('n', 'MASKED WITH FUNCTION jit_mask_noise(n, 0.3)'), ('f4', 'MASKED WITH VALUE 0.5'), ('f8', 'MASKED WITH FUNCTION jit_mask_noise(f8, 0.1)'),
  ('d', 'MASKED WITH VALUE ''1900-01-01'''), ('ts', 'MASKED WITH FUNCTION jit_mask_trunc(ts, ''year'')'), ('tz', 'MASKED WITH FUNCTION jit_mask_trunc(tz, ''year'')'),
  ('u', 'MASKED WITH FUNCTION jit_mask_uuid(u)'), ('ip', 'CLASSIFIED ip'), ('net', 'CLASSIFIED ip'), ('j', 'MASKED WITH FUNCTION jit_mask_json(j)'),
  ('jb', 'MASKED WITH FUNCTION jit_mask_json(jb, ''a'')'), ('b', 'CLASSIFIED secret'), ('bo', 'MASKED WITH VALUE NULL'), ('a', 'CLASSIFIED secret'),
  ('ai', 'MASKED WITH VALUE ''{0}'''), ('m', 'MASKED WITH VALUE ''calm'''), ('dc', 'MASKED WITH FUNCTION jit_mask_full(dc)'),
  ('dp', 'MASKED WITH FUNCTION jit_mask_default(dp)'), ('iv', 'CLASSIFIED Secret'), ('r', 'MASKED WITH FUNCTION jit_mask_default(r)'),
  ('Odd Name', 'MASKED WITH FUNCTION CASE WHEN "Odd Name" IS NULL THEN NULL ELSE coalesce(nullif(left("Odd Name", 1), ''''), ''-'') END')
) AS l (c, l);
SET SESSION AUTHORIZATION jr_dave;
\x
SELECT * FROM shop.everything;
\x
SELECT pg_typeof(v), pg_typeof(c), pg_typeof(n), pg_typeof(m), pg_typeof(dc), pg_typeof(a), pg_typeof(ts), pg_collation_for(ci) FROM shop.everything;
CREATE TEMP TABLE kept AS SELECT * FROM shop.everything;
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation FROM pg_attribute a JOIN pg_attribute o ON o.attrelid = 'shop.everything'::regclass AND o.attname = a.attname
WHERE a.attrelid = 'kept'::regclass AND a.attnum > 0 AND (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (o.atttypid, o.atttypmod, o.attcollation);
DROP TABLE kept;
RESET SESSION AUTHORIZATION;
-- PostgreSQL Anonymizer's wording.
SELECT c, label(c, l) FROM (VALUES
  ('t', 'MASKED WITH FUNCTION anon.partial(t, 1, $$***$$, 1)'), ('v', 'MASKED WITH FUNCTION anon.partial_email(v)'), ('c', 'MASKED WITH FUNCTION anon.random_string(4)'),
  ('ci', 'MASKED WITH FUNCTION anon.fake_last_name()'), ('i4', 'MASKED WITH FUNCTION anon.random_int_between(1, 6)'), ('i8', 'MASKED WITH FUNCTION anon.random_bigint_between(1, 6)'),
  ('n', 'MASKED WITH FUNCTION anon.noise(n, 0.33)'), ('d', 'MASKED WITH FUNCTION anon.dnoise(d, ''2 years''::interval)'),
  ('ts', 'MASKED WITH FUNCTION anon.dnoise(ts, ''2 days''::interval)'), ('Odd Name', 'MASKED WITH FUNCTION anon.digest("Odd Name", ''salt'', ''sha256'')'),
  ('dc', 'MASKED WITH FUNCTION anon.ternary(dc = ''C'', ''C-one'', anon.hash(dc))')
) AS l (c, l);
-- What Anonymizer casts to the column's type is of it here.
SELECT c, label(c, l) FROM (VALUES ('i2', 'MASKED WITH FUNCTION anon.random_int_between(1, 6)'), ('i4', 'MASKED WITH FUNCTION anon.random_bigint_between(1, 6)'),
  ('ts', 'MASKED WITH FUNCTION anon.random_date()'), ('tz', 'MASKED WITH FUNCTION anon.random_date_between(''2000-01-01'', ''2009-12-31'')')) AS l (c, l);
SELECT label('t', 'MASKED WITH FUNCTION anon.lorem_ipsum(2)'), label('t', 'MASKED WITH FUNCTION anon.pseudo_city(t)'), label('t', 'MASKED WITH FUNCTION pg_catalog.md5(t)'),
  label('d', 'MASKED WITH FUNCTION anon.random_date_between(''2000-01-01'', ''2009-12-31'')'), label('t', 'MASKED WITH FUNCTION upper(anon.fake_city()) || anon.partial(t, 0, ''x'', 1)');
SET SESSION AUTHORIZATION jr_dave;
SELECT d BETWEEN '2000-01-01' AND '2009-12-31', i4 BETWEEN 1 AND 6, length("Odd Name") FROM shop.everything;
RESET SESSION AUTHORIZATION;
-- NOT MASKED, taken away, and set anew.
SELECT label('t', 'NOT MASKED'), label('i4', 'not masked');
SECURITY LABEL FOR jit_access ON COLUMN shop.everything.v IS NULL;
SET SESSION AUTHORIZATION jr_dave;
SELECT t, v, i4 FROM shop.everything;
RESET SESSION AUTHORIZATION;
SELECT column_number, kind, expression IS NULL AS no_expression FROM jit.masks WHERE relation_oid = 'shop.everything'::regclass ORDER BY 1 LIMIT 6;
-- Only the owner.
SET SESSION AUTHORIZATION jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.everything.t IS 'NOT MASKED';
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
-- Generated columns follow what they are computed from, until somebody has looked at them.
CREATE TABLE shop.computed (raw text, twice text GENERATED ALWAYS AS (raw || raw) STORED, len int GENERATED ALWAYS AS (length(raw)) STORED, other int, more int GENERATED ALWAYS AS (other + 1) STORED);
INSERT INTO shop.computed VALUES ('secret', DEFAULT, DEFAULT, 1);
GRANT SELECT ON shop.computed TO jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.computed.raw IS 'MASKED WITH FUNCTION jit_mask_full(raw)';
SECURITY LABEL FOR jit_access ON COLUMN shop.computed.len IS 'NOT MASKED';
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.computed;
SELECT relation, column_name, mask, source, label, masked_for_me FROM jit.masked_columns WHERE relation = 'shop.computed'::regclass;
RESET SESSION AUTHORIZATION;
DROP FUNCTION label;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
