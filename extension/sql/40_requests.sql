-- Asking: from the parsed request to a row in jit.requests.

CREATE FUNCTION jit.backend_start() RETURNS timestamptz
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'jit_backend_start';

CREATE FUNCTION @extschema@.jit_request(
  access text, duration interval, reason text,
  ticket text DEFAULT NULL, starts_at timestamptz DEFAULT NULL, row_filter text DEFAULT NULL, max_rows bigint DEFAULT NULL,
  session_only boolean DEFAULT false, client_addr inet DEFAULT NULL, break_glass boolean DEFAULT false) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_request';

CREATE FUNCTION @extschema@.jit_request_for(
  statement text, duration interval, reason text,
  ticket text DEFAULT NULL, starts_at timestamptz DEFAULT NULL, row_filter text DEFAULT NULL, max_rows bigint DEFAULT NULL,
  session_only boolean DEFAULT false, client_addr inet DEFAULT NULL, break_glass boolean DEFAULT false) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_request_for';

CREATE FUNCTION @extschema@.jit_wait(request_id bigint, timeout interval DEFAULT '5 minutes') RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_wait';

CREATE FUNCTION @extschema@.jit_request_as(
  requester name, access text, duration interval, reason text,
  ticket text DEFAULT NULL, starts_at timestamptz DEFAULT NULL, client_addr inet DEFAULT NULL) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_request_as';

-- Membership that somebody gave. pg_has_role would say yes to every superuser.
CREATE FUNCTION jit.was_granted(role oid, group_name text) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE above (oid) AS (
    SELECT r.oid FROM pg_roles r WHERE r.oid = $1
    UNION
    SELECT m.roleid FROM above a JOIN pg_auth_members m ON m.member = a.oid
  )
  SELECT EXISTS (SELECT FROM above a JOIN pg_roles r ON r.oid = a.oid WHERE r.rolname = $2)
$$;

-- Whoever asks for others decides nothing and holds nothing.
CREATE FUNCTION jit.is_delegate(role oid) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$ SELECT jit.was_granted($1, 'jit_delegate') $$;

CREATE FUNCTION jit.is_requester(role oid) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$ SELECT jit.was_granted($1, 'jit_requester') AND NOT jit.is_delegate($1) $$;

-- The requester of a request, as long as they are one, and go by the name that approvers read.
CREATE FUNCTION jit.is_still_requester(request jit.requests) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM pg_roles r WHERE r.oid = ($1).requester_oid AND r.rolname = ($1).requester)
     AND jit.is_requester(($1).requester_oid)
$$;

-- Member of the group, as PostgreSQL has it: a superuser is a member of every role. False where either is gone.
CREATE FUNCTION jit.is_member(role oid, group_name text) RETURNS boolean
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM pg_roles g, pg_roles m
                 WHERE g.rolname = $2 AND m.oid = $1 AND pg_has_role(m.oid, g.oid, 'MEMBER'))
$$;

CREATE FUNCTION jit.session_user_oid() RETURNS oid
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user $$;

CREATE FUNCTION jit.announce(request_id bigint, event text) RETURNS void
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jit.audit_event($2, $1, jit.audit_detail_of($1));
  -- Anybody can fill the queue of notifications; decisions must not fail by that. The daemon looks without them, too.
  SELECT pg_notify('jit_access', format('{"request_id":%s,"event":"%s"}', $1, $2)) WHERE pg_notification_queue_usage() < 0.5
$$;

-- A status as of the clock: what is over is over, whether or not a daemon has written it down.
-- Its body is bound now, not by the search_path of whoever reads a view with it, and it can be inlined.
CREATE FUNCTION jit.status_now(status text, lapse_at timestamptz, pushed_at timestamptz, starts_at timestamptz,
                               expires_at timestamptz) RETURNS text
  LANGUAGE sql VOLATILE
  RETURN CASE
    WHEN status = 'pending' AND lapse_at <= clock_timestamp() THEN 'lapsed'
    WHEN status IN ('approved', 'active') AND pushed_at IS NOT NULL AND expires_at <= clock_timestamp() THEN 'expired'
    WHEN status = 'approved' AND pushed_at IS NOT NULL AND coalesce(starts_at, pushed_at) <= clock_timestamp() THEN 'active'
    ELSE status
  END;

