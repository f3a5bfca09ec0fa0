
-- Begin and end of each audited statement as one row.
CREATE VIEW jit.statements WITH (security_barrier) AS
SELECT b.statement_id, b.parent_id, b.transaction_id, b.seq, b.at AS begun_at,
       CASE b.kind WHEN 'statement' THEN b.at + make_interval(secs => b.duration_ms / 1000)
                   WHEN 'statement_refused' THEN b.at ELSE e.at END AS ended_at,
       CASE WHEN e.kind = 'statement_cancelled' THEN 'cancelled'
            WHEN b.kind <> 'statement_begun' OR e.kind IS NOT NULL
            THEN CASE coalesce(b.sqlstate, e.sqlstate, '') WHEN '' THEN 'succeeded' WHEN '42501' THEN 'refused' ELSE 'failed' END
            -- What was under way when the server stopped has no end.
            WHEN b.statement_id >= (SELECT jit.audit_first_id()) THEN 'running'
            ELSE 'unknown' END AS outcome,
       CASE t.kind WHEN 'transaction_committed' THEN true WHEN 'transaction_rolled_back' THEN false END AS committed,
       b.session_user_name, b.current_user_name, b.authenticated_user_name, b.request_ids, b.command, b.statement,
       b.statement_length, b.statement_sha256, b.parameters, b.query_id, b.relations, b.raw_columns,
       coalesce(b.rows, e.rows) AS rows, coalesce(b.duration_ms, e.duration_ms) AS duration_ms,
       coalesce(e.sqlstate, b.sqlstate) AS sqlstate, coalesce(e.message, b.message) AS message,
       b.client_addr, b.client_port, b.application_name, b.database_name, b.pid, b.session_start,
       (b.detail->>'token')::bigint AS token_id
FROM jit.audit_log b
LEFT JOIN jit.audit_log e ON b.kind = 'statement_begun' AND e.statement_id = b.statement_id AND e.kind IN ('statement_ended', 'statement_cancelled')
LEFT JOIN jit.audit_log t ON t.statement_id = b.transaction_id
                          AND t.kind IN ('transaction_committed', 'transaction_rolled_back', 'transaction_prepared')
WHERE b.kind IN ('statement_begun', 'statement', 'statement_refused')
  AND ((SELECT jit.is_member(jit.session_user_oid(), 'jit_auditor')) OR b.session_user_name = session_user);
