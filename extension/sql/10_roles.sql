-- The group roles. They belong to the cluster: a second database reuses them, and DROP EXTENSION leaves them.

DO $$
DECLARE
  made record;
  found record;
BEGIN
  FOR made IN
    SELECT * FROM (VALUES
      ('jit_requester', 'may ask for just-in-time access; is governed by jit_access'),
      ('jit_approver', 'may decide on the requests of others, and revoke'),
      ('jit_auditor', 'may read all requests, approvals and grants'),
      ('jit_coordinator', 'the daemon: pushes what the database finds approved, ends what is over'),
      ('jit_delegate', 'may file requests for requesters; approves nothing, reads nothing, holds nothing'),
      ('jit_gateway', 'a server''s login for tokens: becomes a token''s owner through jit.token_login(), and may do nothing else'),
      ('jit_unmasked', 'sees masked columns raw'),
      ('jit_elevated', 'marker of jit_access for a relation that a grant covers; granted to nobody')
    ) AS r (role_name, remark)
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = made.role_name);
    BEGIN
      EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', made.role_name);
      EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', made.role_name, made.remark);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of the cluster was faster
    END;
  END LOOP;

  -- Whoever is, or can become, jit_elevated reads and writes everything.
  SELECT * INTO found FROM pg_catalog.pg_roles WHERE rolname = 'jit_elevated';
  IF found.rolcanlogin OR found.rolsuper OR found.rolcreaterole OR found.rolcreatedb
     OR found.rolreplication OR found.rolbypassrls THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'role "jit_elevated" exists and may do more than a marker should',
      HINT = 'ALTER ROLE jit_elevated NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS';
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_auth_members WHERE roleid = found.oid) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'role "jit_elevated" exists and has members',
      DETAIL = (SELECT 'Members: ' || pg_catalog.string_agg(DISTINCT m.member::pg_catalog.regrole::text, ', ')
                FROM pg_catalog.pg_auth_members m WHERE m.roleid = found.oid),
      HINT = 'REVOKE jit_elevated FROM each of them.';
  END IF;
  GRANT pg_read_all_data, pg_write_all_data TO jit_elevated;
END
$$;

CREATE SCHEMA jit;

