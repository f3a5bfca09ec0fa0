-- Policies: what a row may say, and which rows a request meets.

-- Raises an error with a HINT, and without the CONTEXT of the functions below.
CREATE FUNCTION jit.refuse(condition text, message text, hint text) RETURNS void
  LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'jit_refuse';

CREATE FUNCTION jit.glob_match(pattern text, name text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_glob_match';

-- An interval's length in seconds, as PostgreSQL compares intervals: a month is 30 days, a day 24 hours.
-- Adding an interval to a time is longer in some months and on some days; access is not.
CREATE FUNCTION jit.seconds(length interval) RETURNS numeric
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (extract(year FROM length) * 12 + extract(month FROM length)) * 2592000
       + extract(day FROM length) * 86400 + extract(hour FROM length) * 3600
       + extract(minute FROM length) * 60 + extract(second FROM length)
$$;

-- Whether the instant lies within '[days ]HH:MM-HH:MM[ zone]'. Without a zone the server's own counts
-- (log_timezone: no session can set it). Hours that pass midnight belong to the day on which they begin.
CREATE FUNCTION jit.within_hours(hours text, instant timestamptz) RETURNS boolean
  LANGUAGE plpgsql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  day_names constant text[] := ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  part text[];
  days boolean[] := array_fill(false, ARRAY[7]);
  span text;
  first_day integer;
  last_day integer;
  from_minute integer;
  to_minute integer;
  local_time timestamp;
  now_minute integer;
  today integer;
BEGIN
  part := regexp_match(hours,
    '^(?:([A-Za-z]{3}(?:[-,][A-Za-z]{3})*) +)?([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})(?: +(UTC|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+))?$');
  IF part IS NULL THEN
    PERFORM jit.refuse('invalid_datetime_format', format('active_hours "%s" cannot be read', hours),
      'Write days, hours and time zone as in "Mon-Fri 08:00-18:00 Europe/Berlin"; days and zone may be left out.');
  END IF;

  FOREACH span IN ARRAY string_to_array(coalesce(lower(part[1]), 'mon-sun'), ',') LOOP
    first_day := array_position(day_names, split_part(span, '-', 1));
    last_day := array_position(day_names, coalesce(nullif(split_part(span, '-', 2), ''), split_part(span, '-', 1)));
    IF first_day IS NULL OR last_day IS NULL OR split_part(span, '-', 3) <> '' THEN
      PERFORM jit.refuse('invalid_datetime_format',
        format('active_hours "%s" names a day that does not exist', hours),
        'Days are Mon, Tue, Wed, Thu, Fri, Sat and Sun, alone, as Mon-Fri, or as Mon,Wed,Fri.');
    END IF;
    LOOP
      days[first_day] := true;
      EXIT WHEN first_day = last_day;
      first_day := first_day % 7 + 1;
    END LOOP;
  END LOOP;

  from_minute := part[2]::integer * 60 + part[3]::integer;
  to_minute := part[4]::integer * 60 + part[5]::integer;
  IF part[3]::integer > 59 OR part[5]::integer > 59 OR from_minute >= 1440 OR to_minute > 1440
     OR from_minute = to_minute THEN
    PERFORM jit.refuse('invalid_datetime_format', format('active_hours "%s" is not a span of hours', hours),
      'Hours run from 00:00 to 24:00, and the two differ.');
  END IF;

  BEGIN
    local_time := instant AT TIME ZONE coalesce(part[6], current_setting('log_timezone'));
  EXCEPTION WHEN invalid_parameter_value THEN
    PERFORM jit.refuse('invalid_parameter_value', format('time zone "%s" of active_hours does not exist', part[6]),
      'pg_timezone_names lists those that do.');
  END;

  now_minute := extract(hour FROM local_time)::integer * 60 + extract(minute FROM local_time)::integer;
  today := extract(isodow FROM local_time)::integer;
  IF from_minute < to_minute THEN
    RETURN days[today] AND now_minute >= from_minute AND now_minute < to_minute;
  END IF;
  RETURN (days[today] AND now_minute >= from_minute)
      OR (days[(today + 5) % 7 + 1] AND now_minute < to_minute);
END
$$;

CREATE FUNCTION jit.check_policy() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known constant text[] := ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXPORT', 'EXPLAIN', 'UNMASK'];
  word text;
  words text[] := ARRAY[]::text[];
BEGIN
  IF NEW.name IS NULL OR btrim(NEW.name) = '' THEN
    PERFORM jit.refuse('invalid_parameter_value', 'a policy needs a name',
      'Requesters and approvers read it where the policy decides.');
  END IF;

  FOREACH word IN ARRAY ARRAY[NEW.requester, NEW.approver]::text[] LOOP
    CONTINUE WHEN word IS NULL OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = word);
    IF current_query() ~* '^\s*COPY\M' THEN
      -- A restore must not lose all policies, denies included, over one role that is gone.
      RAISE WARNING 'role "%" does not exist: policy "%", which names it, matches nobody, or can be met by nobody', word, NEW.name;
    ELSE
      PERFORM jit.refuse('undefined_object', format('role "%s" does not exist', word),
        format('Policy "%s" names it: create the role first.', NEW.name));
    END IF;
  END LOOP;

  IF NEW.privileges IS NOT NULL THEN
    IF cardinality(NEW.privileges) = 0 OR array_position(NEW.privileges, NULL) IS NOT NULL THEN
      PERFORM jit.refuse('invalid_parameter_value', format('policy "%s" has an empty privilege', NEW.name),
        'NULL instead of the array means any privilege.');
    END IF;
    FOREACH word IN ARRAY NEW.privileges LOOP
      IF upper(word) = 'ALL' THEN
        words := words || ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
      ELSIF upper(word) = ANY (known) THEN
        words := words || upper(word);
      ELSE
        PERFORM jit.refuse('invalid_parameter_value',
          format('unrecognized privilege "%s" in policy "%s"', word, NEW.name),
          format('Privileges are %s, and ALL for the first four; NULL means any.', array_to_string(known, ', ')));
      END IF;
    END LOOP;
    NEW.privileges := ARRAY(SELECT k.word FROM unnest(known) WITH ORDINALITY AS k (word, n)
                            WHERE k.word = ANY (words) ORDER BY k.n);
  END IF;

  IF NEW.objects IS NOT NULL THEN
    IF cardinality(NEW.objects) = 0 THEN
      PERFORM jit.refuse('invalid_parameter_value', format('policy "%s" names no object', NEW.name),
        'NULL instead of the array means any object.');
    END IF;
    FOREACH word IN ARRAY NEW.objects LOOP
      IF word IS NULL OR word !~ '^[^.]+[.][^.]+$' THEN
        PERFORM jit.refuse('invalid_parameter_value',
          format('object "%s" of policy "%s" is not of the form schema.table', coalesce(word, 'NULL'), NEW.name),
          'Write one dot, as in "sales.orders", "sales.*" or "*.customer_*"; names are written bare, without quotes, in the case they have.');
      END IF;
    END LOOP;
  END IF;

  IF jit.seconds(NEW.max_duration) <= 0 OR NOT isfinite(NEW.max_duration) THEN
    PERFORM jit.refuse('invalid_parameter_value',
      format('max_duration of policy "%s" must be more than zero', NEW.name),
      'NULL means 8 hours.');
  END IF;
  IF jit.seconds(NEW.lapse_after) <= 0 OR NOT isfinite(NEW.lapse_after) THEN
    PERFORM jit.refuse('invalid_parameter_value',
      format('lapse_after of policy "%s" must be more than zero', NEW.name),
      'NULL means 24 hours.');
  END IF;
  IF jit.seconds(NEW.max_duration) > 315360000 OR jit.seconds(NEW.lapse_after) > 315360000 THEN
    PERFORM jit.refuse('invalid_parameter_value',
      format('an interval of policy "%s" is longer than 3650 days', NEW.name),
      'Access without an end is a GRANT.');
  END IF;

  IF NEW.approvals < 0 OR NEW.approvals > 100 THEN
    PERFORM jit.refuse('invalid_parameter_value',
      format('approvals of policy "%s" must be between 0 and 100', NEW.name),
      '0 means that nobody needs to be asked.');
  END IF;

  IF NEW.reason_pattern IS NOT NULL THEN
    BEGIN
      PERFORM '' ~ NEW.reason_pattern;
    EXCEPTION WHEN invalid_regular_expression THEN
      PERFORM jit.refuse('invalid_regular_expression', format('reason_pattern of policy "%s": %s', NEW.name, SQLERRM),
        'It is a POSIX regular expression, as the operator ~ takes it.');
    END;
  END IF;

  PERFORM jit.within_hours(NEW.active_hours, clock_timestamp());

  IF NEW.verdict IS DISTINCT FROM 'allow' AND NEW.verdict IS DISTINCT FROM 'deny' THEN
    PERFORM jit.refuse('invalid_parameter_value',
      format('verdict of policy "%s" must be "allow" or "deny"', NEW.name),
      'Leave it out for "allow".');
  END IF;
  IF NEW.verdict = 'deny' AND NEW.break_glass THEN
    PERFORM jit.refuse('invalid_parameter_value', format('policy "%s" denies and allows break-glass', NEW.name),
      'A deny has no exception: write one policy that denies and one, of a lower priority number, that allows.');
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER check_policy BEFORE INSERT OR UPDATE ON jit.policies
  FOR EACH ROW EXECUTE FUNCTION jit.check_policy();
