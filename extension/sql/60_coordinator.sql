-- What the daemon may call. It decides nothing: each step is checked again here, under the row's lock.

-- Pushes one approved request, or sends it back where it no longer stands. Returns the event.
CREATE FUNCTION jit.push(INOUT request jit.requests, OUT event text, OUT detail text)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
AS $$
DECLARE
  ruling jit.ruling;
  begins timestamptz;
  seconds numeric;
  extended jit.requests;
BEGIN
  detail := jit.changed_object(request.objects);
  IF detail IS NOT NULL THEN
    detail := detail || ' is no longer what was asked for';
    PERFORM jit.end_request(request.id, 'revoked', NULL, detail);
    request.status := 'revoked';
    event := 'revoked';
    RETURN;
  END IF;
  ruling := jit.rule_on(request.requester_oid, request.objects);
  IF ruling.denied_by IS NOT NULL THEN
    detail := format('policy "%s" denies %s', ruling.denied_by, ruling.denied_what);
    PERFORM jit.end_request(request.id, 'denied', NULL, detail);
    request.status := 'denied';
    event := 'denied';
    RETURN;
  END IF;
  IF NOT jit.quorum_met(request.id, request.requester_oid, ruling.requirements) THEN
    -- Policies or memberships changed after the decision: it waits for approvers again, for the rest of its time.
    detail := 'the approvals given no longer suffice';
    UPDATE jit.requests r SET status = 'pending', decided_at = NULL, requirements = ruling.requirements,
      policy = nullif(array_to_string(ruling.policies, ', '), '')
    WHERE r.id = request.id;
    PERFORM jit.announce(request.id, 'pending');
    request.status := 'pending';
    event := 'pending';
    RETURN;
  END IF;

  request.pushed_at := clock_timestamp();
  begins := greatest(request.pushed_at, request.starts_at);
  seconds := least(jit.seconds(coalesce(request.approved_duration, request.duration)), jit.seconds(ruling.max_duration));
  IF request.extends IS NOT NULL THEN
    SELECT * INTO extended FROM jit.requests r WHERE r.id = request.extends;
    IF extended.status = 'active' AND extended.expires_at > begins THEN
      -- No chain of extensions reaches further ahead than one request could.
      seconds := least(seconds + extract(epoch FROM extended.expires_at - begins), jit.seconds(ruling.max_duration));
    END IF;
  END IF;
  request.expires_at := begins + make_interval(secs => seconds::double precision);
  request.status := CASE WHEN begins <= request.pushed_at THEN 'active' ELSE 'approved' END;
  event := 'granted';
  UPDATE jit.requests r SET status = request.status, pushed_at = request.pushed_at, expires_at = request.expires_at
  WHERE r.id = request.id;
  PERFORM jit.insert_grants(request, begins, request.expires_at);
  PERFORM jit.announce(request.id, event);
END
$$;

