-- What people and tools read. Every view is filtered by session_user, and is a security barrier: a condition with a
-- function of the reader's own never sees a row that the view hides.

CREATE VIEW jit.all_requests AS
SELECT r.id, r.requester, r.access, r.asked, r.statement, r.duration, r.approved_duration, r.reason, r.ticket,
       jit.status_now(r.status, r.lapse_at, r.pushed_at, r.starts_at, r.expires_at) AS status,
       r.policy, r.created_at, r.decided_at, r.starts_at, r.lapse_at, r.pushed_at, r.expires_at,
       r.ended_at, r.ended_by, r.end_reason, r.session_only, r.client_addr, r.break_glass, r.review_owed, r.extends,
       (SELECT max(q.approvals) FROM pg_catalog.jsonb_to_recordset(r.requirements) AS q (approvals integer))
         AS approvals_needed,
       (SELECT count(*)::integer FROM jit.approvals a WHERE a.request_id = r.id AND a.decision = 'approve')
         AS approvals_given,
       ARRAY(SELECT DISTINCT q.approver
             FROM pg_catalog.jsonb_to_recordset(r.requirements) AS q (approver name) ORDER BY q.approver)
         AS approver_roles,
       r.reviewed_at, r.reviewed_by, r.review, r.requirements, r.requester_oid, r.status AS written_status,
       r.requested_by, r.requested_by_oid
FROM jit.requests r;

-- In arms, so that each reader pays for what they may see: the first is an index, the others are not begun where their
-- first condition is false. (An approver of some policies only finds theirs in the third.)
CREATE VIEW jit.visible_requests WITH (security_barrier) AS
SELECT r.id, r.requester, r.access, r.asked, r.statement, r.duration, r.approved_duration, r.reason, r.ticket, r.status,
       r.policy, r.created_at, r.decided_at, r.starts_at, r.lapse_at, r.pushed_at, r.expires_at, r.ended_at, r.ended_by,
       r.end_reason, r.session_only, r.client_addr, r.break_glass, r.review_owed, r.extends, r.approvals_needed,
       r.approvals_given, r.approver_roles, r.reviewed_at, r.reviewed_by, r.review, r.requirements,
       r.requested_by
FROM (
  SELECT a.* FROM jit.all_requests a WHERE a.requester_oid = (SELECT jit.session_user_oid())
  UNION ALL
  SELECT a.* FROM jit.all_requests a
  WHERE (SELECT jit.sees_all(jit.session_user_oid())) AND a.requester_oid <> (SELECT jit.session_user_oid())
  UNION ALL
  SELECT a.* FROM jit.all_requests a
  WHERE (SELECT NOT jit.sees_all(jit.session_user_oid())
                AND EXISTS (SELECT FROM jit.policies p WHERE jit.is_member(jit.session_user_oid(), p.approver)))
    AND a.requester_oid <> (SELECT jit.session_user_oid())
    AND jit.may_decide((SELECT jit.session_user_oid()), a.requirements)
    AND a.requested_by_oid IS DISTINCT FROM (SELECT jit.session_user_oid())
  UNION ALL
  SELECT a.* FROM jit.all_requests a
  WHERE a.requested_by_oid = (SELECT jit.session_user_oid())
    AND a.requester_oid <> (SELECT jit.session_user_oid())
    AND (SELECT NOT jit.sees_all(jit.session_user_oid()))
) r;

CREATE VIEW jit.my_requests WITH (security_barrier) AS
SELECT r.id, r.access, r.asked, r.statement, r.duration, r.approved_duration, r.reason, r.ticket, r.status, r.policy,
       r.created_at, r.decided_at, r.starts_at, r.lapse_at, r.pushed_at, r.expires_at, r.ended_at, r.ended_by,
       r.end_reason, r.session_only, r.client_addr, r.break_glass, r.review_owed, r.extends, r.approvals_needed,
       r.approvals_given, r.approver_roles, r.requested_by
FROM jit.all_requests r
WHERE r.requester_oid = (SELECT jit.session_user_oid());

CREATE VIEW jit.pending WITH (security_barrier) AS
SELECT r.id, r.requester, r.access, r.asked, r.statement, r.duration, r.approved_duration, r.reason, r.ticket, r.status,
       r.policy, r.created_at, r.starts_at, r.lapse_at, r.session_only, r.client_addr, r.extends, r.approvals_needed,
       r.approvals_given, r.approver_roles, r.requested_by
