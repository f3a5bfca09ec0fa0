\echo Use "CREATE EXTENSION jit_access" to load this file. \quit

-- Whoever may create in the extension's schema must not have a say in what the names below mean.
SET LOCAL search_path = pg_catalog, pg_temp;