-- Requests with something to do at the instant given. Cheap at any number of open requests: every arm is an index (and
-- would not be with clock_timestamp(), which is volatile, in place of the argument).
CREATE FUNCTION jit.due(instant timestamptz) RETURNS TABLE (request_id bigint)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE
  member (oid) AS (
    SELECT r.oid FROM pg_roles r WHERE r.rolname = 'jit_requester'
    UNION
    SELECT m.member FROM member g JOIN pg_auth_members m ON m.roleid = g.oid
  ),
  delegate (oid) AS (
    SELECT r.oid FROM pg_roles r WHERE r.rolname = 'jit_delegate'
    UNION
    SELECT m.member FROM delegate g JOIN pg_auth_members m ON m.roleid = g.oid
  ),
  requester (oid) AS (  -- the requesters of open requests, by index, without reading all of those
    (SELECT r.requester_oid FROM jit.requests r WHERE r.status IN ('pending', 'approved', 'active')
     ORDER BY r.requester_oid LIMIT 1)
    UNION ALL
    SELECT (SELECT r.requester_oid FROM jit.requests r
            WHERE r.status IN ('pending', 'approved', 'active') AND r.requester_oid > q.oid
            ORDER BY r.requester_oid LIMIT 1)
    FROM requester q WHERE q.oid IS NOT NULL
  ),
  relation (oid) AS (
    (SELECT g.relation_oid FROM jit.grants g WHERE g.revoked_at IS NULL ORDER BY g.relation_oid LIMIT 1)
    UNION ALL
    SELECT (SELECT g.relation_oid FROM jit.grants g
            WHERE g.revoked_at IS NULL AND g.relation_oid > q.oid ORDER BY g.relation_oid LIMIT 1)
    FROM relation q WHERE q.oid IS NOT NULL
  ),
  schema (oid) AS (
    (SELECT g.schema_oid FROM jit.grants g WHERE g.revoked_at IS NULL ORDER BY g.schema_oid LIMIT 1)
    UNION ALL
    SELECT (SELECT g.schema_oid FROM jit.grants g
            WHERE g.revoked_at IS NULL AND g.schema_oid > q.oid ORDER BY g.schema_oid LIMIT 1)
    FROM schema q WHERE q.oid IS NOT NULL
  )
  SELECT r.id FROM jit.requests r WHERE r.status = 'approved' AND r.pushed_at IS NULL
  UNION
  SELECT r.id FROM jit.requests r
  WHERE r.status = 'approved' AND r.pushed_at IS NOT NULL AND r.starts_at <= $1
  UNION
  SELECT r.id FROM jit.requests r WHERE r.status = 'pending' AND r.lapse_at <= $1
  UNION
  SELECT r.id FROM jit.requests r WHERE r.status = 'active' AND r.expires_at <= $1
  UNION
  SELECT r.id FROM requester q
  JOIN jit.requests r ON r.requester_oid = q.oid AND r.status IN ('pending', 'approved', 'active')
  WHERE NOT EXISTS (SELECT FROM member m WHERE m.oid = q.oid) OR EXISTS (SELECT FROM delegate d WHERE d.oid = q.oid)
  UNION
  SELECT g.request_id FROM relation q JOIN jit.grants g ON g.relation_oid = q.oid AND g.revoked_at IS NULL
  WHERE q.oid <> 0 AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = q.oid) AND g.expires_at > $1
  UNION
  SELECT g.request_id FROM schema q JOIN jit.grants g ON g.schema_oid = q.oid AND g.revoked_at IS NULL
  WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.oid = q.oid) AND g.expires_at > $1
  UNION
  SELECT r.id FROM jit.requests r JOIN jit.requests p ON p.id = r.extends AND p.status = 'revoked'
  WHERE r.extends IS NOT NULL AND r.status IN ('pending', 'approved', 'active')
  UNION
  SELECT r.id FROM jit.requests r
  WHERE r.session_only AND r.status IN ('pending', 'approved', 'active')
    AND NOT EXISTS (SELECT FROM pg_stat_get_activity(r.session_pid) a WHERE a.backend_start = r.session_start)
  ORDER BY 1;
END
$$;

-- Ends the grants of the request whose object is gone; true when none that lives is left.
CREATE FUNCTION jit.revoke_orphans(request_id bigint) RETURNS boolean
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE jit.grants g SET revoked_at = clock_timestamp()
  WHERE g.request_id = revoke_orphans.request_id AND g.revoked_at IS NULL AND g.expires_at > clock_timestamp()
    AND NOT EXISTS (SELECT FROM pg_namespace n
                    WHERE n.oid = g.schema_oid
                      AND (g.relation_oid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = g.relation_oid)));
  RETURN FOUND AND NOT EXISTS (SELECT FROM jit.grants g
                               WHERE g.request_id = revoke_orphans.request_id AND g.revoked_at IS NULL);
END
$$;

CREATE FUNCTION jit.run_due() RETURNS TABLE (request_id bigint, event text, status text, detail text)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
  SET jit = off
AS $$
DECLARE
  started_at constant timestamptz := clock_timestamp();
  due_id bigint;
  request jit.requests;
  pushed record;
