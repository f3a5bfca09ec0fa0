#include "audit/administration.h"

#include "audit/events.h"
#include "audit/ring.h"
#include "pg/installed.h"

extern "C" {
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/seclabel.h"
#include "utils/acl.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace jit::audit {

namespace {

constexpr const char kProvider[] = "jit_access";

void PutMember(StringInfo out, const char* name, const char* text) {
  appendStringInfo(out, "%s\"%s\": ", out->len > 1 ? ", " : "", name);
  if (text != nullptr)
    escape_json(out, text);
  else
    appendStringInfoString(out, "null");
}

bool IsOurRole(const char* name) { return name != nullptr && strncmp(name, "jit_", 4) == 0; }

void PutNames(StringInfo out, const char* member, List* names) {
  appendStringInfo(out, "%s\"%s\": [", out->len > 1 ? ", " : "", member);
  ListCell* lc;
  foreach (lc, names) {
    if (lc != list_head(names)) appendStringInfoString(out, ", ");
    escape_json(out, static_cast<const char*>(lfirst(lc)));
  }
  appendStringInfoChar(out, ']');
}

List* NamesOf(List* role_specs) {
  List* names = NIL;
  ListCell* lc;
  foreach (lc, role_specs) names = lappend(names, get_rolespec_name(lfirst_node(RoleSpec, lc)));
  return names;
}

void NoteGrant(const char* action, List* roles, List* members) {
  List* ours = NIL;
  ListCell* lc;
  foreach (lc, roles)
    if (IsOurRole(static_cast<const char*>(lfirst(lc)))) ours = lappend(ours, lfirst(lc));
  if (ours == NIL) return;
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoChar(&out, '{');
  PutMember(&out, "action", action);
  PutNames(&out, "roles", ours);
  PutNames(&out, "members", members);
  appendStringInfoChar(&out, '}');
  NoteEvent("membership_changed", 0, out.data);
}

// Whether the user may copy the database: whoever may not is not to send its worker away.
bool MayCopy(Oid database) {
  if (pg_database_ownercheck(database, GetUserId())) return true;
  HeapTuple role = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
  HeapTuple copied = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
  bool may = HeapTupleIsValid(role) && HeapTupleIsValid(copied) &&
             reinterpret_cast<Form_pg_authid>(GETSTRUCT(role))->rolcreatedb &&
             reinterpret_cast<Form_pg_database>(GETSTRUCT(copied))->datistemplate;
  if (HeapTupleIsValid(role)) ReleaseSysCache(role);
  if (HeapTupleIsValid(copied)) ReleaseSysCache(copied);
  return may;
}

const char* TemplateOf(const CreatedbStmt* statement) {
  ListCell* lc;
  foreach (lc, statement->options) {
    DefElem* option = lfirst_node(DefElem, lc);
    if (strcmp(option->defname, "template") == 0 && option->arg != nullptr)
      return defGetString(option);
  }
  return "template1";
}

}  // namespace

void NoteLabel(Oid relid, AttrNumber attno, const char* text) {
  const char* relation = get_rel_name(relid);
  if (relation == nullptr || pg::GetInstalled() == nullptr) return;
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoChar(&out, '{');
  PutMember(&out, "relation",
            quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), relation));
  if (attno != InvalidAttrNumber) {
    ObjectAddress column = {RelationRelationId, relid, attno};
    PutMember(&out, "column", get_attname(relid, attno, true));
    PutMember(&out, "before", GetSecurityLabel(&column, kProvider));
  }
  PutMember(&out, "after", text);
  appendStringInfoChar(&out, '}');
  NoteEvent("mask_changed", 0, out.data);
}

void NoteMembership(const Node* statement) {
  if (pg::GetInstalled() == nullptr) return;
  if (IsA(statement, GrantRoleStmt)) {
    const GrantRoleStmt* grant = reinterpret_cast<const GrantRoleStmt*>(statement);
    List* roles = NIL;
    ListCell* lc;
    foreach (lc, grant->granted_roles)
      roles = lappend(roles, lfirst_node(AccessPriv, lc)->priv_name);
    NoteGrant(grant->is_grant ? "GRANT" : "REVOKE", roles, NamesOf(grant->grantee_roles));
  } else if (IsA(statement, CreateRoleStmt)) {
    const CreateRoleStmt* create = reinterpret_cast<const CreateRoleStmt*>(statement);
    ListCell* lc;
    foreach (lc, create->options) {
      DefElem* option = lfirst_node(DefElem, lc);
      if (strcmp(option->defname, "addroleto") == 0)
        NoteGrant("CREATE ROLE", NamesOf(castNode(List, option->arg)), list_make1(create->role));
    }
  }
}

void ReleaseDatabaseFor(const Node* statement) {
  const char* name = nullptr;
  switch (nodeTag(statement)) {
    case T_CreatedbStmt:
      name = TemplateOf(reinterpret_cast<const CreatedbStmt*>(statement));
      break;
    case T_DropdbStmt:
      name = reinterpret_cast<const DropdbStmt*>(statement)->dbname;
      break;
    case T_AlterDatabaseStmt:
      name = reinterpret_cast<const AlterDatabaseStmt*>(statement)->dbname;
      break;
    case T_RenameStmt:
      if (reinterpret_cast<const RenameStmt*>(statement)->renameType == OBJECT_DATABASE)
        name = reinterpret_cast<const RenameStmt*>(statement)->subname;
      break;
    default:
      break;
  }
  Oid database = name != nullptr ? get_database_oid(name, true) : InvalidOid;
  if (!OidIsValid(database)) return;
  bool may = IsA(statement, CreatedbStmt) ? MayCopy(database)
                                          : pg_database_ownercheck(database, GetUserId());
  if (may) ReleaseDatabase(database);
}

}  // namespace jit::audit
