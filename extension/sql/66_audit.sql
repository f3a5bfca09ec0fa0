
-- The audit log's partitions, its ends, and what its worker asks for.

-- The partition that holds an instant, made where there is none. Called by the worker.
CREATE FUNCTION jit.audit_partition_of(at timestamptz, OUT oid oid, OUT from_at timestamptz, OUT to_at timestamptz)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
DECLARE
  unit constant text := current_setting('jit_access.audit_partition');
  wanted text;
  made text;
BEGIN
  SELECT c.oid, p.from_at, p.to_at INTO oid, from_at, to_at
  FROM jit.audit_partitions p JOIN pg_class c ON c.relname = p.partition AND c.relnamespace = 'jit'::regnamespace AND c.relispartition
  WHERE p.detached_at IS NULL AND p.from_at <= audit_partition_of.at AND p.to_at > audit_partition_of.at;
  IF FOUND THEN
    RETURN;
  END IF;
  -- What the unit says, as far as partitions of another unit leave room.
  from_at := date_trunc(unit, at, 'UTC');
  to_at := (from_at AT TIME ZONE 'UTC' + ('1 ' || unit)::interval) AT TIME ZONE 'UTC';
  SELECT greatest(audit_partition_of.from_at, max(p.to_at)) INTO from_at
  FROM jit.audit_partitions p WHERE p.detached_at IS NULL AND p.to_at <= audit_partition_of.at;
  SELECT least(audit_partition_of.to_at, min(p.from_at)) INTO to_at
  FROM jit.audit_partitions p WHERE p.detached_at IS NULL AND p.from_at > audit_partition_of.at;
  wanted := to_char(from_at, '"audit_log_"YYYYMMDD');
  made := wanted;
  FOR i IN 2 .. 1000 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM pg_class c WHERE c.relname = made AND c.relnamespace = 'jit'::regnamespace)
          AND NOT EXISTS (SELECT FROM jit.audit_partitions p WHERE p.partition = made);
    made := wanted || '_' || i;
  END LOOP;
  EXECUTE format('CREATE TABLE jit.%I (LIKE jit.audit_log INCLUDING COMMENTS)', made);
  EXECUTE format('ALTER TABLE jit.%I OWNER TO %I', made,
    (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = 'jit.audit_log'::regclass));
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON jit.%I FOR EACH STATEMENT EXECUTE FUNCTION jit.refuse_audit_change()',
    made);
  EXECUTE format('ALTER TABLE jit.%I ENABLE ALWAYS TRIGGER refuse_truncate', made);
  -- Attached, not made as a partition: that would wait for everybody who reads the log.
  EXECUTE format('ALTER TABLE jit.audit_log ATTACH PARTITION jit.%I FOR VALUES FROM (%L) TO (%L)', made, from_at, to_at);
  EXECUTE format('GRANT SELECT ON jit.%I TO jit_auditor', made);
  -- A member of the extension: dropped with it, and left out of pg_dump as the log itself.
  EXECUTE format('ALTER EXTENSION jit_access ADD TABLE jit.%I', made);
  EXECUTE format('COMMENT ON TABLE jit.%I IS ''a partition of jit.audit_log''', made);
  INSERT INTO jit.audit_partitions (partition, from_at, to_at) VALUES (made, from_at, to_at);
  oid := ('jit.' || quote_ident(made))::regclass;
END
$$;

-- No record goes to a partition before the last row's: a part that is cut off has no later row. NULL: the log is empty.
CREATE FUNCTION jit.audit_floor() RETURNS timestamptz
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT greatest((SELECT p.from_at FROM jit.audit_partitions p
                   WHERE p.detached_at IS NULL
                     AND to_regclass('jit.' || quote_ident(p.partition)) = (
                       SELECT l.tableoid FROM jit.audit_log l
                       WHERE l.seq = (SELECT s.last_seq FROM jit.audit_state s) LIMIT 1)),
                  (SELECT max(p.to_at) FROM jit.audit_partitions p WHERE p.detached_at IS NOT NULL))
$$;

-- Cuts off the partitions that end by the instant given.
CREATE FUNCTION jit.audit_cut(before timestamptz)
  RETURNS TABLE (partition name, first_seq bigint, last_seq bigint, last_hash bytea)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
  part record;
  ends record;
BEGIN
  FOR part IN
    SELECT p.partition FROM jit.audit_partitions p
    WHERE p.detached_at IS NULL AND p.to_at <= least(before, clock_timestamp() - interval '1 hour') ORDER BY p.from_at
  LOOP
    EXECUTE format('SELECT min(seq) AS first_seq, max(seq) AS last_seq FROM jit.%I', part.partition) INTO ends;
    EXECUTE format('ALTER TABLE jit.audit_log DETACH PARTITION jit.%I', part.partition);
    EXECUTE format('ALTER EXTENSION jit_access DROP TABLE jit.%I', part.partition);
    EXECUTE format('UPDATE jit.audit_partitions p SET detached_at = clock_timestamp(), first_seq = %L, last_seq = %L,'
                   ' first_prev_hash = (SELECT l.prev_hash FROM jit.%I l WHERE l.seq = %L),'
                   ' last_hash = (SELECT l.hash FROM jit.%I l WHERE l.seq = %L) WHERE p.partition = %L',
                   ends.first_seq, ends.last_seq, part.partition, ends.first_seq, part.partition, ends.last_seq, part.partition);
    RETURN QUERY SELECT p.partition, p.first_seq, p.last_seq, p.last_hash FROM jit.audit_partitions p
                 WHERE p.partition = part.partition;
  END LOOP;
END
$$;

