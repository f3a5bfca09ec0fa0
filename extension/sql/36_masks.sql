
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
  for_type text NOT NULL,
  mask     text NOT NULL,
  builtin  boolean NOT NULL DEFAULT false,
  PRIMARY KEY (class, for_type)
);

CREATE FUNCTION jit.refresh_masks(class text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'jit_refresh_masks';
