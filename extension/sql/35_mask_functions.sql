
-- The mask functions. Without a key: IMMUTABLE. Keyed: STABLE, and for masks only.

CREATE FUNCTION @extschema@.jit_mask_default(value anyelement) RETURNS anyelement
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_default';
COMMENT ON FUNCTION @extschema@.jit_mask_default(anyelement) IS
  'one value for each type: xxxx, 0, 1900-01-01, false, {}, an enum''s first label; jit_mask_default(42) is 0';

CREATE FUNCTION @extschema@.jit_mask_full(value text, replacement text DEFAULT 'xxxx') RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_full';
COMMENT ON FUNCTION @extschema@.jit_mask_full(text, text) IS
  'the replacement, whatever the value; jit_mask_full(''Ada'') is xxxx';

-- What a cast to text in a mask becomes: settings of the reader's would choose what the mask shows.
CREATE FUNCTION @extschema@.jit_mask_text(value anyelement) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_text';
COMMENT ON FUNCTION @extschema@.jit_mask_text(anyelement) IS
  'the value as text, not masked: dates in ISO and UTC, bytes in hexadecimal, whatever the session''s settings; casts to text in masks become this; jit_mask_text(date ''1984-05-17'') is 1984-05-17';

CREATE FUNCTION @extschema@.jit_mask_partial(value text, prefix integer, padding text, suffix integer) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_partial';
COMMENT ON FUNCTION @extschema@.jit_mask_partial(text, integer, text, integer) IS
  'the first and last characters, and the padding between; of a value no longer than these the padding alone; jit_mask_partial(''123-45-6789'', 0, ''***-**-'', 4) is ***-**-6789';

CREATE FUNCTION @extschema@.jit_mask_inner(value text, left_kept integer, right_kept integer, fill text DEFAULT '*') RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_inner';
COMMENT ON FUNCTION @extschema@.jit_mask_inner(text, integer, integer, text) IS
  'the inside filled, length kept; jit_mask_inner(''abcdef'', 1, 2) is a***ef';

CREATE FUNCTION @extschema@.jit_mask_outer(value text, left_hidden integer, right_hidden integer, fill text DEFAULT '*') RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_outer';
COMMENT ON FUNCTION @extschema@.jit_mask_outer(text, integer, integer, text) IS
  'the ends filled, length kept; jit_mask_outer(''abcdef'', 1, 2) is *bcd**';

