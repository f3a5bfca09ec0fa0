-- What \d+ and \df+ say.

COMMENT ON SCHEMA jit IS 'just-in-time access: policies, requests, approvals, grants and the views of them';

COMMENT ON FUNCTION @extschema@.jit_request(text, interval, text, text, timestamptz, text, bigint, boolean, inet, boolean) IS
  'asks for access, in GRANT syntax, for a time and a reason; returns the request''s id';
COMMENT ON FUNCTION @extschema@.jit_request_for(text, interval, text, text, timestamptz, text, bigint, boolean, inet, boolean) IS
  'asks for the least access that a statement needs; returns the request''s id';
COMMENT ON FUNCTION @extschema@.jit_request_as(name, text, interval, text, text, timestamptz, inet) IS
  'asks for access for somebody else, who is to have it; for members of jit_delegate; returns the request''s id';
COMMENT ON FUNCTION jit.request_preview(text, text, name) IS
  'what a request would meet: objects, policies, who would have to approve; files nothing';
COMMENT ON FUNCTION @extschema@.jit_wait(bigint, interval) IS
  'blocks until a request is decided, or for the time given; returns its status';
COMMENT ON FUNCTION @extschema@.jit_cancel(bigint) IS 'takes back a pending request of one''s own; returns its status';
COMMENT ON FUNCTION @extschema@.jit_approve(bigint, text, interval) IS
  'approves somebody else''s pending request, possibly for a shorter time; returns its status';
COMMENT ON FUNCTION @extschema@.jit_deny(bigint, text) IS 'denies somebody else''s pending request; returns its status';
COMMENT ON FUNCTION @extschema@.jit_revoke(bigint, text) IS
  'ends approved or active access at once, and what extends it; returns its status';
COMMENT ON FUNCTION @extschema@.jit_extend(bigint, interval, text) IS
  'asks for more time for active access; returns the id of the new request';
COMMENT ON FUNCTION jit.review(bigint, text) IS 'closes the review that break-glass access owes; returns the request''s status';

COMMENT ON TABLE jit.policies IS 'the rules: each privilege on each object of a request takes the first that matches, by priority';
COMMENT ON COLUMN jit.policies.name IS 'what people read where the policy decides';
COMMENT ON COLUMN jit.policies.priority IS 'lowest first; ties by name';
COMMENT ON COLUMN jit.policies.requester IS 'role whose members it is for; NULL: anyone';
COMMENT ON COLUMN jit.policies.privileges IS 'privileges it is for; NULL: any';
COMMENT ON COLUMN jit.policies.objects IS 'globs of schema.table it is for (* any run of characters, ? any one); NULL: any';
COMMENT ON COLUMN jit.policies.max_duration IS 'longest that can be asked for; NULL: 8 hours';
COMMENT ON COLUMN jit.policies.approvals IS 'how many members of approver must approve; 0: nobody is asked';
COMMENT ON COLUMN jit.policies.approver IS 'role whose members may approve';
COMMENT ON COLUMN jit.policies.reason_pattern IS 'POSIX regular expression that the reason must match; NULL: any reason';
COMMENT ON COLUMN jit.policies.ticket_required IS 'whether a request must name a ticket';
COMMENT ON COLUMN jit.policies.active_hours IS 'when the policy is in force: [days ]HH:MM-HH:MM[ zone]; NULL: always';
COMMENT ON COLUMN jit.policies.lapse_after IS 'how long a request waits to be decided; NULL: 24 hours';
COMMENT ON COLUMN jit.policies.verdict IS 'allow, or deny: no approver can override that';
COMMENT ON COLUMN jit.policies.break_glass IS 'whether access may be taken at once, to be reviewed afterwards';

COMMENT ON TABLE jit.requests IS 'every request ever made, and what became of it';
COMMENT ON COLUMN jit.requests.id IS 'the one handle for a request''s whole life';
COMMENT ON COLUMN jit.requests.requester IS 'the login that asked';
COMMENT ON COLUMN jit.requests.requester_oid IS 'its OID: a role of the same name made later is somebody else';
COMMENT ON COLUMN jit.requests.access IS 'what is asked for, in canonical GRANT syntax; several are joined by ''; ''';
COMMENT ON COLUMN jit.requests.asked IS 'the same as it was typed';
COMMENT ON COLUMN jit.requests.statement IS 'the statement given to jit_request_for';
COMMENT ON COLUMN jit.requests.objects IS 'the objects by OID and name, as jit.objects_of reads them';
COMMENT ON COLUMN jit.requests.duration IS 'for how long';
COMMENT ON COLUMN jit.requests.reason IS 'what for';
COMMENT ON COLUMN jit.requests.ticket IS 'ticket that it belongs to';
COMMENT ON COLUMN jit.requests.status IS
  'pending, approved, denied, cancelled, lapsed, active, expired or revoked, as last written down; the views go by the clock';
