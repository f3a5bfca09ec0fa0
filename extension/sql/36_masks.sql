
-- Masks: what labels came to, the classes that labels may name, and functions that masks may call.

-- The truth is in pg_seclabel, which pg_dump carries; a restore replays the labels and fills this again.
CREATE TABLE jit.masks (
  relation_oid  oid NOT NULL,
  column_number smallint NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('function', 'value', 'class', 'none')),
  class         text,
  expression    pg_node_tree,
  PRIMARY KEY (relation_oid, column_number)
);

-- What queries of the statistics' tables are filtered by, for users for whom something is masked.
CREATE FUNCTION jit.statistics_visible(relation oid, column_number smallint) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'jit_statistics_visible';
CREATE FUNCTION jit.extended_statistics_visible(statistics oid) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'jit_extended_statistics_visible';

-- Functions beside the extension's and immutable built-in ones that masks may call.
CREATE TABLE jit.trusted_functions (
  function regprocedure PRIMARY KEY
);

-- What a class becomes, by type. `value` in a mask stands for the column.
CREATE TABLE jit.mask_classes (
  class    text NOT NULL,
  for_type text NOT NULL CHECK (for_type IN ('any', 'text', 'numeric', 'date', 'timestamp', 'inet', 'uuid', 'json',
                                             'bytea', 'boolean')),
  mask     text NOT NULL,
  builtin  boolean NOT NULL DEFAULT false,
  PRIMARY KEY (class, for_type)
);

INSERT INTO jit.mask_classes (class, for_type, mask, builtin) VALUES
  ('email',       'text',      'jit_mask_email(value::text)', true),
  ('phone',       'text',      'jit_mask_phone(value::text)', true),
  ('name',        'text',      'jit_mask_name(value::text)', true),
  ('card',        'text',      'jit_mask_card(value::text)', true),
  ('iban',        'text',      'jit_mask_iban(value::text)', true),
  ('national_id', 'text',      'jit_mask_partial(value::text, 0, ''***'', 4)', true),
  ('address',     'text',      'jit_mask_full(value::text)', true),
  ('birth_date',  'date',      'jit_mask_trunc(value, ''year'')', true),
  ('birth_date',  'timestamp', 'jit_mask_trunc(value, ''year'')', true),
  ('ip',          'inet',      'jit_mask_inet(value)', true),
  ('salary',      'any',       'jit_mask_default(value)', true),
  ('secret',      'any',       'jit_mask_default(value)', true);

-- The family in jit.mask_classes.for_type that a type belongs to. Only superusers make base types: another type of that
-- name may be cast to text by anybody's function.
CREATE FUNCTION jit.type_family(type regtype) RETURNS text
  LANGUAGE sql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    WHEN type IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
      OR EXISTS (SELECT FROM pg_type t WHERE t.oid = type AND t.typname = 'citext' AND t.typtype = 'b') THEN 'text'
    WHEN type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'float4'::regtype, 'float8'::regtype,
                  'numeric'::regtype, 'money'::regtype) THEN 'numeric'
    WHEN type = 'date'::regtype THEN 'date'
    WHEN type IN ('timestamp'::regtype, 'timestamptz'::regtype) THEN 'timestamp'
    WHEN type IN ('inet'::regtype, 'cidr'::regtype) THEN 'inet'
    WHEN type = 'uuid'::regtype THEN 'uuid'
    WHEN type IN ('json'::regtype, 'jsonb'::regtype) THEN 'json'
    WHEN type = 'bytea'::regtype THEN 'bytea'
    WHEN type = 'bool'::regtype THEN 'boolean'
    ELSE 'any'
  END
$$;

-- The mask of a class for a type: that of its family, else that for any; NULL if there is no such class.
CREATE FUNCTION jit.class_mask(class text, type regtype) RETURNS text
  LANGUAGE sql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    WHEN type = 'cidr'::regtype AND found.mask = 'jit_mask_inet(value)' THEN 'jit_mask_cidr(value)'
    ELSE found.mask
  END
  FROM (
    (SELECT c.mask FROM jit.mask_classes c
     WHERE c.class = class_mask.class AND c.for_type IN (jit.type_family(type), 'any')
     ORDER BY c.for_type = 'any' LIMIT 1)
    UNION ALL
    (SELECT 'jit_mask_default(value)' WHERE EXISTS (SELECT FROM jit.mask_classes c WHERE c.class = class_mask.class))
    LIMIT 1) AS found
$$;

