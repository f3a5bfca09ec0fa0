
-- The same for the audit log.

COMMENT ON TABLE jit.audit_log IS 'who asked, who allowed, what was run, with what result: a chain of rows, written by the audit worker alone';
COMMENT ON COLUMN jit.audit_log.seq IS 'place in the chain, from 1, without gaps';
COMMENT ON COLUMN jit.audit_log.at IS 'when it happened, by the clock';
COMMENT ON COLUMN jit.audit_log.kind IS
  'statement_begun, statement_ended (or, written in one go, statement), statement_cancelled (its grant ended), statement_refused; transaction_committed, transaction_rolled_back; the events of requests; policy_changed, mask_changed, setting_changed, membership_changed ...';
COMMENT ON COLUMN jit.audit_log.session_user_name IS 'the session''s user';
COMMENT ON COLUMN jit.audit_log.current_user_name IS 'whose rights counted';
COMMENT ON COLUMN jit.audit_log.authenticated_user_name IS 'who logged in';
COMMENT ON COLUMN jit.audit_log.request_ids IS 'the requests by whose grants the statement ran; of an event: the request';
COMMENT ON COLUMN jit.audit_log.statement_id IS 'joins the records of one statement';
COMMENT ON COLUMN jit.audit_log.parent_id IS 'the statement inside which it ran; NULL: the client''s own';
COMMENT ON COLUMN jit.audit_log.transaction_id IS 'joins the statements of a transaction: the number of the first';
COMMENT ON COLUMN jit.audit_log.command IS 'SELECT, UPDATE, ALTER TABLE ...';
COMMENT ON COLUMN jit.audit_log.statement IS 'the text, without secrets, cut at jit_access.audit_statement_size';
COMMENT ON COLUMN jit.audit_log.statement_length IS 'length of the whole text, in bytes';
COMMENT ON COLUMN jit.audit_log.statement_sha256 IS 'SHA-256 of the whole text; NULL: it was not cut';
COMMENT ON COLUMN jit.audit_log.parameters IS 'values of its parameters, as texts';
COMMENT ON COLUMN jit.audit_log.query_id IS 'the query''s identifier, the same whatever its constants';
COMMENT ON COLUMN jit.audit_log.relations IS 'tables and views that it names or reads';
COMMENT ON COLUMN jit.audit_log.raw_columns IS 'masked columns that it saw raw';
COMMENT ON COLUMN jit.audit_log.rows IS 'rows returned or changed';
COMMENT ON COLUMN jit.audit_log.duration_ms IS 'milliseconds that it ran; a cursor''s pauses do not count';
COMMENT ON COLUMN jit.audit_log.sqlstate IS 'of the error that ended it; NULL: none';
COMMENT ON COLUMN jit.audit_log.message IS 'what that said, as the client saw it';
COMMENT ON COLUMN jit.audit_log.detail IS 'of an event: what of it';
COMMENT ON COLUMN jit.audit_log.client_addr IS 'the client''s address; NULL: a local socket';
COMMENT ON COLUMN jit.audit_log.client_port IS 'the client''s port';
COMMENT ON COLUMN jit.audit_log.application_name IS 'what the client calls itself';
COMMENT ON COLUMN jit.audit_log.database_name IS 'the database';
COMMENT ON COLUMN jit.audit_log.pid IS 'the session''s process';
COMMENT ON COLUMN jit.audit_log.session_start IS 'when the session began';
COMMENT ON COLUMN jit.audit_log.prev_hash IS 'hash of the row before; zeros for the first';
COMMENT ON COLUMN jit.audit_log.hash IS 'SHA-256 over prev_hash and the columns before it';

COMMENT ON TABLE jit.audit_state IS 'the end of the audit log''s chain; one row';
COMMENT ON COLUMN jit.audit_state.only_row IS 'true';
COMMENT ON COLUMN jit.audit_state.last_seq IS 'the last row''s place';
COMMENT ON COLUMN jit.audit_state.last_hash IS 'the last row''s hash';
COMMENT ON COLUMN jit.audit_state.settings IS 'the settings that the log last recorded';