COMMENT ON COLUMN jit.requests.policy IS 'the policies that it met, joined by '', ''; NULL: the built-in rule alone';
COMMENT ON COLUMN jit.requests.requirements IS 'whose approvals it needs, and how many: [{"policy", "approver", "approvals"}]';
COMMENT ON COLUMN jit.requests.created_at IS 'when it was made';
COMMENT ON COLUMN jit.requests.decided_at IS 'when it was approved or denied';
COMMENT ON COLUMN jit.requests.starts_at IS 'not before this; NULL: as soon as it is pushed';
COMMENT ON COLUMN jit.requests.lapse_at IS 'when it lapses, if nobody has decided';
COMMENT ON COLUMN jit.requests.pushed_at IS 'when its grants were made';
COMMENT ON COLUMN jit.requests.expires_at IS 'when the access ends';
COMMENT ON COLUMN jit.requests.ended_at IS 'when it was over: denied, cancelled, lapsed, expired or revoked';
COMMENT ON COLUMN jit.requests.ended_by IS 'who ended it; NULL: time, or a change of circumstances';
COMMENT ON COLUMN jit.requests.end_reason IS 'why';
COMMENT ON COLUMN jit.requests.approved_duration IS 'the shortest that an approver allowed';
COMMENT ON COLUMN jit.requests.session_only IS 'whether only the session that asked may use it';
COMMENT ON COLUMN jit.requests.session_pid IS 'process of that session';
COMMENT ON COLUMN jit.requests.session_start IS 'when that session began';
COMMENT ON COLUMN jit.requests.client_addr IS 'address or network from which alone it may be used';
COMMENT ON COLUMN jit.requests.break_glass IS 'taken at once, without approval';
COMMENT ON COLUMN jit.requests.review_owed IS 'break-glass access that nobody has reviewed yet';
COMMENT ON COLUMN jit.requests.reviewed_at IS 'when it was reviewed';
COMMENT ON COLUMN jit.requests.reviewed_by IS 'by whom';
COMMENT ON COLUMN jit.requests.review IS 'what was found';
COMMENT ON COLUMN jit.requests.extends IS 'the request whose access this one prolongs';
COMMENT ON COLUMN jit.requests.database_oid IS 'the database it was made in: a copy of that does not inherit it';

COMMENT ON COLUMN jit.requests.requested_by IS 'the delegate that filed it; NULL: the requester did';
COMMENT ON COLUMN jit.requests.requested_by_oid IS 'its OID';

COMMENT ON TABLE jit.approvals IS 'who decided what on which request';
COMMENT ON COLUMN jit.approvals.request_id IS 'the request';
COMMENT ON COLUMN jit.approvals.approver IS 'the login that decided';
COMMENT ON COLUMN jit.approvals.approver_oid IS 'its OID';
COMMENT ON COLUMN jit.approvals.decision IS 'approve or deny';
COMMENT ON COLUMN jit.approvals.comment IS 'what they said';
COMMENT ON COLUMN jit.approvals.duration IS 'the shorter time they allowed; NULL: what was asked for';
COMMENT ON COLUMN jit.approvals.decided_at IS 'when';

COMMENT ON TABLE jit.grants IS 'what the hooks let through: one row for each object and distinct column list of a request';
COMMENT ON COLUMN jit.grants.request_id IS 'the request that it comes from';
COMMENT ON COLUMN jit.grants.grantee IS 'the login that may';
COMMENT ON COLUMN jit.grants.grantee_oid IS 'its OID';
COMMENT ON COLUMN jit.grants.privileges IS 'what it may do';
COMMENT ON COLUMN jit.grants.privilege_mask IS 'the same in bits: SELECT 1, INSERT 2, UPDATE 4, DELETE 8, EXPORT 16, EXPLAIN 32, UNMASK 64';
COMMENT ON COLUMN jit.grants.relation IS 'the object, quoted as needed; schema.* is the whole schema';
COMMENT ON COLUMN jit.grants.schema_oid IS 'OID of its schema';
COMMENT ON COLUMN jit.grants.schema_name IS 'name of its schema when it was asked for';
COMMENT ON COLUMN jit.grants.relation_oid IS 'its OID; 0: the whole schema';
COMMENT ON COLUMN jit.grants.relation_name IS 'its name when it was asked for; NULL: the whole schema';
COMMENT ON COLUMN jit.grants.columns IS 'columns that it is limited to; NULL: all';
COMMENT ON COLUMN jit.grants.column_numbers IS 'the same by number';
COMMENT ON COLUMN jit.grants.starts_at IS 'from then on';
COMMENT ON COLUMN jit.grants.expires_at IS 'until then';
COMMENT ON COLUMN jit.grants.revoked_at IS 'ended early; NULL: not';
COMMENT ON COLUMN jit.grants.session_pid IS 'process of the one session that may use it; NULL: any of the grantee''s';
COMMENT ON COLUMN jit.grants.session_start IS 'when that session began';
COMMENT ON COLUMN jit.grants.client_addr IS 'address or network from which alone it may be used; NULL: any';
COMMENT ON COLUMN jit.grants.database_oid IS 'the database it was made in: a copy of that does not inherit it';

