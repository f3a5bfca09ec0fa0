-- Tokens: what a program shows in place of a password, for a while and for some purposes.

-- Never in pg_dump, whatever it carries of the rest: a token is for one database, and a copy has none.
CREATE TABLE jit.tokens (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text NOT NULL,
  owner        name NOT NULL,
  owner_oid    oid NOT NULL,
  hash         bytea NOT NULL UNIQUE,
  scopes       text[] NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  revoked_by   name,
  database_oid oid NOT NULL DEFAULT jit.database_oid()
);
CREATE INDEX tokens_by_owner ON jit.tokens (owner_oid, id);

-- Sessions that run by a token end when that is revoked, by whatever way.
CREATE FUNCTION jit.tokens_changed() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'jit_tokens_changed';

CREATE TRIGGER changed_row AFTER UPDATE ON jit.tokens
  FOR EACH ROW
  WHEN ((OLD.id, OLD.name, OLD.owner, OLD.owner_oid, OLD.hash, OLD.scopes, OLD.expires_at, OLD.revoked_at, OLD.database_oid)
        IS DISTINCT FROM
        (NEW.id, NEW.name, NEW.owner, NEW.owner_oid, NEW.hash, NEW.scopes, NEW.expires_at, NEW.revoked_at, NEW.database_oid))
  EXECUTE FUNCTION jit.tokens_changed();
CREATE TRIGGER deleted_row AFTER DELETE ON jit.tokens
  FOR EACH ROW EXECUTE FUNCTION jit.tokens_changed();
CREATE TRIGGER changed_all AFTER TRUNCATE ON jit.tokens
  FOR EACH STATEMENT EXECUTE FUNCTION jit.tokens_changed();
ALTER TABLE jit.tokens ENABLE ALWAYS TRIGGER changed_row;
ALTER TABLE jit.tokens ENABLE ALWAYS TRIGGER deleted_row;
ALTER TABLE jit.tokens ENABLE ALWAYS TRIGGER changed_all;

CREATE FUNCTION @extschema@.jit_token_create(name text, scopes text[], lifetime interval DEFAULT '30 days')
  RETURNS TABLE (id bigint, token text, expires_at timestamptz)
  LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'jit_token_create';
-- Through jit_decide, to jit.decide_token_revoke.
CREATE FUNCTION @extschema@.jit_token_revoke(token_id bigint) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_decide';

CREATE FUNCTION jit.token_login() RETURNS TABLE (id bigint, name text, owner name, scopes text[], expires_at timestamptz)
  LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'jit_token_login';
CREATE FUNCTION jit.session_token() RETURNS TABLE (id bigint, name text, scopes text[], expires_at timestamptz)
  LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 1 AS 'MODULE_PATHNAME', 'jit_session_token';

CREATE FUNCTION jit.password_unchanged() RETURNS boolean
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_password_unchanged';

CREATE FUNCTION jit.audit_detail_of_token(token jit.tokens) RETURNS jsonb
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
  SELECT jsonb_build_object('token_id', ($1).id, 'name', ($1).name, 'owner', ($1).owner, 'scopes', to_jsonb(($1).scopes),
                            'expires_at', ($1).expires_at)
$$;

-- Whether a role has anything to do that a token could be for.
CREATE FUNCTION jit.may_have_tokens(role oid) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM pg_roles r WHERE r.oid = $1 AND r.rolcanlogin AND NOT r.rolsuper)
     AND NOT jit.was_granted($1, 'jit_gateway')
     AND (jit.was_granted($1, 'jit_requester') OR jit.was_granted($1, 'jit_approver') OR jit.was_granted($1, 'jit_auditor')
          OR jit.was_granted($1, 'jit_delegate')
          OR EXISTS (SELECT FROM jit.policies p WHERE jit.was_granted($1, p.approver)))
$$;

-- Behind jit_token_create, which has made the token and digested it.
CREATE FUNCTION jit.store_token(name text, scopes text[], lifetime interval, hash bytea) RETURNS jit.tokens
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
AS $$
DECLARE
  known constant text[] := ARRAY['request', 'approve', 'read', 'query'];
  me constant oid := jit.session_user_oid();
  most_days constant integer := current_setting('jit_access.token_max_lifetime')::integer;
  now_at constant timestamptz := clock_timestamp();
  made jit.tokens;
  scope text;
