-- Labels that are refused, each with a HINT.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE TABLE shop.people (id int, name text, pay numeric(6, 2), code varchar(5), born date, mood text[], row_of shop.orders);
CREATE FUNCTION shop.own(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION try(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  hint text;
BEGIN
  EXECUTE what;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
  RETURN SQLSTATE || ' ' || message || CASE WHEN hint <> '' THEN ' | ' || hint ELSE '' END;
END
$$;
CREATE FUNCTION try_label(how text) RETURNS text LANGUAGE sql AS $$ SELECT try(format('SECURITY LABEL FOR jit_access ON COLUMN shop.people.name IS %L', how)) $$;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE shop.far (id int, name text) SERVER far;
CREATE SEQUENCE shop.numbers;
CREATE TYPE shop.pair AS (a int, b int);
\pset format unaligned
\pset tuples_only on
-- The form.
SELECT l, try_label(l) FROM unnest(ARRAY['', 'MASKED', 'MASKED WITH', 'MASKED WITH FUNCTION', 'MASKED WITH FUNCTION ', 'MASKED WITH VALUE', 'MASKEDWITH VALUE NULL', 'CLASSIFIED', 'CLASSIFIED a b',
  'CLASSIFIED 5', 'NOT MASKED really', 'QUASI IDENTIFIER', 'TABLESAMPLE SYSTEM(10)', 'anything']) l;
-- The expression.
SELECT l, try_label('MASKED WITH FUNCTION ' || l) FROM unnest(ARRAY['(', 'jit_mask_full(name', 'jit_mask_full(name), 1', 'jit_mask_full(name) FROM shop.orders', 'jit_mask_full(name); DROP TABLE shop.people',
  'name AS x', '1 UNION SELECT 2', '*', 'people', 'people.*', 'nosuch(name)', 'nosuch', 'jit_mask_full(code)', 'people.code', 'ctid::text', 'jit_mask_partial(name)',
  '(SELECT name)', '(SELECT name FROM shop.people LIMIT 1)', 'max(name)', 'row_number() OVER ()', 'unnest(ARRAY[name])', '$1', 'current_user::text', 'current_setting(''x'')',
  'random()::text', 'shop.own(name)', 'try(name)', 'pg_sleep(1)::text', 'jit_request(name, ''1 hour'', ''why'')', 'to_char(now(), ''YYYY'')', 'query_to_xml(name, true, true, '''')::text', 'lo_import(name)::text',
  'jit_mask_hash(''constant'')', 'length(name)', 'ROW(name)::text', 'name::shop.pair::text', 'anon.fake_planet()', 'anon.generalize_int4range(id, 10)', 'anon.image_blur(name)', 'anon.partial()', 'anon.digest()']) l;
-- The value.
SELECT l, try_label('MASKED WITH VALUE ' || l) FROM unnest(ARRAY['name', 'jit_mask_full(name)', 'random()::text', '(SELECT 1)', ARRAY[1]::text, '''unclosed', '1, 2', 'NULL; SELECT 1']) l;
SELECT try('SECURITY LABEL FOR jit_access ON COLUMN shop.people.' || l) FROM unnest(ARRAY['id IS ''MASKED WITH VALUE ''''many''''''', 'pay IS ''MASKED WITH VALUE 123456.7''', 'code IS ''MASKED WITH VALUE ''''too long''''''',
  'born IS ''MASKED WITH VALUE 5''', 'born IS ''MASKED WITH VALUE ''''someday''''''', 'id IS ''MASKED WITH FUNCTION jit_mask_full(id::text)''', 'born IS ''MASKED WITH FUNCTION jit_mask_trunc(born::timestamptz, ''''year'''')''',
  'mood IS ''MASKED WITH VALUE ''''not an array''''''', 'row_of IS ''MASKED WITH FUNCTION jit_mask_default(row_of)''', 'nosuch IS ''NOT MASKED''', 'ctid IS ''NOT MASKED''']) l;
-- Constants that a mask function does not take, or that fail by themselves: readers would get the error, the owner would not.
SELECT l, try_label('MASKED WITH FUNCTION ' || l) FROM unnest(ARRAY['jit_mask_partial(name, -1, ''*'', 0)', 'jit_mask_regexp(name, ''('', '''')', 'jit_mask_pseudonym(name, ''planet'')', 'jit_mask_hash(name, 0)', 'name || (1 / 0)::text',
  'CASE WHEN name > ''m'' THEN jit_mask_phone(name, -2) ELSE ''x'' END', 'jit_mask_partial(name, length(name) / 3, ''*'', 0)', 'jit_mask_between(name, 5, 1)::text']) l;
SELECT l, try('SECURITY LABEL FOR jit_access ON COLUMN shop.people.' || l) FROM unnest(ARRAY['born IS ''MASKED WITH FUNCTION jit_mask_trunc(born, ''''fortnight'''')''', 'pay IS ''MASKED WITH FUNCTION jit_mask_range(pay, 0)''',
  'pay IS ''MASKED WITH FUNCTION jit_mask_noise(pay, 0)''', 'born IS ''MASKED WITH FUNCTION jit_mask_noise(born, interval ''''-1 day'''')''']) l;
-- The object.
SELECT l, try('SECURITY LABEL FOR jit_access ON ' || l || ' IS ''MASKED WITH VALUE NULL''') FROM unnest(ARRAY['COLUMN shop.big_orders.id', 'COLUMN shop.far.name', 'COLUMN pg_class.relname', 'COLUMN information_schema.sql_features.feature_id', 'COLUMN jit.requests.reason',
  'COLUMN shop.pair.a', 'TABLE shop.people', 'VIEW shop.big_orders', 'SCHEMA shop', 'ROLE jr_alice', 'FUNCTION shop.own(text)', 'SEQUENCE shop.numbers', 'TYPE shop.pair', 'COLUMN nosuch.x']) l;
-- A class that nobody defined hides the column whole, and says so.
SECURITY LABEL FOR jit_access ON COLUMN shop.people.name IS 'CLASSIFIED nosuch';
-- What a superuser trusts can be called; what takes names from its caller's path cannot be trusted.
SELECT try($$INSERT INTO jit.trusted_functions VALUES ('shop.own(text)')$$);
ALTER FUNCTION shop.own(text) VOLATILE;
SELECT try($$INSERT INTO jit.trusted_functions VALUES ('shop.own(text)')$$);
ALTER FUNCTION shop.own(text) IMMUTABLE SET search_path = "$user", pg_catalog;
SELECT try($$INSERT INTO jit.trusted_functions VALUES ('shop.own(text)')$$);
ALTER FUNCTION shop.own(text) IMMUTABLE SET search_path = pg_catalog, pg_temp;
SELECT try($$INSERT INTO jit.trusted_functions VALUES ('shop.own(text)')$$), try($$INSERT INTO jit.trusted_functions VALUES ('max(text)')$$);
SELECT try_label('MASKED WITH FUNCTION shop.own(name)');
DELETE FROM jit.trusted_functions;
SELECT try_label('MASKED WITH FUNCTION shop.own(name)');
SELECT kind, expression IS NULL FROM jit.masks;
SET SESSION AUTHORIZATION jr_alice;
INSERT INTO jit.trusted_functions VALUES ('shop.own(text)');
UPDATE jit.mask_classes SET mask = 'value';
DELETE FROM jit.masks;
SELECT jit.refresh_masks();
RESET SESSION AUTHORIZATION;
-- Without the extension nothing is accepted.
DROP EXTENSION jit_access;
SECURITY LABEL FOR jit_access ON COLUMN shop.people.name IS 'MASKED WITH VALUE NULL';
\echo :SQLSTATE
\pset format aligned
\pset tuples_only off
DROP FUNCTION try, try_label;
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
