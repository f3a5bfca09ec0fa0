
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