ALTER TABLE jit.policies ENABLE ALWAYS TRIGGER check_policy;

-- What a request asks for, by privilege. (ROWS keeps the planner from preparing for millions of relatives below.)
CREATE FUNCTION jit.asked_for(objects jsonb)
  RETURNS TABLE (schema_oid oid, schema_name text, relation_oid oid, privilege text)
  LANGUAGE sql STABLE ROWS 2
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT o.schema_oid, o.schema_name, o.relation_oid, p.privilege
  FROM jsonb_to_recordset($1) AS o (schema_oid oid, schema_name text, relation_oid oid, privileges jsonb)
  CROSS JOIN LATERAL jsonb_array_elements_text(o.privileges) AS p (privilege)
$$;

-- The policies that a request meets, and for which privilege on which object; policy NULL is the built-in rule.
-- Each privilege on each relation takes the first policy in force by priority. A relation stands for its partitions and
-- other children too, and each is looked up under its own name and its ancestors'. A whole schema takes every policy
-- that touches it, up to the first that covers it: tables made later must not escape a rule.
-- (In PL/pgSQL, which keeps the plan. And with jit off, here and elsewhere: LLVM would take a hundred times as long to
-- compile these queries as they take to run.)
CREATE FUNCTION jit.policies_met(requester oid, objects jsonb)
  RETURNS TABLE (policy text, what text)
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE
  item AS MATERIALIZED (SELECT * FROM jit.asked_for($2)),
  target (relid, privilege) AS (
    SELECT i.relation_oid, i.privilege FROM item i WHERE i.relation_oid <> 0
    UNION
    -- Of a whole schema only tables in a hierarchy matter here: relatives may live in another schema.
    SELECT c.oid, i.privilege
    FROM item i JOIN pg_class c ON c.relnamespace = i.schema_oid
    WHERE i.relation_oid = 0 AND c.relkind IN ('r', 'p', 'f')
      AND (c.relhassubclass OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid))
    UNION
    SELECT h.inhrelid, t.privilege FROM target t JOIN pg_inherits h ON h.inhparent = t.relid
  ),
  lineage (relid, ancestor) AS (
    SELECT t.relid, t.relid FROM target t
    UNION
    SELECT l.relid, h.inhparent FROM lineage l JOIN pg_inherits h ON h.inhrelid = l.ancestor
  ),
  named AS (
    SELECT l.relid, n.nspname::text AS schema_name, c.relname::text AS relation_name
    FROM lineage l JOIN pg_class c ON c.oid = l.ancestor JOIN pg_namespace n ON n.oid = c.relnamespace
  ),
  in_force AS MATERIALIZED (
    SELECT p.name, p.privileges, p.objects, row_number() OVER (ORDER BY p.priority, p.name COLLATE "C") AS place
    FROM jit.policies p LEFT JOIN pg_roles r ON r.rolname = p.requester
    WHERE (p.requester IS NULL OR (r.oid IS NOT NULL AND pg_has_role($1, r.oid, 'MEMBER')))
      AND (p.active_hours IS NULL OR jit.within_hours(p.active_hours, clock_timestamp()))
  ),
  glob AS MATERIALIZED (
    SELECT f.name, split_part(g.glob, '.', 1) AS schema_glob, split_part(g.glob, '.', 2) AS relation_glob
    FROM in_force f CROSS JOIN LATERAL unnest(coalesce(f.objects, ARRAY['*.*'])) AS g (glob)
  ),
  matched AS MATERIALIZED (
    SELECT DISTINCT n.relid, f.place, f.name, f.privileges
    FROM named n
    JOIN glob g ON jit.glob_match(g.schema_glob, n.schema_name) AND jit.glob_match(g.relation_glob, n.relation_name)
    JOIN in_force f ON f.name = g.name
  ),
  of_relation AS (
    SELECT DISTINCT ON (t.relid, t.privilege) m.place, m.name,
           t.privilege || ' on ' || coalesce(t.relid::regclass::text, 'a dropped relation') AS what
    FROM target t
    LEFT JOIN matched m ON m.relid = t.relid AND (m.privileges IS NULL OR t.privilege = ANY (m.privileges))
    ORDER BY t.relid, t.privilege, m.place
  ),
  touching AS (
    SELECT i.schema_name, i.privilege, f.place, f.name, bool_or(btrim(g.relation_glob, '*') = '') AS covers
    FROM item i
    JOIN in_force f ON f.privileges IS NULL OR i.privilege = ANY (f.privileges)
    JOIN glob g ON g.name = f.name AND jit.glob_match(g.schema_glob, i.schema_name)
    WHERE i.relation_oid = 0
    GROUP BY i.schema_name, i.privilege, f.place, f.name
  ),
  of_schema AS (
    SELECT t.place, t.name, t.privilege || ' on ' || quote_ident(t.schema_name) || '.*' AS what
    FROM touching t
    WHERE NOT EXISTS (SELECT FROM touching c
                      WHERE c.covers AND c.schema_name = t.schema_name AND c.privilege = t.privilege AND c.place < t.place)
    UNION ALL
    SELECT NULL, NULL, i.privilege || ' on ' || quote_ident(i.schema_name) || '.*'
    FROM item i
    WHERE i.relation_oid = 0
      AND NOT EXISTS (SELECT FROM touching c
                      WHERE c.covers AND c.schema_name = i.schema_name AND c.privilege = i.privilege)
  ),
  met AS (SELECT * FROM of_relation UNION ALL SELECT * FROM of_schema)
  SELECT m.name, min(m.what COLLATE "C") FROM met m GROUP BY m.place, m.name ORDER BY m.place NULLS LAST;
