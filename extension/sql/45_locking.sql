-- Reaching a request: who may see it, and holding it still while somebody decides.

-- Who reads about every request.
CREATE FUNCTION jit.sees_all(role oid) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (jit.is_member($1, 'jit_approver') AND NOT jit.is_delegate($1))
      OR jit.is_member($1, 'jit_auditor') OR jit.is_member($1, 'jit_coordinator')
$$;

-- The request, with its status as of the clock. To somebody who may not see it, it does not exist.
CREATE FUNCTION jit.see_request(request_id bigint) RETURNS jit.requests
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  hint constant text := 'jit.my_requests lists your own requests, jit.pending those that you may decide.';
  me constant oid := jit.session_user_oid();
  request jit.requests;
BEGIN
  IF request_id IS NULL THEN
    PERFORM jit.refuse('null_value_not_allowed', 'request_id must not be NULL', hint);
  END IF;
  SELECT * INTO request FROM jit.requests r WHERE r.id = see_request.request_id;
  IF NOT FOUND OR NOT (request.requester_oid = me OR request.requested_by_oid IS NOT DISTINCT FROM me OR jit.sees_all(me) OR jit.may_decide(me, request.requirements)) THEN
    PERFORM jit.refuse('undefined_object', format('request %s does not exist', request_id), hint);
  END IF;
  request.status := jit.status_now(request.status, request.lapse_at, request.pushed_at, request.starts_at, request.expires_at);
  RETURN request;
END
$$;

-- A request and all that extends it.
CREATE FUNCTION jit.chain_of(request_id bigint) RETURNS SETOF bigint
  LANGUAGE sql VOLATILE ROWS 2
  SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE chain (id) AS (
    SELECT $1
    UNION
    SELECT r.id FROM chain c JOIN jit.requests r ON r.extends = c.id
  )
  SELECT c.id FROM chain c ORDER BY c.id
$$;

CREATE FUNCTION jit.lock_chain(request_id bigint, no_wait boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  member bigint;
BEGIN
  FOR member IN SELECT * FROM jit.chain_of(request_id) LOOP
    IF no_wait THEN
      PERFORM FROM jit.requests r WHERE r.id = member FOR UPDATE NOWAIT;
    ELSE
      PERFORM FROM jit.requests r WHERE r.id = member FOR UPDATE;
    END IF;
  END LOOP;
END
$$;

-- Ends sessions of these roles that keep the chain locked: those whose transactions the rows name, or, where that is not
-- enough (several may share a lock), all that have locked rows of jit.requests at all.
CREATE FUNCTION jit.end_holders(request_id bigint, roles oid[], all_of_them boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  holder record;
BEGIN
  FOR holder IN
    SELECT DISTINCT a.pid, a.usename
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE a.usesysid = ANY (roles) AND a.pid <> pg_backend_pid() AND l.granted
      AND CASE WHEN all_of_them
               THEN l.locktype = 'relation' AND l.relation = 'jit.requests'::regclass
                    AND l.database = jit.database_oid() AND l.mode IN ('RowShareLock', 'RowExclusiveLock')
               ELSE l.locktype = 'transactionid'
                    AND l.transactionid IN (SELECT r.xmax FROM jit.chain_of(request_id) AS c (id) JOIN jit.requests r ON r.id = c.id)
          END
  LOOP
    PERFORM pg_terminate_backend(holder.pid, 5000);
    RAISE NOTICE 'ended session % of "%", which held a request locked', holder.pid, holder.usename;
  END LOOP;
END
$$;

-- The request, locked for a decision. With `evict` (revoking, denying), nobody but another approver or a superuser can hold
-- that up: whoever calls jit_revoke, or jit.run_due, in a transaction and leaves it open would otherwise keep approvers
-- from ending what still runs. Others than the requester get two seconds, for they may just be at work.
CREATE FUNCTION jit.lock_request(request_id bigint, evict boolean DEFAULT false) RETURNS jit.requests
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  request jit.requests := jit.see_request(request_id);
  usual_timeout constant text := current_setting('lock_timeout');
BEGIN
  IF evict AND request.requester_oid <> jit.session_user_oid() THEN
    BEGIN
      PERFORM jit.lock_chain(request.id, true);
    EXCEPTION WHEN lock_not_available THEN
      PERFORM jit.end_holders(request.id, ARRAY[request.requester_oid], false);
      BEGIN
        PERFORM set_config('lock_timeout', '2s', true);
        PERFORM jit.lock_chain(request.id, false);
        PERFORM set_config('lock_timeout', usual_timeout, true);
      EXCEPTION WHEN lock_not_available THEN
        -- Whoever it is: the owner of another table of the request who has dropped that and not committed, say.
        PERFORM jit.end_holders(request.id, ARRAY(
          SELECT r.oid FROM pg_roles r WHERE NOT r.rolsuper AND NOT jit.may_decide(r.oid, request.requirements)), false);
        PERFORM jit.end_holders(request.id, request.requester_oid || ARRAY(
          SELECT r.oid FROM pg_roles r
          WHERE NOT r.rolsuper AND jit.is_member(r.oid, 'jit_coordinator') AND NOT jit.may_decide(r.oid, request.requirements)),
          true);
        PERFORM jit.lock_chain(request.id, false);
      END;
    END;
  ELSE
    PERFORM FROM jit.requests r WHERE r.id = request.id FOR UPDATE;
  END IF;
  RETURN jit.see_request(request_id);
END
$$;

CREATE FUNCTION jit.wrong_status(request jit.requests, wanted text, hint text) RETURNS void
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM jit.refuse('object_not_in_prerequisite_state',
    format('request %s is %s, not %s', request.id, request.status, wanted),
    hint);
END
$$;

