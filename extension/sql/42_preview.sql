-- What a request would meet: the rules, asked without filing anything.

CREATE TYPE jit.preview AS (
  access           text,
  objects          jsonb,     -- [{"relation", "kind", "privileges", "columns"}]
  policies         text[],
  denied_by        text,
  denied_what      text,
  max_duration     interval,
  max_by           text,
  approvals_needed integer,
  approver_roles   text[],
  requirements     jsonb,
  reason_patterns  text[],
  ticket_required  boolean,
  break_glass      boolean,
  lapse_after      interval
);

CREATE FUNCTION jit.request_preview(access text DEFAULT NULL, statement text DEFAULT NULL, requester name DEFAULT NULL)
  RETURNS TABLE (access text, objects jsonb, policies text[], denied_by text, denied_what text, max_duration interval,
                 max_by text, approvals_needed integer, approver_roles text[], requirements jsonb, reason_patterns text[],
                 ticket_required boolean, break_glass boolean, lapse_after interval)
  LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'jit_request_preview';

CREATE FUNCTION jit.kind_name(kind text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE kind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                   WHEN 'm' THEN 'materialized view' ELSE 'schema' END;

-- Called by jit.request_preview alone, past the ACL, with what that has parsed.
CREATE FUNCTION jit.preview_of(access text, objects jsonb, on_behalf_of name) RETURNS jit.preview
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET quote_all_identifiers = off
  SET jit = off
AS $$
DECLARE
  person constant name := coalesce(on_behalf_of, session_user);
  requester constant oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = coalesce(on_behalf_of, session_user));
  ruling jit.ruling;
  found jit.preview;
BEGIN
  PERFORM jit.require_requester(requester, person);
  ruling := jit.rule_on(requester, objects);
  found.access := access;
  found.objects := (
    SELECT jsonb_agg(jsonb_build_object('relation', o.relation, 'kind', jit.kind_name(o.kind), 'privileges', to_jsonb(o.privileges),
                                        'columns', to_jsonb(o.columns)) ORDER BY o.n)
    FROM jit.objects_of(preview_of.objects) WITH ORDINALITY
      AS o (schema_oid, schema_name, relation_oid, relation_name, kind, relation, privileges, privilege_mask, columns,
            column_numbers, unchanged, n));
  found.policies := ruling.policies;
  found.denied_by := ruling.denied_by;
  found.denied_what := ruling.denied_what;
  found.max_duration := ruling.max_duration;
  found.max_by := ruling.max_by;
  found.approvals_needed := (SELECT max(q.approvals) FROM jsonb_to_recordset(ruling.requirements) AS q (approvals integer));
  found.approver_roles := ARRAY(SELECT DISTINCT q.approver FROM jsonb_to_recordset(ruling.requirements) AS q (approver text)
                                ORDER BY q.approver);
  found.requirements := ruling.requirements;
  found.reason_patterns := ARRAY(SELECT p.pattern FROM jsonb_to_recordset(ruling.patterns) AS p (pattern text));
  found.ticket_required := ruling.ticket_by IS NOT NULL;
  found.break_glass := ruling.glass_by IS NULL AND on_behalf_of IS NULL;
  found.lapse_after := ruling.lapse_after;
  RETURN found;
END
$$;