END
$$;

-- What all the policies of a request say together. The strictest word counts.
CREATE TYPE jit.ruling AS (
  denied_by    text,
  denied_what  text,
  policies     text[],
  requirements jsonb,     -- [{"policy": ..., "approver": ..., "approvals": ...}]
  max_duration interval,
  max_by       text,      -- whose maximum that is; NULL: the built-in rule's
  lapse_after  interval,
  patterns     jsonb,     -- [{"policy": ..., "pattern": ...}]
  ticket_by    text,
  glass_by     text       -- the first that does not allow break-glass; NULL: all do
);

CREATE FUNCTION jit.rule_on(requester oid, objects jsonb) RETURNS jit.ruling
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
  SET jit = off
AS $$
DECLARE
  built_in constant text := 'the built-in rule';
  result jit.ruling;
  met record;
  longest interval;
  lapse interval;
BEGIN
  result.policies := ARRAY[]::text[];
  result.requirements := '[]';
  result.patterns := '[]';
  FOR met IN
    SELECT m.policy, m.what, p.verdict, p.approver, p.approvals, p.max_duration, p.lapse_after,
           p.reason_pattern, p.ticket_required, p.break_glass
    FROM jit.policies_met(requester, objects) WITH ORDINALITY AS m (policy, what, n)
    LEFT JOIN jit.policies p ON p.name = m.policy
    ORDER BY m.n
  LOOP
    IF met.verdict = 'deny' AND result.denied_by IS NULL THEN
      result.denied_by := met.policy;
      result.denied_what := met.what;
    END IF;
    IF met.policy IS NOT NULL THEN
      result.policies := result.policies || met.policy;
    END IF;
    result.requirements := result.requirements || jsonb_build_object(
      'policy', met.policy, 'approver', coalesce(met.approver, 'jit_approver'), 'approvals', coalesce(met.approvals, 1));
    longest := coalesce(met.max_duration, interval '8 hours');
    IF result.max_duration IS NULL OR jit.seconds(longest) < jit.seconds(result.max_duration) THEN
      result.max_duration := longest;
      result.max_by := met.policy;
    END IF;
    lapse := coalesce(met.lapse_after, interval '24 hours');
    IF result.lapse_after IS NULL OR jit.seconds(lapse) < jit.seconds(result.lapse_after) THEN
      result.lapse_after := lapse;
    END IF;
    IF met.reason_pattern IS NOT NULL THEN
      result.patterns := result.patterns || jsonb_build_object('policy', met.policy, 'pattern', met.reason_pattern);
    END IF;
    IF met.ticket_required AND result.ticket_by IS NULL THEN
      result.ticket_by := met.policy;
    END IF;
    IF met.break_glass IS NOT TRUE AND result.glass_by IS NULL THEN
      result.glass_by := CASE WHEN met.policy IS NULL THEN built_in ELSE format('policy "%s"', met.policy) END;
    END IF;
  END LOOP;
  IF jsonb_array_length(result.requirements) = 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = 'a request without objects meets no rule';
  END IF;
  RETURN result;