CREATE FUNCTION jit.audit_detach(before timestamptz)
  RETURNS TABLE (partition name, first_seq bigint, last_seq bigint, last_hash bytea)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF before IS NULL THEN
    PERFORM jit.refuse('null_value_not_allowed', 'before must not be NULL', 'Say until when partitions are to be detached.');
  END IF;
  IF current_setting('jit_access.audit') = 'off' THEN
    PERFORM jit.refuse('object_not_in_prerequisite_state', 'the audit log is off: that it is cut could not be recorded',
                       'Set jit_access.audit to sync or async first.');
  END IF;
  FOR partition, first_seq, last_seq, last_hash IN SELECT * FROM jit.audit_cut(before) LOOP
    PERFORM jit.audit_event('audit_detached', NULL, jsonb_build_object(
      'partition', partition, 'first_seq', first_seq, 'last_seq', last_seq, 'last_hash', encode(last_hash, 'hex')));
    RETURN NEXT;
  END LOOP;
END
$$;

-- What the worker does now and then. NULL, or what was detached.
CREATE FUNCTION jit.audit_tend_partitions() RETURNS jsonb
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
DECLARE
  keep constant integer := current_setting('jit_access.audit_keep_days')::integer;
  ahead timestamptz;
BEGIN
  -- The next one is there before it is needed.
  SELECT p.to_at INTO ahead FROM jit.audit_partition_of(clock_timestamp()) p;
  IF ahead < clock_timestamp() + interval '1 day' THEN
    PERFORM jit.audit_partition_of(ahead);
  END IF;
  RETURN (
    SELECT jsonb_build_object('partitions', jsonb_agg(jsonb_build_object(
      'partition', c.partition, 'first_seq', c.first_seq, 'last_seq', c.last_seq, 'last_hash', encode(c.last_hash, 'hex'))))
    FROM jit.audit_cut(clock_timestamp() - make_interval(days => keep)) c
    WHERE keep > 0
    HAVING count(*) > 0);
END
$$;

-- The settings of the extension, but for the key of the masks.
CREATE FUNCTION jit.audit_settings() RETURNS jsonb
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_object_agg(s.name, s.setting) FROM pg_settings s
  WHERE s.name LIKE 'jit\_access.%' AND s.name NOT LIKE 'jit\_access.mask\_key%'
$$;

-- What is not as the log knows it: {"name": {"before": ..., "after": ...}}; NULL: nothing.
CREATE FUNCTION jit.audit_settings_changed() RETURNS jsonb
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_object_agg(n.key, jsonb_build_object('before', s.settings -> n.key, 'after', n.value))
  FROM jit.audit_state s, jsonb_each(jit.audit_settings()) n
  WHERE s.settings IS NOT NULL AND s.settings -> n.key IS DISTINCT FROM n.value
  HAVING count(*) > 0
$$;

-- Statements with smaller numbers ran before the server's last start.
CREATE FUNCTION jit.audit_first_id() RETURNS bigint
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'jit_audit_first_id';

-- The end of the chain, for whoever keeps it elsewhere as well.
CREATE FUNCTION jit.audit_head() RETURNS TABLE (seq bigint, hash bytea, at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.last_seq, s.last_hash, (SELECT l.at FROM jit.audit_log l WHERE l.seq = s.last_seq)
  FROM jit.audit_state s
$$;

-- The hash of a row, or of the end of what was cut off.
CREATE FUNCTION jit.audit_hash_at(seq bigint) RETURNS bytea
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce((SELECT l.hash FROM jit.audit_log l WHERE l.seq = $1 LIMIT 1),
                  (SELECT p.last_hash FROM jit.audit_partitions p WHERE p.last_seq = $1 AND p.detached_at IS NOT NULL LIMIT 1))
$$;

CREATE FUNCTION @extschema@.jit_audit_verify() RETURNS TABLE (checked bigint, first_bad bigint)
  LANGUAGE c STABLE ROWS 1 AS 'MODULE_PATHNAME', 'jit_audit_verify';
CREATE FUNCTION @extschema@.jit_audit_verify(partition regclass) RETURNS TABLE (checked bigint, first_bad bigint)
  LANGUAGE c STABLE STRICT ROWS 1 AS 'MODULE_PATHNAME', 'jit_audit_verify';

-- Changes of what is configured in tables.
CREATE FUNCTION jit.audit_row_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET intervalstyle = 'postgres'
AS $$
BEGIN
  PERFORM jit.audit_event(TG_ARGV[0], NULL, CASE TG_OP
    WHEN 'INSERT' THEN jsonb_build_object('after', to_jsonb(NEW))
    WHEN 'UPDATE' THEN jsonb_build_object('before', to_jsonb(OLD), 'after', to_jsonb(NEW))
    WHEN 'DELETE' THEN jsonb_build_object('before', to_jsonb(OLD))
    ELSE jsonb_build_object('removed', 'all') END);
  RETURN NULL;
END
$$;

DO $$
DECLARE
  watched record;
BEGIN
  FOR watched IN
    SELECT * FROM (VALUES ('policies', 'policy_changed'), ('mask_classes', 'mask_class_changed'),
                          ('trusted_functions', 'trusted_function_changed')) AS w (name, kind)
  LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON jit.%I'
      ' FOR EACH ROW EXECUTE FUNCTION jit.audit_row_changed(%L)', watched.name, watched.kind);
    EXECUTE pg_catalog.format('CREATE TRIGGER audit_all AFTER TRUNCATE ON jit.%I'
      ' FOR EACH STATEMENT EXECUTE FUNCTION jit.audit_row_changed(%L)', watched.name, watched.kind);
    EXECUTE pg_catalog.format('ALTER TABLE jit.%I ENABLE ALWAYS TRIGGER audit_row', watched.name);
    EXECUTE pg_catalog.format('ALTER TABLE jit.%I ENABLE ALWAYS TRIGGER audit_all', watched.name);
  END LOOP;
END
$$;