BEGIN
  IF EXISTS (SELECT FROM pg_roles r WHERE r.oid = me AND r.rolsuper) THEN
    PERFORM jit.refuse('insufficient_privilege', format('role "%s" is a superuser: a token of its would be one', session_user),
      'Make a login for what is to be done, and the token as that.');
  END IF;
  IF NOT jit.may_have_tokens(me) THEN
    PERFORM jit.refuse('insufficient_privilege', format('role "%s" may have no tokens', session_user),
      'Requesters, approvers, auditors and delegates may, if they can log in, and are no server''s login for tokens.');
  END IF;
  IF name IS NULL OR scopes IS NULL OR lifetime IS NULL THEN
    PERFORM jit.refuse('null_value_not_allowed',
      CASE WHEN name IS NULL THEN 'name' WHEN scopes IS NULL THEN 'scopes' ELSE 'lifetime' END || ' must not be NULL',
      'As in: SELECT * FROM jit_token_create(''ci'', ARRAY[''read''], ''30 days'');');
  END IF;
  IF btrim(name, E' \t\r\n') = '' THEN
    PERFORM jit.refuse('invalid_parameter_value', 'name must not be empty', 'Say what the token is for: by it you will know it.');
  END IF;
  PERFORM jit.check_words('name', name, 100);
  IF name ~ '[[:cntrl:]]' THEN
    PERFORM jit.refuse('invalid_parameter_value', 'name contains control characters', 'It is one line of plain text.');
  END IF;
  FOREACH scope IN ARRAY scopes LOOP
    IF scope IS NULL OR scope <> ALL (known) THEN
      PERFORM jit.refuse('invalid_parameter_value', format('unrecognized scope "%s"', coalesce(scope, 'NULL')),
        'Scopes are request, approve, read and query.');
    END IF;
  END LOOP;
  IF cardinality(scopes) = 0 THEN
    PERFORM jit.refuse('invalid_parameter_value', 'a token needs a scope', 'Scopes are request, approve, read and query.');
  END IF;
  IF most_days = 0 THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state', 'tokens are switched off',
      'jit_access.token_max_lifetime is 0 in postgresql.conf.');
  END IF;
  IF NOT isfinite(lifetime) OR jit.seconds(lifetime) <= 0 OR jit.seconds(lifetime) > most_days * 86400 THEN
    PERFORM jit.refuse('invalid_parameter_value', format('lifetime %s is not between zero and %s days', lifetime, most_days),
      'jit_access.token_max_lifetime says how long a token may live.');
  END IF;
  IF (SELECT count(*) FROM jit.tokens t
      WHERE t.owner_oid = me AND t.database_oid = jit.database_oid() AND t.revoked_at IS NULL AND t.expires_at > now_at) >= 100 THEN
    PERFORM jit.refuse('configuration_limit_exceeded', format('role "%s" has 100 tokens', session_user),
      'Revoke those that are not needed: jit.visible_tokens lists them, jit_token_revoke ends them.');
  END IF;
  INSERT INTO jit.tokens (name, owner, owner_oid, hash, scopes, created_at, expires_at, database_oid)
  VALUES (btrim(store_token.name), session_user, me, store_token.hash,
          ARRAY(SELECT k.scope FROM unnest(known) WITH ORDINALITY AS k (scope, n) WHERE k.scope = ANY (store_token.scopes) ORDER BY k.n),
          now_at, now_at + make_interval(secs => jit.seconds(lifetime)::double precision), jit.database_oid())
  RETURNING * INTO made;
  PERFORM jit.audit_event('token_created', NULL, jit.audit_detail_of_token(made));
  RETURN made;
END
$$;

-- Behind jit.token_login, in this order: what it finds it lists among the running sessions before it uses it.
CREATE FUNCTION jit.find_token(hash bytea) RETURNS jit.tokens
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found_token jit.tokens;
BEGIN
  SELECT * INTO found_token FROM jit.tokens t WHERE t.hash = find_token.hash;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN found_token;
END
$$;

