-- The mask functions: what each gives, at the edges too.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SELECT jit_mask_full('Ada'), jit_mask_full('Ada', '-'), jit_mask_full(NULL);
SELECT jit_mask_partial('123-45-6789', 0, '***-**-', 4) AS ssn, jit_mask_partial('Ada Lovelace', 2, '…', 2) AS name,
  jit_mask_partial('abc', 1, '*', 2) AS as_long, jit_mask_partial('abcd', 1, '*', 2) AS longer, jit_mask_partial('', 0, '*', 0) AS empty,
  jit_mask_partial('äöüß', 1, '*', 1) AS characters, jit_mask_partial('abc', 2147483647, '*', 2147483647) AS huge;
SELECT jit_mask_partial('abc', -1, '*', 0);
\echo :SQLSTATE
SELECT jit_mask_inner('abcdef', 1, 2), jit_mask_inner('äöüß', 1, 1, '·'), jit_mask_inner('ab', 1, 1), jit_mask_inner('', 1, 1);
SELECT jit_mask_outer('abcdef', 1, 2), jit_mask_outer('äöüß', 1, 1, '·'), jit_mask_outer('ab', 1, 1);
SELECT v, jit_mask_email(v) FROM unnest(ARRAY['ada@lovelace.org', 'ä@x.de', 'äö@x.de', 'no address', '@x.de', '']) v;
SELECT v, jit_mask_phone(v), jit_mask_phone(v, 4) FROM unnest(ARRAY['+49 30 123456', '(030) 12-34', '12', '', 'call Bob 1234567']) v;
SELECT v, jit_mask_card(v) FROM unnest(ARRAY['4111 1111 1111 1234', '4111-1111-1111-1234', '378282246310005', '12345', '']) v;
SELECT v, jit_mask_iban(v) FROM unnest(ARRAY['DE89 3704 0044 0532 0130 00', 'NO9386011117947', 'DE89', '', 'no number but a sentence', repeat('DE89', 20)]) v;
SELECT v, jit_mask_name(v) FROM unnest(ARRAY['Ada Lovelace', '  Ada   King  Lovelace ', 'Ö', 'Öä B', '']) v;
SELECT jit_mask_regexp('room 12', '[0-9]', '#'), jit_mask_regexp('no digits', '[0-9]', '#'), jit_mask_regexp('a1b2', '[0-9]', '#', '');
SELECT jit_mask_regexp('x', '(', '');
\echo :SQLSTATE
SELECT jit_mask_range(47300, 10000), jit_mask_range(-1, 10), jit_mask_range(0, 10), jit_mask_range(-2147483648, 1000), jit_mask_range(7::smallint, 5::smallint),
  jit_mask_range(-9223372036854775808, 10);
SELECT jit_mask_range(1234.56, 100), jit_mask_range(-1234.56, 100.5), jit_mask_range('NaN', 1.0), jit_mask_range('Infinity', 1.0);
SELECT jit_mask_range(5, 0);
\echo :SQLSTATE
SELECT jit_mask_trunc(date '1984-05-17', 'year'), jit_mask_trunc(date '1984-05-17', 'decade'), jit_mask_trunc(date 'infinity', 'year'),
  jit_mask_trunc(timestamp '1984-05-17 11:12:13', 'month');
SET timezone = 'Asia/Tokyo';
SELECT jit_mask_trunc(timestamptz '1984-01-01 03:00+09', 'year') AT TIME ZONE 'UTC';
RESET timezone;
SELECT jit_mask_trunc(date '1984-05-17', 'fortnight');
\echo :SQLSTATE
-- What lies far out is cut down, too.
SELECT jit_mask_trunc(date '5874897-12-31', 'year'), jit_mask_trunc(date '4714-12-01 BC', 'century'), jit_mask_trunc(timestamp '4713-01-01 BC', 'millennium'), jit_mask_trunc(timestamptz '-infinity', 'year'), jit_mask_trunc(date '0044-03-15 BC', 'year');
SELECT jit_mask_inet('192.168.7.9'), jit_mask_inet('192.168.7.9/20'), jit_mask_inet('2001:db8:1:2::5'), jit_mask_inet('10.1.2.3', 8), jit_mask_cidr('192.168.7.128/25');
SELECT jit_mask_inet('10.1.2.3', 33);
\echo :SQLSTATE
SELECT jit_mask_json('{"a": {"b": 1}, "c": 2}'::jsonb, 'a.b'), jit_mask_json('{"a": [{"n": "x", "k": true}, {"n": null}], "b": "y"}'::jsonb, 'a.*.n'),
  jit_mask_json('{"a": [1, {"b": "x"}], "c": "d"}'::jsonb, 'a'), jit_mask_json('{"a": [1, "x", true, null], "b": {"c": 1.5}}'::jsonb);
