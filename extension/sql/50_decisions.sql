-- Deciding: four eyes and quorum are held here, by the database, whoever calls.

-- What people call. Each goes through jit_decide, which refuses where the session's user is not who is acting (inside
-- SECURITY DEFINER functions, index expressions, autovacuum ...), and then calls jit.decide_<its name> as the owner.
CREATE FUNCTION @extschema@.jit_approve(request_id bigint, comment text DEFAULT NULL, duration interval DEFAULT NULL) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_decide';
CREATE FUNCTION @extschema@.jit_deny(request_id bigint, comment text DEFAULT NULL) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_decide';
CREATE FUNCTION @extschema@.jit_cancel(request_id bigint) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_decide';
CREATE FUNCTION @extschema@.jit_revoke(request_id bigint, reason text DEFAULT NULL) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_decide';
CREATE FUNCTION @extschema@.jit_extend(request_id bigint, duration interval, reason text) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_decide';
CREATE FUNCTION jit.review(request_id bigint, comment text) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_decide';

-- Whether every requirement has its approvals, counting only those who still are members of the approver role.
CREATE FUNCTION jit.quorum_met(request_id bigint, requester oid, requirements jsonb) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(bool_and(r.approvals <= (
           SELECT count(*) FROM jit.approvals a
           WHERE a.request_id = $1 AND a.decision = 'approve' AND a.approver_oid <> $2
             AND jit.is_member(a.approver_oid, r.approver) AND NOT jit.is_delegate(a.approver_oid))), false)
  FROM jsonb_to_recordset($3) AS r (approver text, approvals integer)
$$;

-- Whether the role may decide on anything: member of one of the approver roles, or of jit_approver; and no delegate.
CREATE FUNCTION jit.may_decide(role oid, requirements jsonb) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (jit.is_member($1, 'jit_approver')
          OR EXISTS (SELECT FROM jsonb_to_recordset($2) AS r (approver text) WHERE jit.is_member($1, r.approver)))
     AND NOT jit.is_delegate($1)
$$;

CREATE FUNCTION jit.names_of_approvers(requirements jsonb) RETURNS text
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT string_agg(DISTINCT format('"%s"', r.approver), ', ')
  FROM jsonb_to_recordset($1) AS r (approver text)
$$;

CREATE FUNCTION jit.decide_approve(request_id bigint, comment text, duration interval) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
  SET jit = off
AS $$
DECLARE
  me constant oid := jit.session_user_oid();
  request jit.requests;
  ruling jit.ruling;
  changed text;
  granted interval;
BEGIN
  request := jit.lock_request(request_id);
  IF request.requester_oid = me THEN
    PERFORM jit.refuse('insufficient_privilege', format('request %s is your own', request.id),
      'Somebody else has to approve it.');
  END IF;
  IF request.requested_by_oid = me THEN
    PERFORM jit.refuse('insufficient_privilege', format('you have filed request %s yourself, for "%s"', request.id, request.requester),
      'Somebody else has to approve it.');
  END IF;
  IF NOT jit.may_decide(me, request.requirements) THEN
    PERFORM jit.refuse('insufficient_privilege',
      format('role "%s" may not approve request %s', session_user, request.id),
      format('Members of %s may.', jit.names_of_approvers(request.requirements)));
  END IF;
  IF request.status <> 'pending' THEN
    PERFORM jit.wrong_status(request, 'pending', 'Only a pending request can be decided.');
  END IF;
  PERFORM jit.check_words('comment', comment, 4000);

  IF NOT jit.is_still_requester(request) THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state',
      format('role "%s" is no longer a requester', request.requester),
      'Deny the request, or have a DBA GRANT jit_requester again.');
  END IF;
  IF request.database_oid <> jit.database_oid() THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state',
      format('request %s was made in another database, of which this one is a copy', request.id),
      'Deny it, and have it asked anew.');
  END IF;
  changed := jit.changed_object(request.objects);
  IF changed IS NOT NULL THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state',
      format('%s is no longer what request %s asked for', changed, request.id),
      'It was dropped, renamed or replaced meanwhile: deny the request, and have it asked anew.');
  END IF;
  ruling := jit.rule_on(request.requester_oid, request.objects);
  IF ruling.denied_by IS NOT NULL THEN
    PERFORM jit.refuse('insufficient_privilege',
      format('policy "%s" denies %s', ruling.denied_by, ruling.denied_what),
      'The policy was made after the request: deny the request.');
  END IF;
  IF NOT EXISTS (SELECT FROM jsonb_to_recordset(ruling.requirements) AS q (approver text)
                 WHERE jit.is_member(me, q.approver)) THEN
    PERFORM jit.refuse('insufficient_privilege',
      format('role "%s" may not approve request %s', session_user, request.id),
      format('Members of %s may.', jit.names_of_approvers(ruling.requirements)));
  END IF;
  IF EXISTS (SELECT FROM jit.approvals a WHERE a.request_id = request.id AND a.approver_oid = me) THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state', format('you have approved request %s already', request.id),
      'It takes another approver.');
  END IF;

  granted := coalesce(request.approved_duration, request.duration);
  IF duration IS NOT NULL THEN
    IF NOT isfinite(duration) OR jit.seconds(duration) <= 0 OR jit.seconds(duration) > jit.seconds(granted) THEN
      PERFORM jit.refuse('invalid_parameter_value',
        format('duration %s is not between zero and %s', duration, granted),
        'An approver may shorten what was asked for, never lengthen it.');
    END IF;
    granted := duration;
  END IF;
  IF jit.seconds(granted) > jit.seconds(ruling.max_duration) THEN
    granted := ruling.max_duration;
  END IF;

  INSERT INTO jit.approvals (request_id, approver, approver_oid, decision, comment, duration, decided_at)
  VALUES (request.id, session_user, me, 'approve', decide_approve.comment, decide_approve.duration, clock_timestamp());
  IF jit.quorum_met(request.id, request.requester_oid, ruling.requirements) THEN
    request.status := 'approved';
    request.decided_at := clock_timestamp();
  END IF;
  -- Written even while the quorum is open: two approvers at once must meet on this row, at every isolation level.
  UPDATE jit.requests r
  SET status = request.status, decided_at = request.decided_at, approved_duration = granted,
      requirements = ruling.requirements, policy = nullif(array_to_string(ruling.policies, ', '), '')
  WHERE r.id = request.id;
  PERFORM jit.announce(request.id, request.status);
  RETURN request.status;