CREATE FUNCTION jit.refresh_masks(class text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'jit_refresh_masks';

-- A change of a row that came with the extension makes it the site's own, which a dump carries.
CREATE FUNCTION jit.check_mask_class() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  NEW.class := lower(btrim(NEW.class));
  IF NEW.class !~ '^[a-z][a-z0-9_]*$' THEN
    PERFORM jit.refuse('invalid_parameter_value', format('"%s" cannot be the name of a class', NEW.class),
      'Names of classes consist of letters, digits and underscores, and begin with a letter.');
  END IF;
  NEW.builtin := false;
  IF TG_OP = 'INSERT' THEN
    -- As a restore does: the row that came with the extension becomes the site's.
    UPDATE jit.mask_classes c SET mask = NEW.mask
    WHERE c.class = NEW.class AND c.for_type = NEW.for_type AND c.builtin;
    IF FOUND THEN
      RETURN NULL;
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON jit.mask_classes
  FOR EACH ROW EXECUTE FUNCTION jit.check_mask_class();

CREATE FUNCTION jit.mask_class_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    PERFORM jit.refresh_masks(NULL);
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    PERFORM jit.refresh_masks(OLD.class);
  END IF;
  IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.class <> OLD.class THEN
    PERFORM jit.refresh_masks(NEW.class);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER changed_row AFTER INSERT OR UPDATE OR DELETE ON jit.mask_classes
  FOR EACH ROW EXECUTE FUNCTION jit.mask_class_changed();
CREATE TRIGGER changed_all AFTER TRUNCATE ON jit.mask_classes
  FOR EACH STATEMENT EXECUTE FUNCTION jit.mask_class_changed();

-- What raw values are handed to: nothing that a caller's search_path can change, nothing volatile.
CREATE FUNCTION jit.check_trusted_function() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  trusted record;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  SELECT p.*, l.lanname INTO trusted FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.oid = NEW.function;
  IF trusted.prokind <> 'f' OR trusted.proretset THEN
    PERFORM jit.refuse('wrong_object_type', format('%s is no function that returns one value', NEW.function),
      'Masks call plain functions only.');
  ELSIF trusted.provolatile = 'v' THEN
    PERFORM jit.refuse('invalid_object_definition', format('function %s is volatile', NEW.function),
      format('If its result depends on its arguments only: ALTER FUNCTION %s IMMUTABLE', NEW.function));
  ELSIF trusted.lanname NOT IN ('c', 'internal') AND trusted.prosqlbody IS NULL
        AND NOT EXISTS (SELECT FROM unnest(trusted.proconfig) AS setting
                        WHERE setting LIKE 'search\_path=%' AND setting NOT LIKE '%$user%') THEN
    PERFORM jit.refuse('invalid_object_definition',
      format('function %s takes names from its caller''s search_path', NEW.function),
      format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', NEW.function));
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON jit.trusted_functions
  FOR EACH ROW EXECUTE FUNCTION jit.check_trusted_function();

CREATE FUNCTION jit.trusted_function_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM jit.refresh_masks(NULL);
  RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON jit.trusted_functions
  FOR EACH STATEMENT EXECUTE FUNCTION jit.trusted_function_changed();

-- Also where changes arrive by replication.
ALTER TABLE jit.mask_classes ENABLE ALWAYS TRIGGER check_row;
ALTER TABLE jit.mask_classes ENABLE ALWAYS TRIGGER changed_row;
ALTER TABLE jit.mask_classes ENABLE ALWAYS TRIGGER changed_all;
ALTER TABLE jit.trusted_functions ENABLE ALWAYS TRIGGER check_row;
ALTER TABLE jit.trusted_functions ENABLE ALWAYS TRIGGER changed;

SELECT pg_catalog.pg_extension_config_dump('jit.mask_classes', 'WHERE NOT builtin');
SELECT pg_catalog.pg_extension_config_dump('jit.trusted_functions', '');

COMMENT ON TABLE jit.masks IS 'what the labels of masked columns came to; written by SECURITY LABEL only';
COMMENT ON COLUMN jit.masks.relation_oid IS 'OID of the table';
COMMENT ON COLUMN jit.masks.column_number IS 'number of the column';
COMMENT ON COLUMN jit.masks.kind IS 'function, value, class, or none for NOT MASKED';
COMMENT ON COLUMN jit.masks.class IS 'the class that a CLASSIFIED label names';
COMMENT ON COLUMN jit.masks.expression IS 'the mask, bound by OID; NULL: the column is hidden whole, or not masked';
COMMENT ON TABLE jit.mask_classes IS 'the mask that a CLASSIFIED label stands for, by type';
COMMENT ON COLUMN jit.mask_classes.class IS 'name of the class, in lower case';
COMMENT ON COLUMN jit.mask_classes.for_type IS 'the family of types it is for: text, numeric, date, timestamp, inet, uuid, json, bytea, boolean; any: all others';
COMMENT ON COLUMN jit.mask_classes.mask IS 'the expression, in which the word value stands for the column';
COMMENT ON COLUMN jit.mask_classes.builtin IS 'came with the extension; a dump carries the others';
COMMENT ON TABLE jit.trusted_functions IS 'functions that masks may call beside the extension''s and immutable built-in ones';
COMMENT ON COLUMN jit.trusted_functions.function IS 'the function; neither volatile nor dependent on the search_path';
COMMENT ON FUNCTION jit.statistics_visible(oid, smallint) IS 'whether the current user may see the statistics of a column: not of one that is masked for them';
COMMENT ON FUNCTION jit.extended_statistics_visible(oid) IS 'whether the current user may see an extended statistics object''s data';
COMMENT ON FUNCTION jit.type_family(regtype) IS 'the family in jit.mask_classes.for_type that a type belongs to';
COMMENT ON FUNCTION jit.class_mask(text, regtype) IS 'the mask of a class for a type; NULL if there is no such class';
COMMENT ON FUNCTION jit.refresh_masks(text) IS 'binds all labels anew, or those of a class; a label that no longer fits hides its column whole';
COMMENT ON FUNCTION jit.check_mask_class() IS 'trigger of jit.mask_classes';
COMMENT ON FUNCTION jit.mask_class_changed() IS 'trigger of jit.mask_classes: binds the labels of the class anew';
COMMENT ON FUNCTION jit.check_trusted_function() IS 'trigger of jit.trusted_functions';
COMMENT ON FUNCTION jit.trusted_function_changed() IS 'trigger of jit.trusted_functions: binds all labels anew';