FROM jit.all_requests r
WHERE r.written_status = 'pending'
  AND NOT (SELECT jit.is_delegate(jit.session_user_oid()))
  AND r.requested_by_oid IS DISTINCT FROM (SELECT jit.session_user_oid())
  AND r.lapse_at > clock_timestamp()
  AND r.requester_oid <> (SELECT jit.session_user_oid())
  AND EXISTS (SELECT FROM unnest(r.approver_roles) AS a (role_name)
              WHERE jit.is_member((SELECT jit.session_user_oid()), a.role_name))
  AND NOT EXISTS (SELECT FROM jit.approvals a
                  WHERE a.request_id = r.id AND a.approver_oid = (SELECT jit.session_user_oid()));

CREATE VIEW jit.active_grants WITH (security_barrier) AS
WITH RECURSIVE requester (oid) AS (
  SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = 'jit_requester'
  UNION
  SELECT m.member FROM requester q JOIN pg_catalog.pg_auth_members m ON m.roleid = q.oid
),
delegate (oid) AS (
  SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = 'jit_delegate'
  UNION
  SELECT m.member FROM delegate q JOIN pg_catalog.pg_auth_members m ON m.roleid = q.oid
)
SELECT g.request_id, g.grantee, g.privileges, g.relation, g.columns, g.starts_at, g.expires_at,
       g.session_pid IS NOT NULL AS session_only, g.client_addr
FROM (
  SELECT a.* FROM jit.grants a WHERE a.grantee_oid = (SELECT jit.session_user_oid())
  UNION ALL
  SELECT a.* FROM jit.grants a
  WHERE (SELECT jit.sees_all(jit.session_user_oid())) AND a.grantee_oid <> (SELECT jit.session_user_oid())
) g
WHERE g.revoked_at IS NULL
  AND g.database_oid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
  AND g.starts_at <= clock_timestamp() AND g.expires_at > clock_timestamp()
  AND g.grantee_oid IN (SELECT q.oid FROM requester q)
  AND NOT EXISTS (SELECT FROM delegate q WHERE q.oid = g.grantee_oid)
  -- A grant is bound to its grantee and object by OID and name.
  AND EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = g.grantee_oid AND r.rolname = g.grantee)
  AND EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.oid = g.schema_oid AND n.nspname = g.schema_name)
  AND (g.relation_oid = 0
       OR EXISTS (SELECT FROM pg_catalog.pg_class c
                  WHERE c.oid = g.relation_oid AND c.relname = g.relation_name AND c.relnamespace = g.schema_oid));

-- What requesters hold without any request, and how they come by it.
CREATE VIEW jit.standing_access WITH (security_barrier) AS
WITH RECURSIVE
requester (oid) AS (
  SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = 'jit_requester'
  UNION
  SELECT m.member FROM requester q JOIN pg_catalog.pg_auth_members m ON m.roleid = q.oid
),
person AS (
  SELECT r.oid, r.rolname
  FROM requester q JOIN pg_catalog.pg_roles r ON r.oid = q.oid
  WHERE r.rolname <> 'jit_requester'
    AND (r.oid = (SELECT jit.session_user_oid()) OR (SELECT jit.sees_all(jit.session_user_oid())))
),
-- Each person, and every role whose rights they have or can take on with SET ROLE.
holds (person, role) AS (
  SELECT p.oid, p.oid FROM person p
  UNION
  SELECT h.person, m.roleid FROM holds h JOIN pg_catalog.pg_auth_members m ON m.member = h.role
),
relation AS (
  SELECT c.oid, c.relowner, c.relacl, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'jit')
    AND n.nspname !~ '^pg_(toast|temp)'
),
entry AS (
  SELECT r.name, r.relowner, a.grantee, 0 AS place, a.privilege_type AS privilege
  FROM relation r
  CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(r.relacl, pg_catalog.acldefault('r', r.relowner))) a
  UNION
  SELECT r.name, r.relowner, a.grantee, att.attnum, format('%s (%I)', a.privilege_type, att.attname)
  FROM relation r
  JOIN pg_catalog.pg_attribute att ON att.attrelid = r.oid AND NOT att.attisdropped AND att.attacl IS NOT NULL
  CROSS JOIN LATERAL pg_catalog.aclexplode(att.attacl) a
),
found AS (
  SELECT h.person, e.name AS relation, e.place, e.privilege,
         CASE WHEN e.relowner = h.role AND h.role = h.person THEN 'owner'
              WHEN e.relowner = h.role THEN format('owner, through role "%s"', pg_catalog.pg_get_userbyid(h.role))
              WHEN h.role = h.person THEN 'granted directly'
              ELSE format('role "%s"', pg_catalog.pg_get_userbyid(h.role)) END AS via
  FROM entry e JOIN holds h ON h.role = e.grantee
  UNION ALL
  SELECT p.oid, e.name, e.place, e.privilege, 'PUBLIC'
  FROM entry e CROSS JOIN person p WHERE e.grantee = 0
  UNION ALL
  SELECT h.person, '*', 0, x.privilege, format('role "%s"', r.rolname)
  FROM holds h
  JOIN pg_catalog.pg_roles r ON r.oid = h.role
  JOIN (VALUES ('pg_read_all_data', 'SELECT'), ('pg_write_all_data', 'INSERT'), ('pg_write_all_data', 'UPDATE'),
               ('pg_write_all_data', 'DELETE'), ('pg_read_server_files', 'SELECT'),
               ('pg_write_server_files', 'UPDATE'), ('pg_execute_server_program', 'SELECT'),
               ('pg_execute_server_program', 'UPDATE')) AS x (role_name, privilege) ON x.role_name = r.rolname
  UNION ALL
  -- What a role's attributes come to. They are not inherited; SET ROLE takes them on.
  SELECT h.person, '*', 0, x.privilege,
         x.via || CASE WHEN h.role = h.person THEN '' ELSE format(', through role "%s"', r.rolname) END
  FROM holds h
  JOIN pg_catalog.pg_roles r ON r.oid = h.role
  JOIN (VALUES ('superuser', 'SELECT'), ('superuser', 'INSERT'), ('superuser', 'UPDATE'), ('superuser', 'DELETE'),
               ('superuser', 'TRUNCATE'), ('superuser', 'REFERENCES'), ('superuser', 'TRIGGER'),
               ('attribute REPLICATION', 'SELECT'),
               ('attribute CREATEROLE, which can take on other roles', 'SELECT'),
               ('attribute CREATEROLE, which can take on other roles', 'INSERT'),
               ('attribute CREATEROLE, which can take on other roles', 'UPDATE'),
               ('attribute CREATEROLE, which can take on other roles', 'DELETE')) AS x (via, privilege)
    ON (r.rolsuper AND x.via = 'superuser')
    OR (NOT r.rolsuper AND r.rolreplication AND x.via LIKE 'attribute REPLICATION%')
    OR (NOT r.rolsuper AND r.rolcreaterole AND x.via LIKE 'attribute CREATEROLE%')
)
SELECT p.rolname AS role, f.relation,
       array_agg(f.privilege ORDER BY f.place,
                 array_position(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'],
                                split_part(f.privilege, ' ', 1))) AS privileges,
       f.via