COMMENT ON TYPE jit.ruling IS 'what all the policies of a request say together';

COMMENT ON VIEW jit.all_requests IS 'every request, its status as of the clock; the views below are made of it';
COMMENT ON VIEW jit.visible_requests IS
  'requests that the reader may see: their own; all for approvers, auditors and the coordinator';
COMMENT ON VIEW jit.my_requests IS 'the reader''s own requests';
COMMENT ON VIEW jit.pending IS 'requests of others that the reader may approve and has not';
COMMENT ON VIEW jit.active_grants IS 'access that is open now: the reader''s own; all for approvers, auditors and the coordinator';
COMMENT ON VIEW jit.standing_access IS 'privileges that requesters hold natively, without any request, and how they come by them';

COMMENT ON FUNCTION jit.request_objects(bigint) IS 'what a request would open: objects, privileges, estimated rows and size';
COMMENT ON FUNCTION jit.request_approvals(bigint) IS 'the decisions on a request so far';
COMMENT ON FUNCTION jit.glob_match(text, text) IS 'whether the glob (* any run of characters, ? any one) matches the whole name';
COMMENT ON FUNCTION jit.within_hours(text, timestamptz) IS 'whether an instant lies within the active_hours of a policy';
COMMENT ON FUNCTION jit.seconds(interval) IS 'length of an interval in seconds, a month being 30 days and a day 24 hours';
COMMENT ON FUNCTION jit.library_version() IS 'version of the library that is loaded';
COMMENT ON FUNCTION jit.backend_start() IS 'when this session began';

COMMENT ON FUNCTION jit.run_due() IS
  'for the coordinator: pushes, starts, lapses, expires and revokes what is due; returns what it did';
COMMENT ON FUNCTION jit.open_requests() IS 'how many requests are pending, approved and active; for the daemon''s metrics';
COMMENT ON FUNCTION jit.next_due() IS 'for the coordinator: the next instant at which run_due has work; NULL: none known';
COMMENT ON FUNCTION jit.running() IS 'statements that run with just-in-time access now';
COMMENT ON FUNCTION jit.cancel_ended() IS 'for the coordinator: cancels statements whose access is over; returns which';

