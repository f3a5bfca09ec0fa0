-- Who may call and read what. Everything in schema jit starts closed; what is opened stands here.

REVOKE ALL ON SCHEMA jit FROM PUBLIC;
GRANT USAGE ON SCHEMA jit TO PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA jit FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jit FROM PUBLIC;

GRANT SELECT ON jit.policies TO jit_auditor, jit_approver, jit_coordinator;
GRANT SELECT ON jit.requests, jit.approvals, jit.grants TO jit_auditor, jit_approver;
GRANT SELECT ON jit.audit_log, jit.audit_state, jit.audit_partitions TO jit_auditor;
GRANT SELECT ON jit.statements TO PUBLIC;
GRANT EXECUTE ON FUNCTION jit.audit_first_id() TO PUBLIC;
GRANT EXECUTE ON FUNCTION jit.audit_head(), jit.audit_hash_at(bigint) TO jit_auditor, jit_coordinator;
REVOKE ALL ON FUNCTION @extschema@.jit_audit_verify(), @extschema@.jit_audit_verify(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.jit_audit_verify(), @extschema@.jit_audit_verify(regclass) TO jit_auditor;
GRANT SELECT ON jit.visible_requests, jit.my_requests, jit.pending, jit.active_grants, jit.standing_access TO PUBLIC;

GRANT EXECUTE ON FUNCTION jit.run_due(), jit.next_due(), jit.cancel_ended(), jit.open_requests() TO jit_coordinator;
GRANT EXECUTE ON FUNCTION jit.running() TO jit_coordinator, jit_approver, jit_auditor;
-- Each checks who calls.
GRANT EXECUTE ON FUNCTION jit.request_preview(text, text, name), jit.events_head(), jit.session_facts(),
  jit.events_after(bigint, integer) TO PUBLIC;
GRANT SELECT ON jit.events, jit.visible_tokens TO PUBLIC;
GRANT EXECUTE ON FUNCTION jit.session_token(), jit.password_unchanged() TO PUBLIC;
GRANT EXECUTE ON FUNCTION jit.token_login() TO jit_gateway;
GRANT EXECUTE ON FUNCTION jit.review(bigint, text), jit.request_objects(bigint), jit.request_approvals(bigint),
  jit.library_version() TO PUBLIC;

-- Called by the views with the reader's rights; they tell nothing that pg_roles does not.
-- Conditions on the statistics' tables, evaluated as whoever reads them.
GRANT EXECUTE ON FUNCTION jit.statistics_visible(oid, smallint), jit.extended_statistics_visible(oid) TO PUBLIC;

-- They tell nothing that the catalogs do not.
GRANT SELECT ON jit.masked_columns, jit.mask_classes, jit.trusted_functions TO PUBLIC;
GRANT EXECUTE ON FUNCTION jit.mask_of(oid, smallint), jit.is_masked_for(oid, smallint, oid), jit.side_doors(oid, smallint),
  jit.class_mask(text, regtype), jit.type_family(regtype), jit.class_of_sample(text[]), jit.class_of_name(name, regtype) TO PUBLIC;

GRANT EXECUTE ON FUNCTION jit.session_user_oid(), jit.is_member(oid, text), jit.was_granted(oid, text), jit.is_delegate(oid), jit.groups_of(oid), jit.sees_all(oid), jit.may_decide(oid, jsonb),
  jit.status_now(text, timestamptz, timestamptz, timestamptz, timestamptz) TO PUBLIC;


-- jit_approve(12) would rather call somebody's own jit_approve(integer) than this one's bigint.
DO $$
DECLARE
  makers text;
BEGIN
  IF pg_catalog.has_schema_privilege('public', pg_catalog.to_regnamespace('@extschema@'), 'CREATE') THEN
    makers := 'everybody';
  ELSE
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname) INTO makers
    FROM pg_catalog.pg_roles r
    WHERE NOT r.rolsuper AND r.rolname !~ '^pg_'
      AND pg_catalog.has_schema_privilege(r.oid, pg_catalog.to_regnamespace('@extschema@'), 'CREATE');
  END IF;
  IF makers IS NOT NULL THEN
    RAISE WARNING USING
      MESSAGE = pg_catalog.format('%s may create functions in schema @extschema@, beside those of jit_access', makers),
      DETAIL = 'A function of the same name can be made to be called instead, with the rights of an approver.',
      HINT = 'REVOKE CREATE ON SCHEMA @extschema@ from them, or install into a schema that only superusers own: CREATE EXTENSION jit_access SCHEMA ...';
  END IF;
END
$$;