SELECT jit_mask_json('"text"'::jsonb), jit_mask_json('5'::jsonb), jit_mask_json('[]'::jsonb), jit_mask_json('{}'::jsonb, 'a'), jit_mask_json('[1, [2, "x"]]'::jsonb, '*'), jit_mask_json('{"a": 1, "b": "x"}'::json, 'b');
-- A path goes through arrays; a scalar where a path leads on is masked: nobody has looked at it. The text of json keeps its order.
SELECT jit_mask_json('[{"a": "x", "b": 1}]'::jsonb, 'a'), jit_mask_json('{"a": ["x", {"b": "y", "c": "z"}]}'::jsonb, 'a.b'), jit_mask_json('"x"'::jsonb, 'a'), jit_mask_json('{"a": "x", "b": "y"}'::jsonb, 'a.b.c');
SELECT jit_mask_json('{"b": 1.50, "a": [true, null, {"c": "é\u00e9\"\\"}], "b": {"d": []}}'::json), jit_mask_json('[{"z": "x", "a": "y\n"}, []]'::json, 'z'), jit_mask_json('{"\u0061": "x"}'::json, 'a'), jit_mask_json('"x"'::json, 'a'), jit_mask_json('null'::json), jit_mask_json('[]'::json, '*');
SELECT jit_mask_json('{"a": "\u0000"}'::json), jit_mask_json('{"a": "\ud800"}'::json, 'b'), jit_mask_json('{"a": 1e999999, "b": 2}'::json, 'b');
SELECT jit_mask_json(('[' || repeat('[', 20000) || '1' || repeat(']', 20000) || ']')::jsonb) IS NOT NULL;
\echo :SQLSTATE
SELECT jit_mask_default('x'::text), jit_mask_default('x'::varchar(3)), jit_mask_default(5), jit_mask_default(5.5), jit_mask_default(5.5::real), jit_mask_default(true),
  jit_mask_default(date '2020-02-02'), jit_mask_default(timestamp '2020-02-02'), jit_mask_default('{1,2}'::int[]), jit_mask_default('a=>b'::bytea);
SELECT jit_mask_default('1.2.3.4'::inet), jit_mask_default('10.0.0.0/8'::cidr), jit_mask_default('{"a":1}'::jsonb), jit_mask_default('deadbeef-dead-beef-dead-beefdeadbeef'::uuid),
  jit_mask_default(interval '5 days'), jit_mask_default('[1,5)'::int4range), jit_mask_default('5'::money) = '0'::money, jit_mask_default(time '11:11'), jit_mask_default('x'::name), jit_mask_default(NULL::int);
