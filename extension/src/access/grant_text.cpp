#include "access/grant_text.h"

#include "access/names.h"
#include "access/parse_error.h"

extern "C" {
#include "nodes/value.h"
}

namespace jit::access {

namespace {

constexpr const char* kPrefix = "GRANT ";
constexpr const char* kSyntaxHint =
    "Write what stands between GRANT and TO, as in: SELECT, UPDATE (status) ON sales.orders";
constexpr const char* kPrivilegesHint =
    "Privileges are SELECT, INSERT, UPDATE, DELETE, ALL, EXPORT, EXPLAIN and UNMASK.";

// Privileges that people will try and that there is no way to grant just in time (yet).
bool IsKnownElsewhere(const char* name) {
  for (const char* known : {"truncate", "maintain", "ddl"})
    if (strcmp(name, known) == 0) return true;
  return false;
}

PrivilegeMask BitOf(const char* name) {
  if (auto bit = PrivilegeFromName(name)) return *bit;
  if (IsKnownElsewhere(name))
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("privilege \"%s\" is not supported", name), errhint("%s", kPrivilegesHint)));
  ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
                  errmsg("unrecognized privilege \"%s\"", name), errhint("%s", kPrivilegesHint)));
  return 0;
}

// Without ON the grammar takes the words for roles: say what is more likely to be missing.
void RefuseRoles(const GrantRoleStmt* grant) {
  ListCell* lc;
  foreach (lc, grant->granted_roles) {
    const AccessPriv* role = lfirst_node(AccessPriv, lc);
    if (role->priv_name == nullptr || PrivilegeFromName(role->priv_name))
      ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("access names no object"),
                      errhint("%s", kSyntaxHint)));
    if (role->cols != NIL || IsKnownElsewhere(role->priv_name)) BitOf(role->priv_name);
  }
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("asking for a role is not supported"),
           errhint("Name privileges and objects, as in: SELECT, UPDATE (status) ON sales.orders")));
}

const GrantStmt* ParseGrant(const Source& source) {
  List* statements = ParseSource(source);
  if (list_length(statements) != 1)
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("access holds more than one statement"),
                    errhint("Ask for each on its own, or let jit_request_for work out what one "
                            "statement needs.")));
  Node* statement = linitial_node(RawStmt, statements)->stmt;

  if (IsA(statement, GrantRoleStmt)) RefuseRoles(castNode(GrantRoleStmt, statement));

  // The text may not bring a grantee or another end of its own.
  const GrantStmt* grant = IsA(statement, GrantStmt) ? castNode(GrantStmt, statement) : nullptr;
  if (grant == nullptr || !grant->is_grant || grant->grant_option || grant->grantor != nullptr ||
      list_length(grant->grantees) != 1 ||
      linitial_node(RoleSpec, grant->grantees)->roletype != ROLESPEC_CURRENT_USER)
    ereport(ERROR,
            (errcode(ERRCODE_SYNTAX_ERROR),
             errmsg("access is not what stands between GRANT and TO"), errhint("%s", kSyntaxHint)));
  return grant;
}

void AddPrivilege(Privilege* into, const AccessPriv* from) {
  if (from->cols == NIL) {
    into->whole = true;
    return;
  }
  ListCell* lc;
  foreach (lc, from->cols) {
    char* column = strVal(lfirst(lc));
    ListCell* known;
    bool twice = false;
    foreach (known, into->columns)
      if (strcmp(static_cast<char*>(lfirst(known)), column) == 0) twice = true;
    if (!twice) into->columns = lappend(into->columns, column);
  }
}

// Of all that GRANT knows, tables and views, by name or by schema.
void CheckTarget(const GrantStmt* grant) {
  if (grant->objtype != OBJECT_TABLE ||
      (grant->targtype != ACL_TARGET_OBJECT && grant->targtype != ACL_TARGET_ALL_IN_SCHEMA))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("access to %s is not supported", KindOf(grant->objtype)),
                    errhint("Ask for tables and views, or for ALL TABLES IN SCHEMA.")));
}