COMMENT ON TABLE jit.audit_partitions IS 'every partition of the audit log there is or was';
COMMENT ON COLUMN jit.audit_partitions.partition IS 'the table, in schema jit';
COMMENT ON COLUMN jit.audit_partitions.from_at IS 'what it holds begins then';
COMMENT ON COLUMN jit.audit_partitions.to_at IS 'and ends before that';
COMMENT ON COLUMN jit.audit_partitions.detached_at IS 'when it was cut off; NULL: it is part of the log';
COMMENT ON COLUMN jit.audit_partitions.first_seq IS 'its first row, once it is cut off';
COMMENT ON COLUMN jit.audit_partitions.first_prev_hash IS 'the hash that its first row follows';
COMMENT ON COLUMN jit.audit_partitions.last_seq IS 'its last row';
COMMENT ON COLUMN jit.audit_partitions.last_hash IS 'the hash of its last row, which the next part follows';

COMMENT ON COLUMN jit.policies.blank_values IS 'whether constants and parameters of statements under its grants are kept out of the audit log';
COMMENT ON COLUMN jit.grants.blank_values IS 'whether a policy of its request wants values kept out of the audit log';

COMMENT ON VIEW jit.statements IS 'begin and end of each audited statement as one row: all for auditors, the reader''s own for others';

COMMENT ON FUNCTION @extschema@.jit_audit_verify() IS
  'goes through the chain of the audit log: how many rows are as they were written, and the first that is not, or is missing; NULL: none';
COMMENT ON FUNCTION @extschema@.jit_audit_verify(regclass) IS 'the same for one partition, a detached one too';
COMMENT ON FUNCTION jit.audit_first_id() IS 'statements with smaller numbers ran before the server''s last start';
COMMENT ON FUNCTION jit.audit_head() IS 'the end of the audit log''s chain, to be kept where nobody of this server can change it';
COMMENT ON FUNCTION jit.audit_hash_at(bigint) IS 'the hash of one row of the audit log';
COMMENT ON FUNCTION jit.audit_detach(timestamptz) IS
  'detaches the partitions of the audit log that end by then, as tables to be archived; the chain stays verifiable';
COMMENT ON FUNCTION jit.refuse_audit_change() IS 'internal: refuses changes of the audit log';
COMMENT ON FUNCTION jit.audit_event(text, bigint, jsonb) IS 'internal: notes an event for the audit log';
COMMENT ON FUNCTION jit.audit_detail_of(bigint) IS 'internal: what the audit log says of a request';
COMMENT ON FUNCTION jit.audit_partition_of(timestamptz) IS 'internal: the partition of an instant';
COMMENT ON FUNCTION jit.audit_floor() IS 'internal: before that the log takes nothing any more';
COMMENT ON FUNCTION jit.audit_cut(timestamptz) IS 'internal: detaches partitions';
COMMENT ON FUNCTION jit.audit_tend_partitions() IS 'internal: makes and detaches partitions in time';
COMMENT ON FUNCTION jit.audit_settings() IS 'internal: the extension''s settings';
COMMENT ON FUNCTION jit.audit_settings_changed() IS 'internal: settings that the audit log does not know yet';
COMMENT ON FUNCTION jit.audit_row_changed() IS 'internal: notes a change of a table of settings';

COMMENT ON VIEW jit.events IS
  'what has happened to requests and tokens that the reader may see; for approvers, auditors and the coordinator to all, policies and masks too';
COMMENT ON COLUMN jit.events.id IS 'place in the audit log: events after one are those of a greater id';
COMMENT ON COLUMN jit.events.at IS 'when';
COMMENT ON COLUMN jit.events.event IS 'what: the kind of the record';
COMMENT ON COLUMN jit.events.request_id IS 'the request it happened to; NULL: none';
COMMENT ON COLUMN jit.events.token_id IS 'the token it happened to; NULL: none';
COMMENT ON COLUMN jit.events.requester IS 'whose request, or whose token';
COMMENT ON COLUMN jit.events.actor IS 'the login that did it';
COMMENT ON COLUMN jit.events.status IS 'the request''s status after it';
COMMENT ON COLUMN jit.events.access IS 'what was asked for';
COMMENT ON COLUMN jit.events.detail IS 'what the audit log holds besides';
COMMENT ON FUNCTION jit.groups_of(oid) IS 'internal: the roles that a role is a member of';
COMMENT ON FUNCTION jit.events_after(bigint, integer) IS
  'the next of jit.events after an id, and at the end a row with nothing but the id up to which there are no more; SELECT * FROM jit.events_after($1, $2), word for word, has no record in the audit log';
COMMENT ON FUNCTION jit.session_facts() IS
  'who the session''s user is by now; SELECT * FROM jit.session_facts(), word for word, has no record in the audit log';
COMMENT ON FUNCTION jit.events_head() IS 'the id of the last record in the audit log';