CREATE TYPE shop.mood AS ENUM ('calm', 'wild');
ALTER TYPE shop.mood ADD VALUE 'asleep' BEFORE 'calm';
CREATE DOMAIN shop.positive AS int CHECK (VALUE >= 0);
SELECT jit_mask_default('wild'::shop.mood), jit_mask_default(5::shop.positive), jit_mask_default(ROW(1, 2)) IS NULL, jit_mask_default('1 2'::int2vector) = '', jit_mask_default('1 2'::oidvector) = '';
-- Keyed ones: the same for the same, another for another; the key decides.
SELECT jit_mask_hash('Ada'), jit_mask_hash('Ada', 8), jit_mask_hash('ada', 8);
SELECT jit_mask_hash('Ada', 65);
\echo :SQLSTATE
SELECT kind, jit_mask_pseudonym('Ada', kind), jit_mask_pseudonym('Ada', kind) = jit_mask_pseudonym('Ada', kind) AS same, jit_mask_pseudonym('Ada', kind) <> jit_mask_pseudonym('Bob', kind) AS other
FROM unnest(ARRAY['first_name', 'last_name', 'full_name', 'email', 'login', 'phone', 'city', 'street', 'postcode', 'company', 'iban']) kind;
SELECT jit_mask_pseudonym('Ada', 'planet');
\echo :SQLSTATE
SELECT jit_mask_uuid('deadbeef-dead-beef-dead-beefdeadbeef'), jit_mask_noise(100, 0.5), jit_mask_noise(100::smallint, 0.5), jit_mask_noise(100::bigint, 0.5), jit_mask_noise(100::numeric, 0.5), jit_mask_noise(100.00, 0.5);
SELECT bool_and(jit_mask_noise(n, 0.2) BETWEEN 0.8 * n - 1 AND 1.2 * n + 1) AS within, count(DISTINCT jit_mask_noise(n, 0.2)) > 900 AS spread, abs(avg(jit_mask_noise(n, 0.2) / n::float8) - 1) < 0.02 AS even
FROM generate_series(10000, 11000) n;
SELECT jit_mask_noise(2147483647, 5) > 0, jit_mask_noise((-32768)::smallint, 9) <= 0, jit_mask_noise(9223372036854775807, 0.9) > 0, jit_mask_noise('NaN'::float8, 0.5), jit_mask_noise('Infinity'::numeric, 0.5), jit_mask_noise(1e308::float8, 1e10) IS NOT NULL, jit_mask_noise(0, 0.5);
SELECT jit_mask_noise(5, 0);
\echo :SQLSTATE
SELECT bool_and(jit_mask_noise(d, '30 days') BETWEEN d - 30 AND d + 30) AS within, count(DISTINCT jit_mask_noise(d, '30 days') - d) > 30 AS spread FROM (SELECT date '2000-01-01' + n AS d FROM generate_series(1, 500) n) s;
SELECT jit_mask_noise(date 'infinity', '1 day'), jit_mask_noise(date '5874897-12-31', '100000 years') IS NOT NULL, jit_mask_noise(timestamp '294276-12-31', '100000 years') IS NOT NULL, jit_mask_noise(timestamptz '2000-01-01', '1 hour') BETWEEN '1999-12-31 23:00' AND '2000-01-01 01:00';
SELECT jit_mask_noise(date '2000-01-01', interval '0');
\echo :SQLSTATE
SELECT bool_and(jit_mask_between(n::text, 18, 90) BETWEEN 18 AND 90), count(DISTINCT jit_mask_between(n::text, 18, 90)) = 73, jit_mask_between('x', 5, 5), jit_mask_between('x', -9223372036854775808, 9223372036854775807) IS NOT NULL FROM generate_series(1, 2000) n;
SELECT jit_mask_between('x', date '2020-01-01', date 'infinity');
\echo :SQLSTATE
SELECT jit_mask_between('x', timestamptz '-infinity', '2020-01-01');
SELECT jit_mask_between('x', date '2020-01-01', date '2020-12-31') BETWEEN '2020-01-01' AND '2020-12-31', jit_mask_between('x', 2, 1);
\echo :SQLSTATE
-- Only masks call those, and who sees raw values anyway.
SET SESSION AUTHORIZATION jr_dave;
SELECT jit_mask_hash('Ada');
\echo :SQLSTATE
SELECT jit_mask_pseudonym('Ada', 'city');
SELECT jit_mask_noise(5, 0.1);
SELECT jit_mask_between('x', 1, 2);
SELECT jit_mask_uuid('deadbeef-dead-beef-dead-beefdeadbeef');
SELECT jit_mask_partial('freely callable', 1, '*', 1);
RESET SESSION AUTHORIZATION;
GRANT jit_unmasked TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
SELECT length(jit_mask_hash('Ada'));
RESET SESSION AUTHORIZATION;
-- The key shows nowhere.
SHOW jit_access.mask_key;
SELECT name, setting FROM pg_settings WHERE name LIKE 'jit\_access.mask%';
SET SESSION AUTHORIZATION jr_dave;
SHOW jit_access.mask_key;
\echo :SQLSTATE
SHOW jit_access.mask_key_file;
SET jit_access.mask_key = 'my own key, my own key';
RESET SESSION AUTHORIZATION;
SELECT p.proname FROM pg_proc p WHERE p.proname LIKE 'jit\_mask\_%' AND (NOT p.proisstrict OR p.proparallel <> 's' OR p.provolatile = 'v' OR obj_description(p.oid, 'pg_proc') IS NULL);
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
