-- Who may call and read what. Everything in schema jit starts closed; what is opened stands here.

REVOKE ALL ON SCHEMA jit FROM PUBLIC;
GRANT USAGE ON SCHEMA jit TO PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA jit FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jit FROM PUBLIC;

GRANT SELECT ON jit.policies TO jit_auditor, jit_approver, jit_coordinator;
GRANT SELECT ON jit.requests, jit.approvals, jit.grants TO jit_auditor, jit_approver;

GRANT EXECUTE ON FUNCTION jit.run_due(), jit.next_due(), jit.cancel_ended() TO jit_coordinator;
GRANT EXECUTE ON FUNCTION jit.running() TO jit_coordinator, jit_approver, jit_auditor;
GRANT EXECUTE ON FUNCTION jit.review(bigint, text), jit.library_version(), jit.backend_start(),
  jit.glob_match(text, text), jit.seconds(interval), jit.within_hours(text, timestamptz) TO PUBLIC;