-- What a view shows, in short: its owner can replace it by another of the same name.
CREATE FUNCTION jit.definition_of(relation oid, kind text) RETURNS text
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  -- By OID, as it is stored: what it reads may be renamed.
  SELECT md5(string_agg(r.ev_action::text, '' ORDER BY r.rulename)) FROM pg_rewrite r WHERE r.ev_class = $1 AND $2 IN ('v', 'm')
$$;

CREATE FUNCTION jit.with_definitions(objects jsonb) RETURNS jsonb
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_agg(o.object || jsonb_build_object('definition',
           jit.definition_of((o.object->>'relation_oid')::oid, o.object->>'kind')) ORDER BY o.n)
  FROM jsonb_array_elements($1) WITH ORDINALITY AS o (object, n)
$$;

-- What jit.requests.objects holds, and whether each is still what was asked for: not dropped, renamed, moved or replaced.
CREATE FUNCTION jit.objects_of(objects jsonb)
  RETURNS TABLE (schema_oid oid, schema_name name, relation_oid oid, relation_name name, kind text, relation text,
                 privileges text[], privilege_mask integer, columns text[], column_numbers smallint[], unchanged boolean)
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
AS $$
  WITH item AS (
    SELECT o.schema_oid, o.schema_name, o.relation_oid, o.relation_name, o.kind,
           format('%I.', o.schema_name) || coalesce(quote_ident(o.relation_name), '*') AS relation,
           ARRAY(SELECT jsonb_array_elements_text(o.privileges)) AS privileges, o.privilege_mask,
           CASE WHEN o.columns IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(o.columns)) END AS columns,
           CASE WHEN o.columns IS NOT NULL
                THEN ARRAY(SELECT jsonb_array_elements_text(o.column_numbers)::smallint) END AS column_numbers,
           o.definition
    FROM jsonb_to_recordset($1) AS o (schema_oid oid, schema_name name, relation_oid oid, relation_name name, kind text,
                                      privileges jsonb, privilege_mask integer, columns jsonb, column_numbers jsonb,
                                      definition text)
  )
  SELECT i.schema_oid, i.schema_name, i.relation_oid, i.relation_name, i.kind, i.relation, i.privileges, i.privilege_mask,
         i.columns, i.column_numbers,
         EXISTS (SELECT FROM pg_namespace n WHERE n.oid = i.schema_oid AND n.nspname = i.schema_name)
         AND (i.relation_oid = 0
              OR EXISTS (SELECT FROM pg_class c
                         WHERE c.oid = i.relation_oid AND c.relnamespace = i.schema_oid
                           AND c.relname = i.relation_name AND c.relkind::text = i.kind
                           AND i.definition IS NOT DISTINCT FROM jit.definition_of(c.oid, i.kind)))
         AND NOT EXISTS (SELECT FROM unnest(i.columns, i.column_numbers) AS col (name, number)
                         WHERE NOT EXISTS (SELECT FROM pg_attribute a
                                           WHERE a.attrelid = i.relation_oid AND a.attnum = col.number
                                             AND a.attname = col.name AND NOT a.attisdropped))
  FROM item i
$$;

-- The first object that is no longer what was asked for; NULL when all are.
CREATE FUNCTION jit.changed_object(objects jsonb) RETURNS text
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT o.relation FROM jit.objects_of($1) o WHERE NOT o.unchanged LIMIT 1
$$;