-- What the functions above are made of; nobody else may call it.
COMMENT ON FUNCTION jit.database_oid() IS 'internal: the current database';
COMMENT ON FUNCTION jit.refuse(text, text, text) IS 'internal: raises an error with a hint';
COMMENT ON FUNCTION jit.grants_changed() IS 'internal: tells backends to read their grants again';
COMMENT ON FUNCTION jit.check_policy() IS 'internal: refuses a policy that cannot mean what it says';
COMMENT ON FUNCTION jit.policies_changed() IS 'internal: applies changed policies to pending requests';
COMMENT ON FUNCTION jit.asked_for(jsonb) IS 'internal: the privileges in jit.requests.objects as rows';
COMMENT ON FUNCTION jit.policies_met(oid, jsonb) IS 'internal: the policies that a request meets';
COMMENT ON FUNCTION jit.rule_on(oid, jsonb) IS 'internal: what those policies say together';
COMMENT ON FUNCTION jit.was_granted(oid, text) IS 'internal: whether the role was made a member of the group';
COMMENT ON FUNCTION jit.is_delegate(oid) IS 'internal: whether the role was made a member of jit_delegate';
COMMENT ON FUNCTION jit.is_requester(oid) IS 'internal: whether the role was made a member of jit_requester, and not of jit_delegate';
COMMENT ON FUNCTION jit.is_still_requester(jit.requests) IS 'internal: the same, of a request, by OID and name';
COMMENT ON FUNCTION jit.is_member(oid, text) IS 'internal: whether the role is a member of the group';
COMMENT ON FUNCTION jit.session_user_oid() IS 'internal: the session''s user';
COMMENT ON FUNCTION jit.sees_all(oid) IS 'internal: whether the role reads about every request';
COMMENT ON FUNCTION jit.may_decide(oid, jsonb) IS 'internal: whether the role may decide on a request with these requirements';
COMMENT ON FUNCTION jit.announce(bigint, text) IS 'internal: notifies the channel jit_access';
COMMENT ON FUNCTION jit.status_now(text, timestamptz, timestamptz, timestamptz, timestamptz) IS 'internal: a status as of the clock';
COMMENT ON FUNCTION jit.definition_of(oid, text) IS 'internal: a digest of what a view shows';
COMMENT ON FUNCTION jit.with_definitions(jsonb) IS 'internal: the objects of a request, with the digests of views';
COMMENT ON FUNCTION jit.objects_of(jsonb) IS 'internal: jit.requests.objects as rows';
COMMENT ON FUNCTION jit.changed_object(jsonb) IS 'internal: the first object that is no longer what was asked for';
COMMENT ON FUNCTION jit.insert_grants(jit.requests, timestamptz, timestamptz) IS 'internal: makes the grants of a request';
COMMENT ON FUNCTION jit.check_words(text, text, integer) IS 'internal: refuses texts that are too long or hold control characters';
COMMENT ON FUNCTION jit.check_duration(interval, jit.ruling) IS 'internal: refuses durations out of bounds';
COMMENT ON FUNCTION jit.asked_in_person() IS 'internal: whether the request that is being filed was asked for by a statement of the session''s user''s own';
COMMENT ON FUNCTION jit.file_request(text, text, text, jsonb, interval, text, text, timestamptz, boolean, inet, boolean, bigint, name) IS
  'internal: files what jit_request, jit_request_for, jit_request_as and jit_extend ask for';
COMMENT ON FUNCTION jit.require_requester(oid, name) IS 'internal: refuses a role that may not ask';
COMMENT ON FUNCTION jit.preview_of(text, jsonb, name) IS 'internal: behind jit.request_preview';
COMMENT ON FUNCTION jit.kind_name(text) IS 'internal: a relation''s kind, to be read';
COMMENT ON TYPE jit.preview IS 'what jit.request_preview returns';
COMMENT ON FUNCTION jit.quorum_met(bigint, oid, jsonb) IS 'internal: whether a request has the approvals that it needs';
COMMENT ON FUNCTION jit.see_request(bigint) IS 'internal: a request, if the session''s user may see it';
COMMENT ON FUNCTION jit.lock_request(bigint, boolean) IS 'internal: the same, locked';
COMMENT ON FUNCTION jit.lock_chain(bigint, boolean) IS 'internal: locks a request and what extends it';
COMMENT ON FUNCTION jit.chain_of(bigint) IS 'internal: a request and what extends it';
COMMENT ON FUNCTION jit.end_holders(bigint, oid[], boolean) IS 'internal: ends sessions that keep requests locked';
COMMENT ON FUNCTION jit.wrong_status(jit.requests, text, text) IS 'internal: refuses for a request''s status';
COMMENT ON FUNCTION jit.names_of_approvers(jsonb) IS 'internal: approver roles, to be read';
COMMENT ON FUNCTION jit.end_request(bigint, text, name, text) IS 'internal: ends a request, its grants and what extends it';
COMMENT ON FUNCTION jit.decide_approve(bigint, text, interval) IS 'internal: behind jit_approve';
COMMENT ON FUNCTION jit.decide_deny(bigint, text) IS 'internal: behind jit_deny';
COMMENT ON FUNCTION jit.decide_cancel(bigint) IS 'internal: behind jit_cancel';
COMMENT ON FUNCTION jit.decide_revoke(bigint, text) IS 'internal: behind jit_revoke';
COMMENT ON FUNCTION jit.decide_extend(bigint, interval, text) IS 'internal: behind jit_extend';
COMMENT ON FUNCTION jit.decide_review(bigint, text) IS 'internal: behind jit.review';
COMMENT ON FUNCTION jit.push(jit.requests) IS 'internal: turns an approved request into grants';
COMMENT ON FUNCTION jit.due(timestamptz) IS 'internal: requests with something to do';
COMMENT ON FUNCTION jit.revoke_orphans(bigint) IS 'internal: ends grants whose object is gone';
COMMENT ON FUNCTION jit.objects_dropped() IS 'internal: revokes grants on what a command drops';
COMMENT ON EVENT TRIGGER jit_objects_dropped IS 'revokes just-in-time access to what a command drops';