FROM (SELECT DISTINCT * FROM found) f JOIN person p ON p.oid = f.person
GROUP BY p.rolname, f.relation, f.via;

-- What a request would open, for whoever decides.
CREATE FUNCTION jit.request_objects(request_id bigint)
  RETURNS TABLE (relation text, kind text, privileges text[], columns text[], estimated_rows bigint, size_bytes bigint,
                 present boolean)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '200ms'
AS $$
DECLARE
  request constant jit.requests := jit.see_request(request_id);
  object record;
  parts oid[];
BEGIN
  FOR object IN SELECT * FROM jit.objects_of(request.objects) LOOP
    relation := object.relation;
    kind := jit.kind_name(object.kind);
    privileges := object.privileges;
    columns := object.columns;
    present := object.unchanged;

    -- The relation with its children, or all there is in the schema.
    WITH RECURSIVE part (oid) AS (
      SELECT c.oid FROM pg_class c
      WHERE c.oid = object.relation_oid
         OR (object.relation_oid = 0 AND c.relnamespace = object.schema_oid AND c.relkind IN ('r', 'p', 'm'))
      UNION
      SELECT h.inhrelid FROM part p JOIN pg_inherits h ON h.inhparent = p.oid
    )
    SELECT array_agg(p.oid), sum(CASE WHEN c.reltuples >= 0 THEN c.reltuples END)::bigint
    INTO parts, estimated_rows
    FROM part p JOIN pg_class c ON c.oid = p.oid
    WHERE c.relkind IN ('r', 'm');
    BEGIN
      SELECT sum(pg_total_relation_size(p.oid))::bigint INTO size_bytes FROM unnest(parts) AS p (oid);
    EXCEPTION WHEN lock_not_available THEN
      size_bytes := NULL;  -- being rewritten: an approver does not wait for that
    END;
    RETURN NEXT;
  END LOOP;
END
$$;

CREATE FUNCTION jit.request_approvals(request_id bigint)
  RETURNS TABLE (approver name, decision text, comment text, duration interval, decided_at timestamptz)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM jit.see_request(request_id);
  RETURN QUERY
    SELECT a.approver, a.decision, a.comment, a.duration, a.decided_at
    FROM jit.approvals a WHERE a.request_id = request_approvals.request_id
    ORDER BY a.decided_at, a.approver_oid;
END
$$;