CREATE FUNCTION @extschema@.jit_mask_email(value text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_email';
COMMENT ON FUNCTION @extschema@.jit_mask_email(text) IS
  'the first letter and a constant; jit_mask_email(''ada@lovelace.org'') is aXXX@XXXX.com';

CREATE FUNCTION @extschema@.jit_mask_phone(value text, kept integer DEFAULT 2) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_phone';
COMMENT ON FUNCTION @extschema@.jit_mask_phone(text, integer) IS
  'digits but the last hidden, separators kept; jit_mask_phone(''+49 30 123456'') is +xx xx xxxx56';

CREATE FUNCTION @extschema@.jit_mask_card(value text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_card';
COMMENT ON FUNCTION @extschema@.jit_mask_card(text) IS
  'the last four digits; jit_mask_card(''4111 1111 1111 1234'') is XXXX-XXXX-XXXX-1234';

CREATE FUNCTION @extschema@.jit_mask_iban(value text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_iban';
COMMENT ON FUNCTION @extschema@.jit_mask_iban(text) IS
  'country and last four characters; jit_mask_iban(''DE89 3704 0044 0532 0130 00'') is DEXXXXXXXXXXXX3000';

CREATE FUNCTION @extschema@.jit_mask_name(value text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_name';
COMMENT ON FUNCTION @extschema@.jit_mask_name(text) IS
  'the first letter of each word; jit_mask_name(''Ada Lovelace'') is A*** L***';

CREATE FUNCTION @extschema@.jit_mask_regexp(value text, pattern text, replacement text, flags text DEFAULT 'g') RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_regexp';
COMMENT ON FUNCTION @extschema@.jit_mask_regexp(text, text, text, text) IS
  'as regexp_replace, but a value that the pattern leaves as it is becomes xxxx; jit_mask_regexp(''room 12'', ''[0-9]'', ''#'') is room ##';

CREATE FUNCTION @extschema@.jit_mask_range(value smallint, step smallint) RETURNS smallint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_range_int2';
CREATE FUNCTION @extschema@.jit_mask_range(value integer, step integer) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_range_int4';
CREATE FUNCTION @extschema@.jit_mask_range(value bigint, step bigint) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_range_int8';
CREATE FUNCTION @extschema@.jit_mask_range(value numeric, step numeric) RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_range_numeric';

CREATE FUNCTION @extschema@.jit_mask_trunc(value date, unit text) RETURNS date
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_trunc_date';
CREATE FUNCTION @extschema@.jit_mask_trunc(value timestamp, unit text) RETURNS timestamp
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_trunc_timestamp';
CREATE FUNCTION @extschema@.jit_mask_trunc(value timestamptz, unit text) RETURNS timestamptz
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_trunc_timestamptz';

CREATE FUNCTION @extschema@.jit_mask_inet(value inet, v4_bits integer DEFAULT 24, v6_bits integer DEFAULT 48) RETURNS inet
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_inet';
COMMENT ON FUNCTION @extschema@.jit_mask_inet(inet, integer, integer) IS
  'the network that the address lies in; jit_mask_inet(''192.168.7.9'') is 192.168.7.0/24';
CREATE FUNCTION @extschema@.jit_mask_cidr(value cidr, v4_bits integer DEFAULT 24, v6_bits integer DEFAULT 48) RETURNS cidr
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_cidr';
COMMENT ON FUNCTION @extschema@.jit_mask_cidr(cidr, integer, integer) IS
  'the wider network; jit_mask_cidr(''192.168.7.128/25'') is 192.168.7.0/24';

CREATE FUNCTION @extschema@.jit_mask_json(value jsonb, VARIADIC paths text[] DEFAULT '{}') RETURNS jsonb
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_jsonb';
COMMENT ON FUNCTION @extschema@.jit_mask_json(jsonb, text[]) IS
  'strings xxxx, numbers 0, booleans false at and below the paths, * for every member or element; without paths everywhere; jit_mask_json(''{"a": {"b": 1}, "c": 2}'', ''a.b'') is {"a": {"b": 0}, "c": 2}';
CREATE FUNCTION @extschema@.jit_mask_json(value json, VARIADIC paths text[] DEFAULT '{}') RETURNS json
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_json';
COMMENT ON FUNCTION @extschema@.jit_mask_json(json, text[]) IS
  'as for jsonb, members in their order; a document with an escape that is no character is {}; jit_mask_json(''{"a": 1}'') is {"a": 0}';

CREATE FUNCTION @extschema@.jit_mask_hash(value text, length integer DEFAULT 64) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_hash';
COMMENT ON FUNCTION @extschema@.jit_mask_hash(text, integer) IS
  'keyed: hexadecimal digits of HMAC-SHA256; jit_mask_hash(name, 16)';

CREATE FUNCTION @extschema@.jit_mask_pseudonym(value text, kind text) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_pseudonym';
COMMENT ON FUNCTION @extschema@.jit_mask_pseudonym(text, text) IS
  'keyed: a made-up first_name, last_name, full_name, email, login, phone, city, street, postcode, company or iban, the same for the same value; jit_mask_pseudonym(name, ''full_name'')';

CREATE FUNCTION @extschema@.jit_mask_uuid(value uuid) RETURNS uuid
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_uuid';
COMMENT ON FUNCTION @extschema@.jit_mask_uuid(uuid) IS
  'keyed: another UUID, the same for the same value; jit_mask_uuid(device)';

CREATE FUNCTION @extschema@.jit_mask_noise(value smallint, ratio double precision) RETURNS smallint
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_int2';
CREATE FUNCTION @extschema@.jit_mask_noise(value integer, ratio double precision) RETURNS integer
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_int4';
CREATE FUNCTION @extschema@.jit_mask_noise(value bigint, ratio double precision) RETURNS bigint
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_int8';
CREATE FUNCTION @extschema@.jit_mask_noise(value real, ratio double precision) RETURNS real
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_float4';
CREATE FUNCTION @extschema@.jit_mask_noise(value double precision, ratio double precision) RETURNS double precision
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_float8';
CREATE FUNCTION @extschema@.jit_mask_noise(value numeric, ratio double precision) RETURNS numeric
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_numeric';
CREATE FUNCTION @extschema@.jit_mask_noise(value date, spread interval) RETURNS date
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_date';
CREATE FUNCTION @extschema@.jit_mask_noise(value timestamp, spread interval) RETURNS timestamp
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_timestamp';
CREATE FUNCTION @extschema@.jit_mask_noise(value timestamptz, spread interval) RETURNS timestamptz
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_noise_timestamp';

CREATE FUNCTION @extschema@.jit_mask_between(value text, low bigint, high bigint) RETURNS bigint
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_between_int8';
CREATE FUNCTION @extschema@.jit_mask_between(value text, low date, high date) RETURNS date
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_between_date';
CREATE FUNCTION @extschema@.jit_mask_between(value text, low timestamp, high timestamp) RETURNS timestamp
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_between_timestamptz';
CREATE FUNCTION @extschema@.jit_mask_between(value text, low timestamptz, high timestamptz) RETURNS timestamptz
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_mask_between_timestamptz';

DO $$
DECLARE
  mask record;
BEGIN
  FOR mask IN
    SELECT p.oid::pg_catalog.regprocedure AS signature, p.proname AS name
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('@extschema@')
      AND p.proname IN ('jit_mask_range', 'jit_mask_trunc', 'jit_mask_noise', 'jit_mask_between')
  LOOP
    EXECUTE pg_catalog.format('COMMENT ON FUNCTION %s IS %L', mask.signature,
      CASE mask.name
        WHEN 'jit_mask_range' THEN 'the lower bound of the step that holds the value; jit_mask_range(47300, 10000) is 40000'
        WHEN 'jit_mask_trunc' THEN 'the beginning of the year, month, ... that holds the value (timestamptz: in UTC); jit_mask_trunc(date ''1984-05-17'', ''year'') is 1984-01-01'
        WHEN 'jit_mask_noise' THEN 'keyed: moved up or down by at most the ratio or interval, by the same for the same value; jit_mask_noise(salary, 0.2)'
        ELSE 'keyed: something between the bounds, the same for the same value; jit_mask_between(age::text, 18, 90)'
      END);
  END LOOP;
END
$$;
