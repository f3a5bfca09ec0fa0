-- For servers that keep sessions of people and follow along for them: asked every few seconds, and no statement of
-- theirs. Asked word for word as the audit log knows them (audit/housekeeping.cpp), they have no record there.

-- Memberships are those that somebody gave: a superuser is not in every group.
CREATE FUNCTION jit.session_facts()
  RETURNS TABLE ("user" name, database name, role oid, superuser boolean, may_log_in boolean, password_unchanged boolean,
                 requester boolean, approver boolean, auditor boolean, delegate boolean)
  LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE me AS (
    SELECT r.* FROM pg_roles r WHERE r.rolname = session_user
  ), above (oid) AS (
    SELECT m.oid FROM me m
    UNION
    SELECT g.roleid FROM above a JOIN pg_auth_members g ON g.member = a.oid
  ), groups AS (
    SELECT array_agg(r.rolname) AS names FROM above a JOIN pg_roles r ON r.oid = a.oid
  )
  SELECT session_user, current_database(), m.oid, m.rolsuper,
         m.rolcanlogin AND (m.rolvaliduntil IS NULL OR m.rolvaliduntil > clock_timestamp()), jit.password_unchanged(),
         'jit_requester' = ANY (g.names), 'jit_approver' = ANY (g.names), 'jit_auditor' = ANY (g.names),
         'jit_delegate' = ANY (g.names)
  FROM me m CROSS JOIN groups g
$$;

-- Where there are no more, the last row has an id and nothing else: up to it there is nothing that the caller may see, and
-- the next call need not look again.
CREATE FUNCTION jit.events_after(after bigint, most integer) RETURNS SETOF jit.events
  LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  head constant bigint := jit.events_head();
  found integer;
  beyond jit.events;
BEGIN
  RETURN QUERY SELECT e.* FROM jit.events e WHERE e.id > after ORDER BY e.id LIMIT most;
  GET DIAGNOSTICS found = ROW_COUNT;
  IF found < most AND head > after THEN
    beyond.id := head;
    RETURN NEXT beyond;
  END IF;
END
$$;
