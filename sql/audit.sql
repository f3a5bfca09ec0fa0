-- The audit log's SQL interface: what is in it, who reads it, and that nobody writes it.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people

-- The columns that tools rely on.
SELECT attname, atttypid::regtype FROM pg_attribute
WHERE attrelid = 'jit.audit_log'::regclass AND attnum > 0
  AND attname IN ('seq', 'at', 'kind', 'session_user_name', 'request_ids', 'statement', 'relations', 'rows', 'duration_ms', 'sqlstate',
                  'client_addr', 'application_name', 'prev_hash', 'hash')
ORDER BY attnum;
SELECT proname, pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc
WHERE proname IN ('jit_audit_verify', 'audit_head', 'audit_hash_at', 'audit_detach') ORDER BY 1, 2;

-- Who may do what.
SELECT rolname,
  has_table_privilege(r.oid, 'jit.audit_log', 'SELECT') AS reads_log,
  has_table_privilege(r.oid, 'jit.audit_log', 'INSERT, UPDATE, DELETE, TRUNCATE') AS writes_log,
  has_table_privilege(r.oid, 'jit.statements', 'SELECT') AS reads_own,
  has_function_privilege(r.oid, 'jit_audit_verify()', 'EXECUTE') AS verifies,
  has_function_privilege(r.oid, 'jit.audit_head()', 'EXECUTE') AS anchors,
  has_function_privilege(r.oid, 'jit.audit_event(text, bigint, jsonb)', 'EXECUTE') AS notes_events,
  has_function_privilege(r.oid, 'jit.audit_detach(timestamptz)', 'EXECUTE') AS detaches
FROM pg_roles r WHERE rolname IN ('jit_requester', 'jit_approver', 'jit_auditor', 'jit_coordinator') ORDER BY 1;

-- What a requester does is there.
SET SESSION AUTHORIZATION jr_alice;
SELECT 'needle' AS found;
SELECT count(*) > 0 AS sees_her_own FROM jit.statements WHERE statement ~ 'needle';
SELECT * FROM jit.audit_log;
\echo :SQLSTATE
SELECT * FROM jit_audit_verify();
\echo :SQLSTATE
SELECT jit.audit_event('approved', 1, NULL);
\echo :SQLSTATE
SET jit_access.audit = off;
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT kind, session_user_name, command, statement, statement_length, sqlstate FROM jit.audit_log
WHERE kind LIKE 'statement_%' AND statement ~ '^SELECT ''needle''';
SELECT kind, command, statement, relations, sqlstate, message FROM jit.audit_log
WHERE kind = 'statement_refused' AND statement ~ 'audit_log;?$' AND session_user_name = 'jr_alice';
SELECT checked > 0 AS checked, first_bad FROM jit_audit_verify();

-- Nobody changes it, superusers neither, whatever they have replicate.
DELETE FROM jit.audit_log;
\echo :SQLSTATE
UPDATE jit.audit_log SET statement = NULL;
\echo :SQLSTATE
INSERT INTO jit.audit_log SELECT * FROM jit.audit_log LIMIT 1;
\echo :SQLSTATE
TRUNCATE jit.audit_log;
\echo :SQLSTATE
SET session_replication_role = replica;
DELETE FROM jit.audit_log;
\echo :SQLSTATE
RESET session_replication_role;

-- Detaching wants a time, and takes nothing that is not over.
SELECT jit.audit_detach(NULL);
\echo :SQLSTATE
SELECT jit.audit_detach('infinity');
SELECT * FROM jit_audit_verify('jit.requests');
\echo :SQLSTATE
SELECT * FROM jit_audit_verify(NULL);

-- The settings are the server's.
SELECT name, setting, unit, context FROM pg_settings WHERE name LIKE 'jit_access.audit%' ORDER BY name;

\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