-- Turns a request into grants; the caller holds the row's lock and has checked everything.
CREATE FUNCTION jit.insert_grants(request jit.requests, begins timestamptz, ends timestamptz) RETURNS void
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO jit.grants (request_id, grantee, grantee_oid, privileges, privilege_mask, relation, schema_oid, schema_name,
                          relation_oid, relation_name, columns, column_numbers, starts_at, expires_at,
                          session_pid, session_start, client_addr, blank_values)
  SELECT ($1).id, ($1).requester, ($1).requester_oid, o.privileges, o.privilege_mask, o.relation, o.schema_oid,
         o.schema_name, o.relation_oid, o.relation_name, o.columns, o.column_numbers, $2, $3,
         ($1).session_pid, ($1).session_start, ($1).client_addr,
         EXISTS (SELECT FROM jit.policies p
                 WHERE p.blank_values AND position(', ' || p.name || ', ' IN ', ' || ($1).policy || ', ') > 0)
  FROM jit.objects_of(($1).objects) o
$$;

-- Length-checks a text that people will read, and keeps terminal escapes out of it.
CREATE FUNCTION jit.check_words(what text, words text, longest integer) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF length(words) > longest THEN
    PERFORM jit.refuse('invalid_parameter_value', format('%s is longer than %s characters', what, longest),
      'Say it shorter, and link to the rest.');
  END IF;
  IF translate(words, chr(9) || chr(10) || chr(13), '') ~ '[[:cntrl:]]' THEN
    PERFORM jit.refuse('invalid_parameter_value', format('%s contains control characters', what),
      'Write plain text; line breaks and tabs are fine.');
  END IF;
  -- Zero-width characters and those that turn the direction of writing show an approver another text than there is.
  -- An expression of its own: in another encoding chr() fails when it is planned.
  IF getdatabaseencoding() = 'UTF8' THEN
    -- Those that jit-coordinator shows escaped (coordinator/core/text.cpp).
    IF words ~ format('[%s%s%s-%s%s%s-%s%s-%s%s-%s%s%s-%s%s%s%s-%s%s-%s]', chr(173), chr(1564), chr(4447), chr(4448),
                      chr(6158), chr(8203), chr(8207), chr(8232), chr(8238), chr(8288), chr(8303), chr(12644), chr(65024),
                      chr(65039), chr(65279), chr(65440), chr(65529), chr(65531), chr(917504), chr(917999)) THEN
      PERFORM jit.refuse('invalid_parameter_value', format('%s contains invisible characters', what),
        'Write plain text, without zero-width characters and marks of writing direction.');
    END IF;
  END IF;
END
$$;

-- How long in all, checked against the longest that is allowed.
CREATE FUNCTION jit.check_duration(duration interval, ruling jit.ruling) RETURNS interval
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF duration IS NULL THEN
    PERFORM jit.refuse('null_value_not_allowed', 'duration must not be NULL',
      format('Say for how long, at most %s.', (ruling).max_duration));
  END IF;
  IF NOT isfinite(duration) OR jit.seconds(duration) > jit.seconds((ruling).max_duration) THEN
    PERFORM jit.refuse('invalid_parameter_value', format('duration %s is too long', duration),
      format('The longest that %s allows is %s.',
      CASE WHEN (ruling).max_by IS NULL THEN 'the built-in rule' ELSE format('policy "%s"', (ruling).max_by) END,
      (ruling).max_duration));
  END IF;
  IF jit.seconds(duration) <= 0 THEN
    PERFORM jit.refuse('invalid_parameter_value', format('duration %s is not more than zero', duration),
      format('Say for how long, at most %s.', (ruling).max_duration));
  END IF;
  -- Months have no fixed length; what is stored has.
  IF extract(year FROM duration) <> 0 OR extract(month FROM duration) <> 0 THEN
    RETURN justify_hours(make_interval(secs => jit.seconds(duration)::double precision));
  END IF;
  RETURN duration;
END
$$;

-- Refuses where the session began with a token that lacks the scope.
CREATE FUNCTION jit.require_scope(scope text) RETURNS void
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_require_scope';

CREATE FUNCTION jit.require_requester(role oid, role_name name) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
AS $$
BEGIN
  IF jit.is_requester(role) THEN
    RETURN;
  END IF;
  PERFORM jit.refuse('insufficient_privilege', format('role "%s" may not request access', role_name),
    CASE WHEN jit.is_delegate(role) THEN 'It is a delegate, which asks for others, with jit_request_as, and never for itself.'
         ELSE format('A DBA makes it a requester: GRANT jit_requester TO %I;', role_name) END);
