
-- Proposals for labels: statements to review.

-- What share of a sample looks like members of a class; the class with the greatest, if it is at least half.
CREATE FUNCTION jit.class_of_sample(sample text[], OUT class text, OUT alike integer)
  LANGUAGE plpgsql IMMUTABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  item text;
  digits text;
  total integer;
  place integer;
  digit integer;
  rest integer;
  emails integer := 0;
  cards integer := 0;
  ibans integer := 0;
  ips integer := 0;
  ids integer := 0;
  phones integer := 0;
BEGIN
  FOREACH item IN ARRAY sample LOOP
    item := btrim(left(item, 200));
    digits := regexp_replace(item, '[^0-9]', '', 'g');
    IF item ~* '^[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}$' THEN
      emails := emails + 1;
    ELSIF item ~ '^([0-9]{1,3}\.){3}[0-9]{1,3}(/[0-9]{1,2})?$' OR item ~* '^[0-9a-f]{1,4}(:[0-9a-f]{0,4}){2,7}$' THEN
      ips := ips + 1;
    ELSIF item ~ '^[0-9]{3}-[0-9]{2}-[0-9]{4}$' THEN
      ids := ids + 1;
    ELSIF item ~* '^[a-z]{2}[0-9]{2}( ?[a-z0-9]){11,30}$' THEN
      -- Mod 97 of the text with its first four characters moved to the end, letters being 10 to 35.
      rest := 0;
      item := upper(replace(item, ' ', ''));
      item := substr(item, 5) || left(item, 4);
      FOR place IN 1 .. length(item) LOOP
        digit := strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(item, place, 1)) - 1;
        rest := (rest * CASE WHEN digit > 9 THEN 100 ELSE 10 END + digit) % 97;
      END LOOP;
      IF rest = 1 THEN
        ibans := ibans + 1;
      END IF;
    ELSIF item ~ '^[0-9][0-9 -]{11,22}$' AND length(digits) BETWEEN 13 AND 19 THEN
      -- Luhn: from the right every second digit counts double, its digits added.
      total := 0;
      FOR place IN 1 .. length(digits) LOOP
        digit := substr(digits, length(digits) - place + 1, 1)::integer;
        IF place % 2 = 0 THEN
          digit := digit * 2 - CASE WHEN digit > 4 THEN 9 ELSE 0 END;
        END IF;
        total := total + digit;
      END LOOP;
      IF total % 10 = 0 THEN
        cards := cards + 1;
      END IF;
    ELSIF item ~ '^(\+|00)[0-9]' AND item ~ '^[+0-9 ()/.-]+$' AND length(digits) BETWEEN 8 AND 15
          OR item ~ '^\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4}$' THEN
      phones := phones + 1;
    END IF;
  END LOOP;

  SELECT f.class, f.alike INTO class_of_sample.class, class_of_sample.alike
  FROM (VALUES ('email', emails), ('card', cards), ('iban', ibans), ('ip', ips), ('national_id', ids), ('phone', phones))
    AS f (class, alike)
  WHERE f.alike > 0 AND f.alike * 2 >= cardinality(sample)
  ORDER BY f.alike DESC LIMIT 1;
END
$$;
COMMENT ON FUNCTION jit.class_of_sample(text[]) IS 'the class that most of a sample''s values look like, and how many; NULL where it is less than half';

