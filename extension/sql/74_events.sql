-- What has happened, for whoever follows along: the records of the audit log that are no statements.

-- By it the view below finds the few among the many. Its condition is that of the view, word for word.
CREATE INDEX audit_log_events ON jit.audit_log (seq) WHERE kind IN (
  'requested', 'approved', 'pending', 'denied', 'cancelled', 'lapsed', 'granted', 'started', 'expired', 'revoked', 'break_glass',
  'reviewed', 'token_created', 'token_revoked', 'token_used', 'policy_changed', 'mask_changed', 'mask_class_changed',
  'trusted_function_changed');

CREATE FUNCTION jit.groups_of(role oid) RETURNS text[]
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$ SELECT array_agg(g.rolname::text) FROM pg_roles g WHERE pg_has_role($1, g.oid, 'MEMBER') $$;

CREATE VIEW jit.events WITH (security_barrier) AS
SELECT l.seq AS id, l.at, l.kind AS event, l.request_ids[1] AS request_id, (l.detail->>'token_id')::bigint AS token_id,
       coalesce(l.detail->>'requester', l.detail->>'owner')::name AS requester, l.session_user_name AS actor,
       l.detail->>'status' AS status, l.detail->>'access' AS access, l.detail
FROM jit.audit_log l
-- OFFSET 0: looked up row by row, by index, so that the log's order stays and LIMIT ends the scan.
LEFT JOIN LATERAL (
  SELECT r.requester_oid, r.requested_by_oid, r.requirements FROM jit.requests r WHERE r.id = l.request_ids[1] OFFSET 0
) r ON true
LEFT JOIN LATERAL (
  SELECT t.owner_oid FROM jit.tokens t WHERE t.id = (l.detail->>'token_id')::bigint OFFSET 0
) t ON true
WHERE l.kind IN (
  'requested', 'approved', 'pending', 'denied', 'cancelled', 'lapsed', 'granted', 'started', 'expired', 'revoked', 'break_glass',
  'reviewed', 'token_created', 'token_revoked', 'token_used', 'policy_changed', 'mask_changed', 'mask_class_changed',
  'trusted_function_changed')
  AND ((SELECT jit.sees_all(jit.session_user_oid()))
       OR r.requester_oid = (SELECT jit.session_user_oid())
       OR r.requested_by_oid = (SELECT jit.session_user_oid())
       OR t.owner_oid = (SELECT jit.session_user_oid())
       OR ((SELECT EXISTS (SELECT FROM jit.policies p WHERE jit.is_member(jit.session_user_oid(), p.approver)))
           -- What jit.may_decide says, its parts that are the same for all rows taken once.
           AND (SELECT NOT jit.is_delegate(jit.session_user_oid()))
           AND EXISTS (SELECT FROM pg_catalog.jsonb_to_recordset(r.requirements) AS q (approver text)
                       WHERE q.approver = ANY ((SELECT jit.groups_of(jit.session_user_oid()))::text[]))))
ORDER BY l.seq;

-- The end of the log: whoever begins to follow begins there.
CREATE FUNCTION jit.events_head() RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$ SELECT s.last_seq FROM jit.audit_state s $$;