END
$$;

-- Files what jit_request, jit_request_for and jit_request_as have parsed. Called by them alone, past the ACL: whoever could call it
-- directly could have approvers decide on a text that is not what the objects say.
CREATE FUNCTION jit.asked_in_person() RETURNS boolean
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_asked_in_person';

CREATE FUNCTION jit.file_request(
  access text, asked text, statement text, objects jsonb, duration interval, reason text, ticket text,
  starts_at timestamptz, session_only boolean, client_addr inet, break_glass boolean, extends bigint,
  on_behalf_of name) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
  SET jit = off
AS $$
DECLARE
  person constant name := coalesce(on_behalf_of, session_user);
  requester_oid constant oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = coalesce(on_behalf_of, session_user));
  me constant oid := requester_oid;
  filed_by constant oid := CASE WHEN on_behalf_of IS NOT NULL THEN jit.session_user_oid() END;
  now_at timestamptz := clock_timestamp();
  ruling jit.ruling;
  pattern record;
  request jit.requests;
BEGIN
  IF on_behalf_of IS NOT NULL AND NOT jit.is_delegate(jit.session_user_oid()) THEN
    PERFORM jit.refuse('insufficient_privilege', format('role "%s" may not request access for others', session_user),
      format('A DBA makes it a delegate: GRANT jit_delegate TO %I;', session_user));
  END IF;
  PERFORM jit.require_requester(requester_oid, person);
  IF reason IS NULL THEN
    PERFORM jit.refuse('null_value_not_allowed', 'reason must not be NULL',
      'Say what the access is for; the approver reads it.');
  END IF;
  IF btrim(reason, E' \t\r\n') = '' THEN
    PERFORM jit.refuse('invalid_parameter_value', 'reason must not be empty',
      'Say what the access is for; the approver reads it.');
  END IF;
  PERFORM jit.check_words('reason', reason, 4000);
  PERFORM jit.check_words('ticket', ticket, 200);
  PERFORM jit.check_words(CASE WHEN statement IS NULL THEN 'access' ELSE 'statement' END, asked, 100000);
  PERFORM jit.check_words('access', access, 1000000);  -- names can hold what the text spelled as U&"..."
  IF session_only IS NULL OR break_glass IS NULL THEN
    PERFORM jit.refuse('null_value_not_allowed',
      CASE WHEN session_only IS NULL THEN 'session_only' ELSE 'break_glass' END || ' must not be NULL',
      'Say true or false, or leave it out.');
  END IF;
  IF starts_at IS NOT NULL AND (NOT isfinite(starts_at) OR starts_at <= now_at OR starts_at > now_at + interval '365 days') THEN
    PERFORM jit.refuse('invalid_parameter_value', 'starts_at must be in the future, at most 365 days from now',
      'Leave it out to start as soon as the request is approved.');
  END IF;

  -- Each waits for a person, or for the daemon: more than these are a mistake, or meant to be in the way. (Those that a
  -- delegate has filed do not keep the requester from asking.)
  IF (SELECT count(*) FROM (SELECT FROM jit.requests r
                            WHERE r.requester_oid = me AND r.status IN ('pending', 'approved')
                              AND r.requested_by_oid IS NOT DISTINCT FROM filed_by
                              AND r.pushed_at IS NULL LIMIT 1000) AS waiting) >= 1000 THEN
    PERFORM jit.refuse('configuration_limit_exceeded', format('role "%s" has 1000 requests waiting', person),
      'Cancel those that are not needed: jit.my_requests lists them, jit_cancel takes them back.');
  END IF;

  ruling := jit.rule_on(requester_oid, objects);
  IF ruling.denied_by IS NOT NULL THEN
    PERFORM jit.refuse('insufficient_privilege',
      format('policy "%s" denies %s', ruling.denied_by, ruling.denied_what),
      'Ask without it, or talk to whoever keeps the policies.');
  END IF;
  duration := jit.check_duration(duration, ruling);
  FOR pattern IN SELECT * FROM jsonb_to_recordset(ruling.patterns) AS p (policy text, pattern text) LOOP
    IF file_request.reason !~ pattern.pattern THEN
      PERFORM jit.refuse('invalid_parameter_value',
        format('the reason does not have the form that policy "%s" wants', pattern.policy),
        format('It must match the regular expression "%s".', pattern.pattern));
    END IF;
  END LOOP;
  IF ruling.ticket_by IS NOT NULL AND coalesce(btrim(ticket), '') = '' THEN
    PERFORM jit.refuse('invalid_parameter_value', format('policy "%s" wants a ticket', ruling.ticket_by),
      'Add it: ticket => ''<number>''.');
  END IF;
  IF break_glass THEN
    IF ruling.glass_by IS NOT NULL THEN
      PERFORM jit.refuse('insufficient_privilege', format('%s does not allow break-glass', ruling.glass_by),
        'Ask without break_glass, and an approver decides.');
    END IF;
    IF starts_at IS NOT NULL THEN
      PERFORM jit.refuse('invalid_parameter_value', 'break-glass access starts at once',
        'Leave out starts_at, or break_glass.');
    END IF;
    -- An old snapshot would show policies that are no longer in force.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      PERFORM jit.refuse('active_sql_transaction', 'break-glass needs the isolation level READ COMMITTED',
        'Ask in a transaction of its own.');
    END IF;
  END IF;

  request.requester := person;
  request.requester_oid := requester_oid;
  IF on_behalf_of IS NOT NULL THEN
    request.requested_by := session_user;
    request.requested_by_oid := filed_by;
  END IF;
  request.access := access;
  request.asked := asked;
  request.statement := statement;
  request.objects := jit.with_definitions(objects);
  request.duration := duration;
  request.reason := reason;
  request.ticket := nullif(btrim(ticket), '');
  request.policy := nullif(array_to_string(ruling.policies, ', '), '');
  request.requirements := ruling.requirements;
  request.created_at := now_at;
  request.starts_at := starts_at;
  request.lapse_at := now_at + make_interval(secs => jit.seconds(ruling.lapse_after)::double precision);
  request.session_only := session_only;
  IF session_only THEN
    request.session_pid := pg_backend_pid();
    request.session_start := jit.backend_start();
  END IF;
  request.client_addr := client_addr;
  request.break_glass := break_glass;
  request.review_owed := break_glass;
  request.extends := extends;
  request.database_oid := jit.database_oid();
  request.status := 'pending';
  IF break_glass THEN
    request.status := 'active';
    request.decided_at := now_at;
    request.pushed_at := now_at;
    request.approved_duration := duration;
    request.expires_at := now_at + make_interval(secs => jit.seconds(duration)::double precision);
  ELSIF jit.quorum_met(0, requester_oid, ruling.requirements) THEN
    -- Nobody will look at it: somebody's view or function must not ask in the name of whoever reads or calls it.
    IF NOT jit.asked_in_person() THEN
      PERFORM jit.refuse('insufficient_privilege', 'what no approver has to allow must be asked for by a statement of its own',
        'Send it alone, outside of functions and views: SELECT jit_request(...);');
    END IF;
    request.status := 'approved';
    request.decided_at := now_at;
    request.approved_duration := duration;
  END IF;

  request.id := nextval('jit.requests_id_seq');
  INSERT INTO jit.requests OVERRIDING SYSTEM VALUE SELECT (request).*;

  IF break_glass THEN
    PERFORM jit.insert_grants(request, now_at, request.expires_at);
    PERFORM jit.announce(request.id, 'break_glass');
    RAISE LOG 'jit_access: break-glass request % by "%" for %: %', request.id, session_user, access, reason;
  ELSE
    PERFORM jit.announce(request.id, 'requested');
    IF request.status = 'approved' THEN
      PERFORM jit.announce(request.id, 'approved');
    END IF;
  END IF;
  RETURN request.id;
END
$$;