-- The class that a column's name tells of.
CREATE FUNCTION jit.class_of_name(column_name name, type regtype) RETURNS text
  LANGUAGE sql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT p.class
  FROM (VALUES
      (1, 'secret', 'text json bytea any', '(^|_)(pass|passw(or)?d|pwd|passphrase|secret|token|api_?key|private_?key|credential|pin|otp|salt|cvv|cvc)s?(_|$)|(password|passwd|passwort|secret|token|apikey)(_?hash)?$'),
      (2, 'email', 'text', '(^|_)(e_?mail|mail|courriel|correo)(_?addr(ess)?|_?adresse)?(_|$)|email$'),
      (3, 'iban', 'text', 'iban|(^|_)bank_?account|kontonummer|account_?(no|number)$'),
      (4, 'card', 'text numeric', '(^|_)(pan|cc|ccn|credit_?card|card_?(no|num|number)|kreditkarte|creditcard)(_|$|num|no)'),
      (5, 'national_id', 'text numeric', '(^|_)(ssn|sin|nin|nino|tin|tax_?id|national_?id|social_?security(_?(no|number))?|passport(_?(no|number))?|driver_?licen[sc]e|id_?card|personalausweis|steuer_?(id|nummer)|dni|nif|cpf|bsn|pesel|vat_?id)(_|$)'),
      (6, 'birth_date', 'date timestamp text', '(^|_)(dob|birth_?(date|day)|date_?of_?birth|born(_?(on|at))?|geburtsdatum|geboren|birthdate)(_|$)'),
      (7, 'phone', 'text numeric', '(^|_)(phone|tel|telephone|telefon|mobile|cell|fax|handy|msisdn)(_?(no|num|number|nr|nummer))?(_|$)|phone$'),
      (8, 'ip', 'inet text', '(^|_)(ip|ip_?addr(ess)?|client_?addr|remote_?addr|ipv[46])(_|$)'),
      (9, 'salary', 'numeric text', '(^|_)(salary|wage|income|gehalt|lohn|compensation|bonus|payroll)(_|$)'),
      (10, 'address', 'text', '(^|_)(street|address|addr|adresse|strasse|anschrift|zip|zip_?code|postcode|postal_?code|plz|address_?line[0-9]*)[0-9]*(_|$)'),
      (11, 'name', 'text', '(^|_)(first|last|given|family|middle|full|sur|maiden|customer|patient|employee|contact|holder)_?name(_|$)|(^|_)(surname|firstname|lastname|fullname|vorname|nachname|forename)(_|$)')
    ) AS p (n, class, families, pattern),
    -- firstName, First Name and first-name are first_name.
    lower(regexp_replace(regexp_replace(column_name, '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[^A-Za-z0-9]+', '_', 'g')) AS n (words)
  WHERE jit.type_family(type) = ANY (string_to_array(p.families, ' ')) AND n.words ~ p.pattern
  ORDER BY p.n LIMIT 1
$$;
COMMENT ON FUNCTION jit.class_of_name(name, regtype) IS 'the class that a column''s name and type tell of; NULL: none';

CREATE FUNCTION @extschema@.jit_detect(schema_name name, sample_rows integer DEFAULT 200)
  RETURNS TABLE (relation regclass, column_name name, class text, because text, statement text)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off  -- policies are code of the tables' owners: such tables go by their names
AS $$
#variable_conflict use_column
DECLARE
  candidate record;
  sample text[];
  by_name text;
  sample_class text;
  sample_alike integer;
  found text;
BEGIN
  IF schema_name IS NULL OR to_regnamespace(quote_ident(schema_name)) IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name',
      MESSAGE = format('schema "%s" does not exist', schema_name),
      HINT = 'jit_detect looks at one schema: SELECT * FROM jit_detect(''public'')';
  END IF;
  IF sample_rows IS NULL OR sample_rows < 0 OR sample_rows > 10000 THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = 'sample_rows must be between 0 and 10000',
      HINT = '0 goes by names and types only.';
  END IF;

  FOR candidate IN
    SELECT c.oid, c.oid::regclass AS name, a.attnum, a.attname,
      base.type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, LATERAL (
      WITH RECURSIVE below AS (
        SELECT a.atttypid AS oid
        UNION ALL
        SELECT t.typbasetype FROM below b JOIN pg_type t ON t.oid = b.oid AND t.typtype = 'd'
      )
      SELECT t.oid::regtype AS type FROM below b JOIN pg_type t ON t.oid = b.oid AND t.typtype <> 'd') base
    WHERE c.relnamespace = to_regnamespace(quote_ident(schema_name)) AND c.relkind IN ('r', 'p', 'm')
      AND c.oid >= 16384 AND c.relnamespace <> 'jit'::regnamespace  -- what can be labelled
      AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attinhcount = 0 AND a.attgenerated = ''
      AND jit.mask_of(c.oid, a.attnum) IS NULL
      AND NOT EXISTS (SELECT FROM pg_seclabel s
                      WHERE s.provider = 'jit_access' AND s.objoid = c.oid AND s.classoid = 'pg_class'::regclass
                        AND s.objsubid = a.attnum)
    ORDER BY c.relname, a.attnum
  LOOP
    sample := NULL;
    sample_class := NULL;
    by_name := jit.class_of_name(candidate.attname, candidate.type);
    IF by_name IS NULL AND jit.type_family(candidate.type) = 'inet' THEN
      by_name := 'ip';
    END IF;
    IF sample_rows > 0 AND jit.type_family(candidate.type) = 'text'
       AND has_column_privilege(candidate.oid, candidate.attnum, 'SELECT') THEN
      BEGIN
        -- A column that is NULL everywhere must not have a large table read to its end.
        EXECUTE format('SELECT array_agg(v) FROM (SELECT r.v::text FROM (SELECT %I AS v FROM %s LIMIT $2) r'
                       ' WHERE r.v IS NOT NULL LIMIT $1) s',
                       candidate.attname, candidate.name) INTO sample USING sample_rows, 50 * sample_rows;
        SELECT s.class, s.alike INTO sample_class, sample_alike FROM jit.class_of_sample(sample) s;
      EXCEPTION
        WHEN query_canceled THEN RAISE;
        WHEN OTHERS THEN NULL;  -- one table that cannot be read must not hide the others
      END;
    END IF;
    found := coalesce(sample_class, by_name);
    CONTINUE WHEN found IS NULL;
    relation := candidate.name;
    column_name := candidate.attname;
    class := found;
    because := concat_ws('; ',
      CASE WHEN by_name = found THEN CASE WHEN jit.class_of_name(candidate.attname, candidate.type) IS NULL THEN 'type'
                                          ELSE 'name' END END,
      CASE WHEN sample_class IS NOT NULL
           THEN format('%s of %s sampled values', sample_alike, cardinality(sample)) END);
    statement := format('SECURITY LABEL FOR jit_access ON COLUMN %s.%I IS %L',
                        format('%I.%I', schema_name, (SELECT c.relname FROM pg_class c WHERE c.oid = candidate.oid)),
                        candidate.attname, 'CLASSIFIED ' || found);
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION @extschema@.jit_detect(name, integer) IS
  'proposes labels for the unlabelled columns of a schema, from names, types and a sample, as statements to review; sets nothing';