BEGIN
  -- An old snapshot would show policies, approvals and grants that are no longer true.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM jit.refuse('active_sql_transaction', 'jit.run_due needs the isolation level READ COMMITTED',
      'Call it in a transaction of its own.');
  END IF;

  FOR due_id IN SELECT d.request_id FROM jit.due(clock_timestamp()) AS d LOOP
    -- What is left is done by the next call, which the notifications of this one bring about.
    EXIT WHEN clock_timestamp() > started_at + interval '2 seconds';
    BEGIN
      event := NULL;
      detail := NULL;
      SELECT * INTO request FROM jit.requests r WHERE r.id = due_id FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;

      IF request.status NOT IN ('pending', 'approved', 'active') THEN
        CONTINUE;  -- decided since the list was made
      ELSIF request.status = 'pending' AND request.lapse_at <= clock_timestamp() THEN
        event := 'lapsed';
        PERFORM jit.end_request(due_id, event, NULL, 'nobody decided in time');
      ELSIF request.pushed_at IS NOT NULL AND request.expires_at <= clock_timestamp() THEN
        event := 'expired';
        PERFORM jit.end_request(due_id, event, NULL, NULL);
      ELSIF request.database_oid <> jit.database_oid() THEN
        event := CASE WHEN request.status = 'pending' THEN 'cancelled' ELSE 'revoked' END;
        detail := 'it belongs to the database of which this one is a copy';
        PERFORM jit.end_request(due_id, event, NULL, detail);
      ELSIF NOT jit.is_still_requester(request) THEN
        event := CASE WHEN request.status = 'pending' THEN 'cancelled' ELSE 'revoked' END;
        detail := format('role "%s" is no longer a requester', request.requester);
        PERFORM jit.end_request(due_id, event, NULL, detail);
      ELSIF EXISTS (SELECT FROM jit.requests p WHERE p.id = request.extends AND p.status = 'revoked') THEN
        event := CASE WHEN request.status = 'pending' THEN 'cancelled' ELSE 'revoked' END;
        detail := format('request %s, which it extends, was revoked', request.extends);
        PERFORM jit.end_request(due_id, event, NULL, detail);
      ELSIF request.session_only
            AND NOT EXISTS (SELECT FROM pg_stat_get_activity(request.session_pid) a
                            WHERE a.backend_start = request.session_start) THEN
        event := CASE WHEN request.status = 'pending' THEN 'cancelled' ELSE 'revoked' END;
        detail := 'the session it was bound to has ended';
        PERFORM jit.end_request(due_id, event, NULL, detail);
      ELSIF request.status = 'approved' AND request.pushed_at IS NULL THEN
        SELECT * INTO pushed FROM jit.push(request);
        event := pushed.event;
        detail := pushed.detail;
      ELSIF jit.revoke_orphans(due_id) THEN
        event := 'revoked';
        detail := 'what it was granted on was dropped';
        PERFORM jit.end_request(due_id, event, NULL, detail);
      ELSIF request.status = 'approved' AND request.starts_at <= clock_timestamp() THEN
        event := 'started';
        UPDATE jit.requests r SET status = 'active' WHERE r.id = due_id;
        PERFORM jit.announce(due_id, event);
      END IF;
      CONTINUE WHEN event IS NULL;
    EXCEPTION WHEN OTHERS THEN
      -- One request that fails holds up no other; it is tried again next time.
      event := 'error';
      detail := SQLSTATE || ': ' || SQLERRM;
      RAISE WARNING 'jit_access: request % could not be moved on: %', due_id, detail;
    END;
    request_id := due_id;
    SELECT r.status INTO status FROM jit.requests r WHERE r.id = due_id;
    RETURN NEXT;
  END LOOP;
END
$$;

-- The next instant at which run_due has work, so that the daemon sleeps until then.
CREATE FUNCTION jit.next_due() RETURNS timestamptz
  LANGUAGE sql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT least(
    (SELECT min(r.starts_at) FROM jit.requests r
     WHERE r.status = 'approved' AND r.pushed_at IS NOT NULL AND r.starts_at > clock_timestamp()),
    (SELECT min(r.lapse_at) FROM jit.requests r WHERE r.status = 'pending' AND r.lapse_at > clock_timestamp()),
    (SELECT min(r.expires_at) FROM jit.requests r WHERE r.status = 'active' AND r.expires_at > clock_timestamp()))
$$;

-- For the daemon's metrics: by index, whatever the history.
CREATE FUNCTION jit.open_requests() RETURNS TABLE (status text, requests bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.status, count(r.status)
  FROM unnest(ARRAY['pending', 'approved', 'active']) AS s (status)
  LEFT JOIN jit.requests r ON r.status = s.status AND r.status IN ('pending', 'approved', 'active')
  GROUP BY s.status
$$;

CREATE FUNCTION jit.running() RETURNS TABLE (pid integer, request_id bigint, grantee name)
  LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'jit_running';

CREATE FUNCTION jit.cancel_ended() RETURNS TABLE (pid integer, request_id bigint)
  LANGUAGE c VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'jit_cancel_ended';

CREATE FUNCTION jit.library_version() RETURNS text
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_library_version';

-- Dropping what a grant is on revokes it: its OID can come back as another object. A request that somebody holds
-- locked is left to run_due: a requester's open transaction must not block a DROP TABLE.
CREATE FUNCTION jit.objects_dropped() RETURNS event_trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET enable_seqscan = off  -- however many grants are on one table: a DROP of another goes by the index
AS $$
DECLARE
  dropped record;
  ended bigint;
BEGIN
  FOR dropped IN
    SELECT d.classid = 'pg_class'::regclass AS is_relation, d.objid
    FROM pg_event_trigger_dropped_objects() d
    WHERE d.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass) AND d.objsubid = 0
  LOOP
    FOR ended IN
      SELECT g.request_id FROM jit.grants g
      WHERE dropped.is_relation AND g.relation_oid = dropped.objid AND g.revoked_at IS NULL
      UNION
      SELECT g.request_id FROM jit.grants g
      WHERE NOT dropped.is_relation AND g.schema_oid = dropped.objid AND g.revoked_at IS NULL
    LOOP
      PERFORM FROM jit.requests r WHERE r.id = ended FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
      IF jit.revoke_orphans(ended) THEN
        PERFORM jit.end_request(ended, 'revoked', session_user, 'what it was granted on was dropped');
      END IF;
    END LOOP;
  END LOOP;
END
$$;

CREATE EVENT TRIGGER jit_objects_dropped ON sql_drop EXECUTE FUNCTION jit.objects_dropped();
ALTER EVENT TRIGGER jit_objects_dropped ENABLE ALWAYS;