END
$$;

-- A change of the policies changes what open requests need: approvers must see those that are now theirs to decide.
-- (jit_approve and the push ask the policies again in any case. A request that is locked is being decided.)
CREATE FUNCTION jit.policies_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
DECLARE
  request jit.requests;
  ruling jit.ruling;
BEGIN
  FOR request IN
    SELECT * FROM jit.requests r WHERE r.status = 'pending' AND r.lapse_at > clock_timestamp()
    ORDER BY r.id FOR UPDATE SKIP LOCKED
  LOOP
    ruling := jit.rule_on(request.requester_oid, request.objects);
    CONTINUE WHEN ruling.denied_by IS NOT NULL;
    UPDATE jit.requests r
    SET requirements = ruling.requirements, policy = nullif(array_to_string(ruling.policies, ', '), '')
    WHERE r.id = request.id
      AND (r.requirements, r.policy) IS DISTINCT FROM (ruling.requirements, nullif(array_to_string(ruling.policies, ', '), ''));
  END LOOP;
  RETURN NULL;
END
$$;

CREATE TRIGGER policies_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON jit.policies
  FOR EACH STATEMENT EXECUTE FUNCTION jit.policies_changed();
ALTER TABLE jit.policies ENABLE ALWAYS TRIGGER policies_changed;