END
$$;

CREATE FUNCTION jit.decide_deny(request_id bigint, comment text) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  me constant oid := jit.session_user_oid();
  request jit.requests;
BEGIN
  request := jit.lock_request(request_id, evict => true);
  IF request.requester_oid = me THEN
    PERFORM jit.refuse('insufficient_privilege', format('request %s is your own', request.id),
      format('Take it back: SELECT jit_cancel(%s);', request.id));
  END IF;
  IF NOT jit.may_decide(me, request.requirements) THEN
    PERFORM jit.refuse('insufficient_privilege',
      format('role "%s" may not deny request %s', session_user, request.id),
      format('Members of %s may.', jit.names_of_approvers(request.requirements)));
  END IF;
  IF request.status <> 'pending' THEN
    PERFORM jit.wrong_status(request, 'pending',
      CASE WHEN request.status IN ('approved', 'active')
           THEN format('End it: SELECT jit_revoke(%s, ''<why>'');', request.id)
           ELSE 'Only a pending request can be decided.' END);
  END IF;
  PERFORM jit.check_words('comment', comment, 4000);
  INSERT INTO jit.approvals AS a (request_id, approver, approver_oid, decision, comment, decided_at)
  VALUES (request.id, session_user, me, 'deny', decide_deny.comment, clock_timestamp())
  ON CONFLICT ON CONSTRAINT approvals_pkey
  DO UPDATE SET decision = 'deny', comment = excluded.comment, duration = NULL, decided_at = excluded.decided_at;
  UPDATE jit.requests r SET status = 'denied', decided_at = clock_timestamp(), ended_at = clock_timestamp(),
    ended_by = session_user, end_reason = decide_deny.comment
  WHERE r.id = request.id;
  PERFORM jit.announce(request.id, 'denied');
  RETURN 'denied';
END
$$;

CREATE FUNCTION jit.decide_cancel(request_id bigint) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  request jit.requests;
BEGIN
  request := jit.lock_request(request_id);
  IF request.requester_oid <> jit.session_user_oid()
     AND request.requested_by_oid IS DISTINCT FROM jit.session_user_oid() THEN
    PERFORM jit.refuse('insufficient_privilege', format('request %s is not yours to cancel', request.id),
      format('An approver denies it: SELECT jit_deny(%s, ''<why>'');', request.id));
  END IF;
  IF request.status <> 'pending' THEN
    PERFORM jit.wrong_status(request, 'pending',
      CASE WHEN request.status IN ('approved', 'active')
           THEN CASE WHEN request.requester_oid = jit.session_user_oid()
                     THEN format('Hand it back: SELECT jit_revoke(%s);', request.id)
                     ELSE format('"%s" hands it back, or an approver ends it: SELECT jit_revoke(%s);', request.requester, request.id) END
           ELSE 'There is nothing left to cancel.' END);
  END IF;
  UPDATE jit.requests r SET status = 'cancelled', ended_at = clock_timestamp(), ended_by = session_user
  WHERE r.id = request.id;
  PERFORM jit.announce(request.id, 'cancelled');
  RETURN 'cancelled';
END
$$;

