
-- What is masked, and what stands open beside the masks.

CREATE FUNCTION jit.mask_of(relation oid, column_number smallint) RETURNS text
  LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'jit_mask_of';
COMMENT ON FUNCTION jit.mask_of(oid, smallint) IS 'the mask in force for a column, as SQL; NULL: none';

CREATE FUNCTION jit.is_masked_for(relation oid, column_number smallint, role oid) RETURNS boolean
  LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'jit_is_masked_for';
COMMENT ON FUNCTION jit.is_masked_for(oid, smallint, oid) IS 'whether a role sees the mask of a column now; UNMASK grants count for the current user';

-- Each way past the masks of a column that PostgreSQL leaves open, and the command that closes it.
CREATE FUNCTION jit.side_doors(relation oid, column_number smallint)
  RETURNS TABLE (door text, close text)
  LANGUAGE sql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE target AS (
    SELECT c.oid, c.oid::regclass AS name, c.relacl, c.relowner, c.relnamespace, n.nspname AS schema, a.attnum,
      quote_ident(a.attname) AS col, a.attacl
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = side_doors.relation AND a.attnum = side_doors.column_number
  ), masked_role AS (
    SELECT r.oid, quote_ident(r.rolname) AS role, r.rolreplication, r.rolcreaterole
    FROM pg_roles r, target t
    WHERE NOT r.rolsuper AND r.rolname !~ '^pg_'
      AND r.rolname NOT IN ('jit_requester', 'jit_approver', 'jit_auditor', 'jit_coordinator', 'jit_unmasked', 'jit_elevated')
      AND jit.is_masked_for(t.oid, t.attnum, r.oid)
  ), held AS (
    -- Privileges on the table, and DELETE on what the column refers to.
    SELECT x.privilege_type AS privilege, coalesce(m.role, 'PUBLIC') AS role, x.relation, x.foreign_key, x.by_column, x.is_grantable,
      CASE WHEN x.grantor <> x.owner THEN quote_ident(pg_get_userbyid(x.grantor)) END AS grantor
    FROM (SELECT t.name AS relation, t.relowner AS owner, NULL::name AS foreign_key, false AS by_column, e.*
          FROM target t, aclexplode(t.relacl) e
          UNION ALL
          SELECT t.name, t.relowner, NULL, true, e.* FROM target t, aclexplode(t.attacl) e
          UNION ALL
          SELECT c.oid::regclass, c.relowner, k.conname, false, e.*
          FROM target t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f' AND t.attnum = ANY (k.conkey)
            JOIN pg_class c ON c.oid = k.confrelid, aclexplode(c.relacl) e
          WHERE e.privilege_type = 'DELETE') x
      LEFT JOIN masked_role m ON m.oid = x.grantee
    WHERE x.grantee = 0 OR m.oid IS NOT NULL
  ), revocable AS (
    -- What others than the owner have granted falls with their right to grant it. The columns without a mask stay granted.
    SELECT h.*,
      format('REVOKE %s%s%s ON %s FROM %s%s', CASE WHEN h.grantor IS NOT NULL THEN 'GRANT OPTION FOR ' END, h.privilege,
             CASE WHEN h.by_column THEN format(' (%s)', t.col) END, h.relation, coalesce(h.grantor, h.role),
             CASE WHEN h.is_grantable OR h.grantor IS NOT NULL THEN ' CASCADE' END)
      || CASE WHEN h.privilege IN ('SELECT', 'UPDATE') AND NOT h.by_column AND h.grantor IS NULL THEN coalesce(
        (SELECT format('; GRANT %s (%s) ON %s TO %s', h.privilege, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
                       h.relation, h.role)
         FROM pg_attribute a
         WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND jit.mask_of(t.oid, a.attnum) IS NULL
         HAVING count(*) > 0), '') ELSE '' END AS close
    FROM held h, target t
  ), uniqueness AS (
    -- Unique indexes and exclusion constraints over the column, also in an expression or a condition.
    SELECT i.indexrelid
    FROM target t JOIN pg_index i ON i.indrelid = t.oid AND (i.indisunique OR i.indisexclusion)
    WHERE t.attnum = ANY (i.indkey)
      OR EXISTS (SELECT FROM pg_depend d
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.refobjsubid = t.attnum)
  ), column_type (oid) AS (
    SELECT a.atttypid FROM target t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = t.attnum
    UNION
    SELECT b.oid FROM column_type c JOIN pg_type y ON y.oid = c.oid, unnest(ARRAY[y.typbasetype, y.typelem]) AS b (oid) WHERE b.oid <> 0
  ), given_raw AS (
    -- Functions of the table's triggers, of expressions over the column, of its type's constraints, and of masks.
    SELECT p.oid, p.oid::regprocedure AS signature, p.proowner, g.by_trigger,
      l.lanname NOT IN ('c', 'internal') AND p.prosqlbody IS NULL
        AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting
                        WHERE setting LIKE 'search\_path=%' AND setting NOT LIKE '%$user%') AS caller_named
    FROM (
      SELECT g.tgfoid AS oid, true AS by_trigger
      FROM target t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
      UNION
      SELECT d.refobjid, false
      FROM target t JOIN pg_depend o ON o.refclassid = 'pg_class'::regclass AND o.refobjid = t.oid AND o.refobjsubid = t.attnum
        JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid AND d.refclassid = 'pg_proc'::regclass
      WHERE o.classid IN ('pg_policy'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_class'::regclass)
      UNION
      SELECT d.refobjid, false
      FROM column_type c JOIN pg_constraint k ON k.contypid = c.oid
        JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass
      UNION
      SELECT f.function, false FROM jit.trusted_functions f
    ) g JOIN pg_proc p ON p.oid = g.oid JOIN pg_language l ON l.oid = p.prolang
  ), reader (oid) AS (
    -- Views over the column, and views over those.
    SELECT w.ev_class
    FROM target t JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
        AND d.refobjsubid IN (0, t.attnum) AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> t.oid
    UNION
    SELECT w.ev_class
    FROM reader r JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
        AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> r.oid
  )
  SELECT format('%s holds SELECT on the column natively: only jit_access hides it', h.role), h.close
  FROM revocable h WHERE h.privilege = 'SELECT'
  UNION ALL
  SELECT format('%s holds TRIGGER: a trigger made before the mask sees raw rows', h.role), h.close
  FROM revocable h WHERE h.privilege = 'TRIGGER'
  UNION ALL
  SELECT format('%s holds REFERENCES: a foreign key made before the mask tells whether a value exists', h.role), h.close
  FROM revocable h WHERE h.privilege = 'REFERENCES'
  UNION ALL
  SELECT format('%s may insert, and a unique index or exclusion constraint over the column tells whether a value exists', h.role),
    h.close
  FROM revocable h WHERE h.privilege = 'INSERT' AND EXISTS (SELECT FROM uniqueness)
  UNION ALL
  SELECT format(CASE WHEN EXISTS (SELECT FROM uniqueness)
                     THEN '%s may update the column: a unique index or exclusion constraint over it, and what an UPDATE costs the server, tell a right guess from a wrong one'
                     ELSE '%s may update the column: what an UPDATE costs the server tells a right guess from a wrong one' END, h.role),
    h.close
  FROM revocable h WHERE h.privilege = 'UPDATE'
  UNION ALL
  SELECT DISTINCT format('%s may delete from %s, and foreign key %s tells which rows held the value', h.role, h.relation, h.foreign_key),
    h.close
  FROM revocable h WHERE h.foreign_key IS NOT NULL
  UNION ALL
  SELECT format('trigger %s on %s runs function %s of %s, with raw rows or with the rights of others', g.tgname, c.oid::regclass,
      p.oid::regprocedure, m.role),
    format('DROP TRIGGER %I ON %s', g.tgname, c.oid::regclass)
  FROM target t JOIN pg_class c ON c.relowner = t.relowner JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
    JOIN pg_proc p ON p.oid = g.tgfoid JOIN masked_role m ON m.oid = p.proowner
  UNION ALL
  SELECT format('foreign key %s of %s casts with function %s of %s, as the owner of %s', k.conname, k.conrelid::regclass,
      p.oid::regprocedure, m.role, k.confrelid::regclass),
    format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
  FROM target t JOIN pg_class c ON c.relowner = t.relowner JOIN pg_constraint k ON k.confrelid = c.oid AND k.contype = 'f'
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    JOIN pg_type y ON y.oid = a.atttypid JOIN pg_cast x ON x.castsource IN (y.oid, y.typbasetype) AND x.castcontext = 'i'
    JOIN pg_proc p ON p.oid = x.castfunc JOIN masked_role m ON m.oid = p.proowner
  UNION ALL
  SELECT DISTINCT format('function %s is given raw values, and takes names from the search_path of whoever runs it', f.signature),
    format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', f.signature, t.schema)
  FROM target t, given_raw f WHERE f.caller_named
  UNION ALL
  SELECT format('function %s is given raw values, and belongs to %s, who can change what it does', f.signature, m.role),
    format('ALTER FUNCTION %s OWNER TO %I', f.signature, pg_get_userbyid(t.relowner))
  FROM target t, given_raw f JOIN masked_role m ON m.oid = f.proowner WHERE NOT f.by_trigger
  UNION ALL
  SELECT format('domain %s belongs to %s, whose constraints see raw values', y.oid::regtype, m.role),
    format('ALTER DOMAIN %s OWNER TO %I', y.oid::regtype, pg_get_userbyid(t.relowner))
  FROM target t, column_type c JOIN pg_type y ON y.oid = c.oid AND y.typtype = 'd' JOIN masked_role m ON m.oid = y.typowner
  UNION ALL
  SELECT format('foreign key %s of %s tells its owner %s whether a value exists', k.conname, k.conrelid::regclass, m.role),
    format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
  FROM target t JOIN pg_constraint k ON k.confrelid = t.oid AND k.contype = 'f' AND t.attnum = ANY (k.confkey)
    JOIN pg_class c ON c.oid = k.conrelid JOIN masked_role m ON m.oid = c.relowner
  UNION ALL
  SELECT format('%s is a member of %s, which %s', m.role, d.role,
      CASE d.role WHEN 'pg_read_all_data' THEN 'reads every table natively: only jit_access hides the column'
                  WHEN 'pg_execute_server_program' THEN 'runs programs on the server, which read its files'
                  WHEN 'pg_write_server_files' THEN 'writes files on the server, its configuration included'
                  ELSE 'reads files on the server, the table''s own included' END),
    format('REVOKE %s FROM %s', d.role, m.role)
  FROM masked_role m, unnest(ARRAY['pg_read_all_data', 'pg_read_server_files', 'pg_write_server_files',
                                   'pg_execute_server_program']) AS d (role)
  WHERE EXISTS (SELECT FROM pg_auth_members a WHERE a.member = m.oid AND a.roleid = d.role::regrole)
  UNION ALL
  SELECT format('%s may call %s, which reads files on the server, the table''s own included', g.role, g.signature),
    format('REVOKE EXECUTE ON FUNCTION %s FROM %s', g.signature, g.role)
  FROM (SELECT p.oid::regprocedure AS signature, coalesce(m.role, 'PUBLIC') AS role
        FROM pg_proc p, aclexplode(p.proacl) x LEFT JOIN masked_role m ON m.oid = x.grantee
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'lo_import')
          AND (x.grantee = 0 OR m.oid IS NOT NULL)) g
  UNION ALL
  SELECT format('%s has REPLICATION: a copy of the cluster, or of the changes, is not masked', m.role),
    format('ALTER ROLE %s NOREPLICATION', m.role)
  FROM masked_role m WHERE m.rolreplication
  UNION ALL
  SELECT format('%s has CREATEROLE and can join any role but superusers', m.role),
    format('ALTER ROLE %s NOCREATEROLE', m.role)
  FROM masked_role m WHERE m.rolcreaterole
  UNION ALL
  -- By SET ROLE, also where the rights are not inherited.
  SELECT format('%s can become %s, which sees raw values', m.role, e.role), format('REVOKE %s FROM %s', s.role, m.role)
  FROM masked_role m JOIN pg_auth_members a ON a.member = m.oid,
    LATERAL (SELECT quote_ident(r.rolname) AS role, r.rolsuper FROM pg_roles r WHERE r.oid = a.roleid) s,
    LATERAL (SELECT quote_ident(r.rolname) AS role FROM target t, pg_roles r
             WHERE (r.oid = t.relowner OR r.rolname = 'jit_unmasked' OR r.rolsuper)
               AND (r.oid = a.roleid OR NOT s.rolsuper AND pg_has_role(a.roleid, r.oid, 'MEMBER'))
             ORDER BY r.oid <> a.roleid, r.rolname LIMIT 1) e
  UNION ALL
  SELECT format('publication %s sends raw values to subscribers', p.pubname),
    CASE WHEN p.puballtables THEN format('DROP PUBLICATION %I', p.pubname)
         WHEN r.prrelid IS NOT NULL THEN format('ALTER PUBLICATION %I DROP TABLE %s', p.pubname, t.name)
         ELSE format('ALTER PUBLICATION %I DROP TABLES IN SCHEMA %I', p.pubname, t.schema) END
  FROM target t CROSS JOIN pg_publication p
    LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = t.oid
    LEFT JOIN pg_publication_namespace n ON n.pnpubid = p.oid AND n.pnnspid = t.relnamespace
  WHERE (p.puballtables OR n.oid IS NOT NULL OR r.prrelid IS NOT NULL)
    AND (r.prattrs IS NULL OR t.attnum = ANY (r.prattrs))
  UNION ALL
  SELECT format('materialized view %s may hold raw values', v.oid::regclass),
    CASE WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = v.oid AND quote_ident(a.attname) = t.col)
         THEN format('SECURITY LABEL FOR jit_access ON COLUMN %s.%s IS ''CLASSIFIED secret''', v.oid::regclass, t.col)
         ELSE format('DROP MATERIALIZED VIEW %s', v.oid::regclass) END
  FROM target t, reader d JOIN pg_class v ON v.oid = d.oid AND v.relkind = 'm'
  WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = v.oid AND a.attnum > 0
                      AND jit.mask_of(v.oid, a.attnum) IS NOT NULL)
