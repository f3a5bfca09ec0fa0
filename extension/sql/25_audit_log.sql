
-- The audit log: a chain of rows in partitions by time, written by the audit worker alone.

-- What stands before prev_hash is what the hash covers, in this order (src/audit/chain.cpp).
CREATE TABLE jit.audit_log (
  seq                     bigint NOT NULL,
  at                      timestamptz NOT NULL,
  kind                    text NOT NULL,
  session_user_name       name,
  current_user_name       name,
  authenticated_user_name name,
  request_ids             bigint[],
  statement_id            bigint,
  parent_id               bigint,
  transaction_id          bigint,
  command                 text,
  statement               text,
  statement_length        bigint,
  statement_sha256        bytea,
  parameters              text[],
  query_id                bigint,
  relations               text[],
  raw_columns             text[],
  rows                    bigint,
  duration_ms             double precision,
  sqlstate                text,
  message                 text,
  detail                  jsonb,
  client_addr             inet,
  client_port             integer,
  application_name        text,
  database_name           name,
  pid                     integer,
  session_start           timestamptz,
  prev_hash               bytea NOT NULL,
  hash                    bytea NOT NULL,
  PRIMARY KEY (seq, at)
) PARTITION BY RANGE (at);

CREATE INDEX audit_log_by_statement ON jit.audit_log (statement_id);

-- The end of the chain; one row. Rows that vanish from the end of the log are missed by it.
CREATE TABLE jit.audit_state (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  last_seq  bigint NOT NULL,
  last_hash bytea NOT NULL,
  settings  jsonb
);
INSERT INTO jit.audit_state (last_seq, last_hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Every partition there is or was; where one was detached, the ends of its chain are kept.
CREATE TABLE jit.audit_partitions (
  partition   name PRIMARY KEY,
  from_at     timestamptz NOT NULL,
  to_at       timestamptz NOT NULL,
  detached_at timestamptz,
  first_seq   bigint,
  first_prev_hash bytea,
  last_seq    bigint,
  last_hash   bytea
);

-- Only the worker writes, and past these. What a superuser does about them, the chain shows.
CREATE FUNCTION jit.refuse_audit_change() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
    MESSAGE = format('jit.audit_log is not to be changed: %s refused', TG_OP),
    HINT = 'Old partitions are detached with jit.audit_detach.';
END
$$;

CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON jit.audit_log
  FOR EACH ROW EXECUTE FUNCTION jit.refuse_audit_change();
ALTER TABLE jit.audit_log ENABLE ALWAYS TRIGGER refuse_change;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON jit.audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION jit.refuse_audit_change();
ALTER TABLE jit.audit_log ENABLE ALWAYS TRIGGER refuse_truncate;

-- Notes an event of this transaction, for the log to have when it commits.
CREATE FUNCTION jit.audit_event(kind text, request_id bigint, detail jsonb) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jit_audit_event';

-- What the log says of a request when something happens to it.
CREATE FUNCTION jit.audit_detail_of(request_id bigint) RETURNS jsonb
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET intervalstyle = 'postgres'
AS $$
BEGIN
  RETURN (
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'requester', r.requester, 'requested_by', r.requested_by, 'access', left(r.access, 8000), 'statement', left(r.statement, 8000), 'reason', r.reason,
      'ticket', r.ticket, 'duration', r.duration, 'approved_duration', r.approved_duration, 'status', r.status,
      'policy', r.policy, 'starts_at', r.starts_at, 'expires_at', r.expires_at, 'extends', r.extends,
      'break_glass', nullif(r.break_glass, false), 'ended_by', r.ended_by, 'end_reason', r.end_reason, 'review', r.review,
      'comment', (SELECT a.comment FROM jit.approvals a
                  WHERE a.request_id = r.id AND a.approver = session_user ORDER BY a.decided_at DESC LIMIT 1)))
    FROM jit.requests r WHERE r.id = audit_detail_of.request_id);
END
$$;
