-- What is durable: policies, requests, approvals, grants.

CREATE TABLE jit.policies (
  name            text PRIMARY KEY,
  priority        integer NOT NULL DEFAULT 100,
  requester       name,
  privileges      text[],
  objects         text[],
  max_duration    interval,
  approvals       integer NOT NULL DEFAULT 1,
  approver        name NOT NULL DEFAULT 'jit_approver',
  reason_pattern  text,
  ticket_required boolean NOT NULL DEFAULT false,
  active_hours    text,
  lapse_after     interval,
  verdict         text NOT NULL DEFAULT 'allow' CHECK (verdict IN ('allow', 'deny')),
  break_glass     boolean NOT NULL DEFAULT false,
  blank_values    boolean NOT NULL DEFAULT false -- constants and parameters stay out of the audit log
);

-- CREATE DATABASE ... TEMPLATE copies the rows; what was asked for, approved and granted is not to come along.
CREATE FUNCTION jit.database_oid() RETURNS oid
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$ SELECT d.oid FROM pg_database d WHERE d.datname = current_database() $$;

CREATE TABLE jit.requests (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  requester         name NOT NULL,
  requester_oid     oid NOT NULL,
  access            text NOT NULL,
  asked             text NOT NULL,
  statement         text,
  objects           jsonb NOT NULL,
  duration          interval NOT NULL,
  reason            text NOT NULL,
  ticket            text,
  status            text NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'cancelled', 'lapsed',
                                                    'active', 'expired', 'revoked')),
  policy            text,
  requirements      jsonb NOT NULL,
  created_at        timestamptz NOT NULL,
  decided_at        timestamptz,
  starts_at         timestamptz,
  lapse_at          timestamptz NOT NULL,
  pushed_at         timestamptz,
  expires_at        timestamptz,
  ended_at          timestamptz,
  ended_by          name,
  end_reason        text,
  approved_duration interval,
  session_only      boolean NOT NULL DEFAULT false,
  session_pid       integer,
  session_start     timestamptz,
  client_addr       inet,
  break_glass       boolean NOT NULL DEFAULT false,
  review_owed       boolean NOT NULL DEFAULT false,
  reviewed_at       timestamptz,
  reviewed_by       name,
  review            text,
  extends           bigint, -- no foreign key: a dump carries the one without the other (see below)
  database_oid      oid NOT NULL DEFAULT jit.database_oid(),
  requested_by      name,
  requested_by_oid  oid
);

-- What run_due and next_due look for, so that a long history costs them nothing.
CREATE INDEX requests_to_push ON jit.requests (id) WHERE status = 'approved' AND pushed_at IS NULL;
CREATE INDEX requests_to_start ON jit.requests (starts_at) WHERE status = 'approved' AND pushed_at IS NOT NULL;
CREATE INDEX requests_to_lapse ON jit.requests (lapse_at) WHERE status = 'pending';
CREATE INDEX requests_to_expire ON jit.requests (expires_at) WHERE status = 'active';
CREATE INDEX requests_open_by_requester ON jit.requests (requester_oid)
  WHERE status IN ('pending', 'approved', 'active');
CREATE INDEX requests_open_session_only ON jit.requests (id)
  WHERE session_only AND status IN ('pending', 'approved', 'active');
CREATE INDEX requests_by_requester ON jit.requests (requester_oid, id);
CREATE INDEX requests_by_delegate ON jit.requests (requested_by_oid, id) WHERE requested_by_oid IS NOT NULL;
CREATE INDEX requests_by_extended ON jit.requests (extends) WHERE extends IS NOT NULL;
CREATE INDEX requests_open_extensions ON jit.requests (extends)
  WHERE extends IS NOT NULL AND status IN ('pending', 'approved', 'active');

CREATE TABLE jit.approvals (
  request_id   bigint NOT NULL REFERENCES jit.requests (id),
  approver     name NOT NULL,
  approver_oid oid NOT NULL,
  decision     text NOT NULL CHECK (decision IN ('approve', 'deny')),
  comment      text,
  duration     interval,
  decided_at   timestamptz NOT NULL,
  PRIMARY KEY (request_id, approver_oid)
);

CREATE TABLE jit.grants (
  request_id     bigint NOT NULL REFERENCES jit.requests (id),
  grantee        name NOT NULL,
  grantee_oid    oid NOT NULL,
  privileges     text[] NOT NULL,
  privilege_mask integer NOT NULL,
  relation       text NOT NULL,
  schema_oid     oid NOT NULL,
  schema_name    name NOT NULL,
  relation_oid   oid NOT NULL,
  relation_name  name,
  columns        text[],
  column_numbers smallint[],
  starts_at      timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,
  revoked_at     timestamptz,
  session_pid    integer,
  session_start  timestamptz,
  client_addr    inet,
  database_oid   oid NOT NULL DEFAULT jit.database_oid(),
  blank_values   boolean NOT NULL DEFAULT false,
  CHECK ((relation_oid = 0) = (relation_name IS NULL)),
  CHECK ((columns IS NULL) = (column_numbers IS NULL))
);

CREATE INDEX grants_by_grantee ON jit.grants (grantee_oid, expires_at);
CREATE INDEX grants_by_request ON jit.grants (request_id);
CREATE INDEX grants_live_by_relation ON jit.grants (relation_oid) WHERE revoked_at IS NULL;
CREATE INDEX grants_live_by_schema ON jit.grants (schema_oid) WHERE revoked_at IS NULL;

-- Each backend keeps its own user's grants; these tell it to read them again.
CREATE FUNCTION jit.grants_changed() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'jit_grants_changed';

CREATE TRIGGER changed_row AFTER INSERT OR UPDATE OR DELETE ON jit.grants
  FOR EACH ROW EXECUTE FUNCTION jit.grants_changed();
CREATE TRIGGER changed_all AFTER TRUNCATE ON jit.grants
  FOR EACH STATEMENT EXECUTE FUNCTION jit.grants_changed();
ALTER TABLE jit.grants ENABLE ALWAYS TRIGGER changed_row;
ALTER TABLE jit.grants ENABLE ALWAYS TRIGGER changed_all;

-- pg_dump carries policies and history; a request still open and a grant still live never travel.
SELECT pg_catalog.pg_extension_config_dump('jit.policies', '');
SELECT pg_catalog.pg_extension_config_dump('jit.requests_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('jit.requests',
  $$WHERE status IN ('denied', 'cancelled', 'lapsed', 'expired', 'revoked')$$);
SELECT pg_catalog.pg_extension_config_dump('jit.approvals',
  $$WHERE request_id IN (SELECT id FROM jit.requests
                         WHERE status IN ('denied', 'cancelled', 'lapsed', 'expired', 'revoked'))$$);
SELECT pg_catalog.pg_extension_config_dump('jit.grants',
  $$WHERE request_id IN (SELECT id FROM jit.requests
                         WHERE status IN ('denied', 'cancelled', 'lapsed', 'expired', 'revoked'))$$);