-- Ends a request that is open, and with it all that extends it. The caller holds the row's lock.
CREATE FUNCTION jit.end_request(request_id bigint, final_status text, by_whom name, why text) RETURNS void
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  extension record;
BEGIN
  -- A request's grants are written only by whoever holds the request's row locked: nobody waits here.
  UPDATE jit.grants g SET revoked_at = clock_timestamp()
  WHERE g.request_id = end_request.request_id AND g.revoked_at IS NULL AND g.expires_at > clock_timestamp();
  UPDATE jit.requests r
  SET status = final_status, ended_at = clock_timestamp(), ended_by = by_whom, end_reason = why
  WHERE r.id = end_request.request_id;
  PERFORM jit.announce(request_id, final_status);
  IF final_status = 'revoked' THEN
    FOR extension IN
      SELECT r.id, r.status FROM jit.requests r
      WHERE r.extends = end_request.request_id AND r.status IN ('pending', 'approved', 'active')
      ORDER BY r.id FOR UPDATE SKIP LOCKED  -- run_due comes back to one that somebody holds locked
    LOOP
      PERFORM jit.end_request(extension.id, CASE WHEN extension.status = 'pending' THEN 'cancelled' ELSE 'revoked' END, by_whom,
                              format('request %s, which it extends, was revoked', request_id));
    END LOOP;
  END IF;
END
$$;

CREATE FUNCTION jit.decide_revoke(request_id bigint, reason text) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  me constant oid := jit.session_user_oid();
  request jit.requests;
BEGIN
  request := jit.lock_request(request_id, evict => true);
  PERFORM jit.require_scope(CASE WHEN request.requester_oid = me THEN 'request' ELSE 'approve' END);
  IF request.requester_oid <> me AND NOT jit.may_decide(me, request.requirements) THEN
    PERFORM jit.refuse('insufficient_privilege',
      format('role "%s" may not revoke request %s', session_user, request.id),
      format('Its requester and members of %s may.', jit.names_of_approvers(request.requirements)));
  END IF;
  IF request.status NOT IN ('approved', 'active') THEN
    PERFORM jit.wrong_status(request, 'approved or active',
      CASE WHEN request.status <> 'pending' THEN 'There is nothing left to revoke.'
           WHEN request.requester_oid = me THEN format('Take it back: SELECT jit_cancel(%s);', request.id)
           ELSE format('Deny it: SELECT jit_deny(%s, ''<why>'');', request.id) END);
  END IF;
  PERFORM jit.check_words('reason', reason, 4000);
  PERFORM jit.end_request(request.id, 'revoked', session_user, reason);
  RETURN 'revoked';
END
$$;

CREATE FUNCTION jit.decide_extend(request_id bigint, duration interval, reason text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
  SET jit = off
AS $$
DECLARE
  request jit.requests;
  changed text;
  new_id bigint;
BEGIN
  request := jit.lock_request(request_id);
  IF request.requester_oid <> jit.session_user_oid() THEN
    PERFORM jit.refuse('insufficient_privilege', format('request %s is not yours to extend', request.id),
      'Ask for the access yourself, with jit_request.');
  END IF;
  IF request.status <> 'active' THEN
    PERFORM jit.wrong_status(request, 'active', 'Only access that still runs can be extended: ask anew with jit_request.');
  END IF;
  changed := jit.changed_object(request.objects);
  IF changed IS NOT NULL THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state',
      format('%s is no longer what request %s asked for', changed, request.id),
      'It was dropped, renamed or replaced meanwhile: ask anew with jit_request.');
  END IF;
  new_id := jit.file_request(request.access, request.asked, request.statement, request.objects, decide_extend.duration,
                         decide_extend.reason, request.ticket, NULL, request.session_only, request.client_addr, false, request.id,
                         NULL);
  -- Bound to the same session as what it extends, not to the one that asks.
  UPDATE jit.requests r SET session_pid = request.session_pid, session_start = request.session_start WHERE r.id = new_id;
  RETURN new_id;
END
$$;

CREATE FUNCTION jit.decide_review(request_id bigint, comment text) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  me constant oid := jit.session_user_oid();
  request jit.requests;
BEGIN
  request := jit.lock_request(request_id);
  IF request.requester_oid = me THEN
    PERFORM jit.refuse('insufficient_privilege', format('request %s is your own', request.id),
      'Somebody else has to review it.');
  END IF;
  IF NOT jit.may_decide(me, request.requirements) THEN
    PERFORM jit.refuse('insufficient_privilege',
      format('role "%s" may not review request %s', session_user, request.id),
      format('Members of %s may.', jit.names_of_approvers(request.requirements)));
  END IF;
  IF NOT request.review_owed THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state', format('request %s owes no review', request.id),
      'Only break-glass access does, once.');
  END IF;
  IF comment IS NULL OR btrim(comment, E' \t\r\n') = '' THEN
    PERFORM jit.refuse(CASE WHEN comment IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
      'a review needs a comment',
      'Say what was found.');
  END IF;
  PERFORM jit.check_words('comment', comment, 4000);
  UPDATE jit.requests r
  SET review_owed = false, reviewed_at = clock_timestamp(), reviewed_by = session_user, review = decide_review.comment
  WHERE r.id = request.id;
  PERFORM jit.announce(request.id, 'reviewed');
  RETURN request.status;
END
$$;