$$;
COMMENT ON FUNCTION jit.side_doors(oid, smallint) IS 'ways past the masks of a column that PostgreSQL leaves open, with the command that closes each';

CREATE VIEW jit.masked_columns AS
WITH RECURSIVE labelled AS (
  SELECT DISTINCT s.objoid AS oid FROM pg_catalog.pg_seclabel s
  WHERE s.provider = 'jit_access' AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND s.objsubid > 0
), below (oid) AS (
  SELECT l.oid FROM labelled l
  UNION
  SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.oid
), above (oid) AS (
  SELECT b.oid FROM below b
  UNION
  SELECT i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.oid
)
SELECT c.oid::pg_catalog.regclass AS relation,
  a.attname AS column_name,
  pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
  m.mask,
  CASE
    WHEN s.label ILIKE 'CLASSIFIED%' THEN 'class ' || pg_catalog.lower(pg_catalog.btrim(pg_catalog.substr(pg_catalog.btrim(s.label), 11)))
    WHEN s.label IS NOT NULL AND s.label NOT ILIKE 'NOT%' THEN 'label'
    WHEN a.attgenerated <> '' AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_seclabel l JOIN pg_catalog.pg_attribute p ON p.attrelid = l.objoid AND p.attnum = l.objsubid
      WHERE l.provider = 'jit_access' AND p.attname = a.attname AND l.objoid IN (SELECT oid FROM below)) THEN 'generated from a masked column'
    WHEN EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND jit.mask_of(i.inhparent, p.attnum) IS NOT NULL)
      THEN 'inherited from ' || (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text, ', ' ORDER BY i.inhseqno)
                                 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
    ELSE 'masked in what inherits from it'
  END AS source,
  s.label,
  jit.is_masked_for(c.oid, a.attnum, CURRENT_USER::pg_catalog.regrole) AS masked_for_me,
  COALESCE((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('door', d.door, 'close', d.close) ORDER BY d.door)
            FROM jit.side_doors(c.oid, a.attnum) d), '[]') AS side_doors