CREATE FUNCTION jit.use_token(token_id bigint) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  used jit.tokens;
BEGIN
  UPDATE jit.tokens t SET last_used_at = clock_timestamp()
  WHERE t.id = token_id AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp() AND t.database_oid = jit.database_oid()
    AND jit.may_have_tokens(t.owner_oid)
  RETURNING * INTO used;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM jit.audit_event('token_used', NULL, jit.audit_detail_of_token(used) || jsonb_build_object('gateway', session_user));
  RETURN true;
END
$$;

-- Ends sessions of the owner that have tokens locked: whoever has one stolen could call jit_token_revoke in a
-- transaction and leave that open.
CREATE FUNCTION jit.end_token_holders(owner oid) RETURNS void
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  holder record;
BEGIN
  FOR holder IN
    SELECT DISTINCT a.pid, a.usename
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE a.usesysid = end_token_holders.owner AND a.pid <> pg_backend_pid() AND l.granted
      AND l.locktype = 'relation' AND l.relation = 'jit.tokens'::regclass AND l.database = jit.database_oid()
      AND l.mode IN ('RowShareLock', 'RowExclusiveLock')
  LOOP
    PERFORM pg_terminate_backend(holder.pid, 5000);
    RAISE NOTICE 'ended session % of "%", which held a token locked', holder.pid, holder.usename;
  END LOOP;
END
$$;

CREATE FUNCTION jit.decide_token_revoke(token_id bigint) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  hint constant text := 'jit.visible_tokens lists your tokens.';
  me constant oid := jit.session_user_oid();
  token jit.tokens;
BEGIN
  IF token_id IS NULL THEN
    PERFORM jit.refuse('null_value_not_allowed', 'token_id must not be NULL', hint);
  END IF;
  SELECT * INTO token FROM jit.tokens t WHERE t.id = token_id;
  IF NOT FOUND OR NOT (token.owner_oid = me OR jit.sees_all(me)) THEN
    PERFORM jit.refuse('undefined_object', format('token %s does not exist', token_id), hint);
  END IF;
  IF token.owner_oid <> me THEN
    IF NOT jit.is_member(me, 'jit_approver') OR jit.is_delegate(me) THEN
      PERFORM jit.refuse('insufficient_privilege', format('role "%s" may not revoke token %s', session_user, token_id),
        'Its owner and members of jit_approver may.');
    END IF;
    PERFORM jit.require_scope('approve');
  ELSIF NOT EXISTS (SELECT FROM jit.session_token() s WHERE s.id = token_id) THEN
    -- Each may end itself.
    PERFORM jit.require_scope('request');
  END IF;
  BEGIN
    SELECT * INTO token FROM jit.tokens t WHERE t.id = token_id FOR UPDATE NOWAIT;
  EXCEPTION WHEN lock_not_available THEN
    PERFORM jit.end_token_holders(token.owner_oid);
    SELECT * INTO token FROM jit.tokens t WHERE t.id = token_id FOR UPDATE;
  END;
  IF token.revoked_at IS NOT NULL THEN
    RETURN 'revoked';
  END IF;
  UPDATE jit.tokens t SET revoked_at = clock_timestamp(), revoked_by = session_user WHERE t.id = token_id;
  PERFORM jit.audit_event('token_revoked', NULL, jit.audit_detail_of_token(token));
  PERFORM pg_notify('jit_access', format('{"token_id":%s,"event":"token_revoked"}', token_id))
  WHERE pg_notification_queue_usage() < 0.5;
  RETURN 'revoked';
END
$$;

CREATE VIEW jit.visible_tokens WITH (security_barrier) AS
SELECT t.id, t.name, t.owner, t.scopes, t.created_at, t.expires_at, t.last_used_at, t.revoked_at, t.revoked_by,
       CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked'
            WHEN t.expires_at <= clock_timestamp() THEN 'expired'
            -- A token is its owner's by OID and name.
            WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = t.owner_oid AND r.rolname = t.owner) THEN 'expired'
            ELSE 'active' END AS status
FROM jit.tokens t
WHERE t.database_oid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
  AND (t.owner_oid = (SELECT jit.session_user_oid()) OR (SELECT jit.sees_all(jit.session_user_oid())));
