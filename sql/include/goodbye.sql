-- Leaves the cluster as it was found.
\set ECHO none
RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS jit_access CASCADE;
DROP SCHEMA IF EXISTS shop, vault CASCADE;
DO $$
DECLARE
  person text;
BEGIN
  FOR person IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'jr\_%' LOOP
    EXECUTE format('DROP OWNED BY %I CASCADE', person);
    EXECUTE format('DROP ROLE %I', person);
  END LOOP;
END
$$;