FROM above r
  JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relkind IN ('r', 'p', 'm', 'f')
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  CROSS JOIN LATERAL (SELECT jit.mask_of(c.oid, a.attnum) AS mask) m
  LEFT JOIN pg_catalog.pg_seclabel s ON s.objoid = c.oid AND s.objsubid = a.attnum AND s.provider = 'jit_access'
    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  LEFT JOIN LATERAL (SELECT x.attnum FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_attribute x
                       ON x.attrelid = i.inhparent AND x.attname = a.attname
                     WHERE i.inhrelid = c.oid ORDER BY i.inhseqno LIMIT 1) p ON true
WHERE m.mask IS NOT NULL;

COMMENT ON VIEW jit.masked_columns IS 'each masked column, its mask, where that came from, and what stands open beside it';
COMMENT ON COLUMN jit.masked_columns.relation IS 'the table';
COMMENT ON COLUMN jit.masked_columns.column_name IS 'the column';
COMMENT ON COLUMN jit.masked_columns.type IS 'its type';
COMMENT ON COLUMN jit.masked_columns.mask IS 'what stands in its place, as SQL';
COMMENT ON COLUMN jit.masked_columns.source IS 'label, class, inherited, masked in what inherits from it, or generated from a masked column';
COMMENT ON COLUMN jit.masked_columns.label IS 'the security label of the column itself; NULL: none';
COMMENT ON COLUMN jit.masked_columns.masked_for_me IS 'whether the current user sees the mask';
COMMENT ON COLUMN jit.masked_columns.side_doors IS 'ways past the mask that PostgreSQL leaves open: door, and the command that closes it';