// Each privilege once, in the canonical order; the whole relation swallows a column list.
List* ReadPrivileges(const GrantStmt* grant) {
  List* privileges = NIL;
  for (const PrivilegeName& known : kPrivilegeNames) {
    Privilege found = {known.bit, false, NIL};
    if (grant->privileges == NIL) found.whole = (kAll & known.bit) != 0;
    ListCell* lc;
    foreach (lc, grant->privileges) {
      const AccessPriv* wanted = lfirst_node(AccessPriv, lc);
      if (wanted->priv_name == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_GRANT_OPERATION), errmsg("ALL takes no column list"),
                 errhint("Name the privileges: SELECT (...), INSERT (...), UPDATE (...).")));
      PrivilegeMask bit = BitOf(wanted->priv_name);
      if (wanted->cols != NIL && (bit & kColumnPrivileges) == 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
                        errmsg("privilege %s takes no column list", NameOf(bit)),
                        errhint("SELECT, INSERT and UPDATE do; the others concern whole tables.")));
      if (bit == known.bit) AddPrivilege(&found, wanted);
    }
    if (!found.whole && found.columns == NIL) continue;
    Privilege* privilege = static_cast<Privilege*>(palloc(sizeof(Privilege)));
    *privilege = found;
    privileges = lappend(privileges, privilege);
  }
  return privileges;
}

List* ReadObjects(const Source& source, const GrantStmt* grant) {
  List* objects = NIL;
  ListCell* lc;
  foreach (lc, grant->objects) {
    Object* object = grant->targtype == ACL_TARGET_OBJECT
                         ? ResolveRelation(source, lfirst_node(RangeVar, lc))
                         : ResolveSchema(source, strVal(lfirst(lc)));
    ListCell* known;
    bool twice = false;
    foreach (known, objects) {
      const Object* other = static_cast<const Object*>(lfirst(known));
      if (other->schema_oid == object->schema_oid && other->relation_oid == object->relation_oid)
        twice = true;
    }
    if (!twice) objects = lappend(objects, object);
  }
  return objects;
}

}  // namespace

Spec* ReadSpec(const char* access, bool qualified) {
  // The line break ends a comment that the text may end with.
  const Source source = {access, psprintf("%s%s\n TO CURRENT_USER", kPrefix, access),
                         static_cast<int>(strlen(kPrefix)), kSyntaxHint, qualified};
  const GrantStmt* grant = ParseGrant(source);
  Spec* spec = static_cast<Spec*>(palloc0(sizeof(Spec)));
  CheckTarget(grant);
  spec->privileges = ReadPrivileges(grant);
  spec->objects = ReadObjects(source, grant);

  ListCell *lc, *of;
  foreach (lc, spec->privileges) {
    const Privilege* privilege = static_cast<const Privilege*>(lfirst(lc));
    if (privilege->whole) continue;
    foreach (of, spec->objects)
      CheckColumns(static_cast<const Object*>(lfirst(of)), privilege->columns);
  }
  return spec;
}

char* RenderSpec(const Spec* spec) {
  StringInfoData out;
  initStringInfo(&out);
  ListCell *lc, *col;
  foreach (lc, spec->privileges) {
    const Privilege* privilege = static_cast<const Privilege*>(lfirst(lc));
    appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", NameOf(privilege->bit));
    if (privilege->whole) continue;
    const char* separator = " (";
    foreach (col, privilege->columns) {
      appendStringInfo(&out, "%s%s", separator, QuoteName(static_cast<char*>(lfirst(col))));
      separator = ", ";
    }
    appendStringInfoChar(&out, ')');
  }
  const char* separator = nullptr;
  foreach (lc, spec->objects) {
    const Object* object = static_cast<const Object*>(lfirst(lc));
    bool whole_schema = object->relation_name == nullptr;
    if (separator == nullptr) separator = whole_schema ? " ON ALL TABLES IN SCHEMA " : " ON ";
    appendStringInfo(&out, "%s%s", separator, QuoteName(object->schema_name));
    if (!whole_schema) appendStringInfo(&out, ".%s", QuoteName(object->relation_name));
    separator = ", ";
  }
  return out.data;
}

}  // namespace jit::access
