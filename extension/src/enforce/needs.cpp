#include "enforce/needs.h"

#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace jit::enforce {

namespace {

using grants::AddNeed;
using grants::ColumnsFor;

bool HasColumn(Oid relid, AttrNumber attno, Oid userid, AclMode mode) {
  return pg_attribute_aclcheck(relid, attno, userid, mode) == ACLCHECK_OK;
}

Bitmapset* LiveColumns(Oid relid) {
  Bitmapset* columns = nullptr;
  Relation rel = RelationIdGetRelation(relid);
  if (!RelationIsValid(rel)) return nullptr;
  TupleDesc desc = RelationGetDescr(rel);
  for (int i = 0; i < desc->natts; i++)
    if (!TupleDescAttr(desc, i)->attisdropped)
      columns = bms_add_member(columns, i + 1 - FirstLowInvalidHeapAttributeNumber);
  RelationClose(rel);
  return columns;
}

// Adds to `need` what the user lacks of a privilege on the columns named; as ExecCheckRTEPerms.
void AddColumns(Need* need, PrivilegeMask bit, AclMode mode, Bitmapset* columns, Oid userid) {
  Oid relid = need->relid;
  if (bms_is_empty(columns)) {
    if (pg_attribute_aclcheck_all(relid, userid, mode, ACLMASK_ANY) != ACLCHECK_OK) {
      need->table_mask |= bit;
      need->any_mask |= bit;
    }
    return;
  }
  Bitmapset* lacking = nullptr;
  int col = -1;
  while ((col = bms_next_member(columns, col)) >= 0) {
    AttrNumber attno = col + FirstLowInvalidHeapAttributeNumber;
    if (attno == InvalidAttrNumber) {  // the whole row: every column there is
      Bitmapset* all = LiveColumns(relid);
      if (bms_is_empty(all)) need->table_mask |= bit;
      int each = -1;
      while ((each = bms_next_member(all, each)) >= 0)
        if (!HasColumn(relid, each + FirstLowInvalidHeapAttributeNumber, userid, mode))
          lacking = bms_add_member(lacking, each);
    } else if (!HasColumn(relid, attno, userid, mode)) {
      if (attno < 0)
        need->table_mask |= bit;  // a system column: goes with the table
      else
        lacking = bms_add_member(lacking, col);
    }
  }
  if ((need->table_mask & bit) == 0) *ColumnsFor(need, bit) = lacking;
}

bool CanBeGranted(Oid relid) {
  const pg::Installed* here = pg::GetInstalled();
  if (here == nullptr || relid < FirstNormalObjectId) return false;
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
  if (!HeapTupleIsValid(tuple)) return false;
  Form_pg_class relation = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  Oid schema = relation->relnamespace;
  char kind = relation->relkind;
  char persistence = relation->relpersistence;
  ReleaseSysCache(tuple);
  if (schema == here->schema || IsCatalogNamespace(schema) || IsToastNamespace(schema) ||
      persistence == RELPERSISTENCE_TEMP)
    return false;
  return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_VIEW ||
         kind == RELKIND_MATVIEW;
}

List* AddEntry(List* needs, const pg::PermissionEntry* entry, Oid userid) {
  // With checkAsUser set the check is that of a view's owner: no grant of the caller's answers it.
  if (!pg::CarriesPermissions(entry) || OidIsValid(entry->checkAsUser)) return needs;
  AclMode lacking = entry->requiredPerms &
                    ~pg_class_aclmask(entry->relid, userid, entry->requiredPerms, ACLMASK_ALL);
  if (lacking == 0) return needs;
  Need need = {};
  need.relid = entry->relid;
  if (lacking & ACL_SELECT) AddColumns(&need, kSelect, ACL_SELECT, entry->selectedCols, userid);
  if (lacking & ACL_INSERT) AddColumns(&need, kInsert, ACL_INSERT, entry->insertedCols, userid);
  if (lacking & ACL_UPDATE) AddColumns(&need, kUpdate, ACL_UPDATE, entry->updatedCols, userid);
  if (lacking & ACL_DELETE) need.table_mask |= kDelete;
  if (lacking & ~(ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE)) need.table_mask |= kNever;
  if (!grants::IsEmpty(need) && !CanBeGranted(entry->relid)) need.table_mask |= kNever;
  return AddNeed(needs, need);
}

struct QueryWalk {
  List* needs;
  Oid userid;
  bool only_views;
};

bool WalkQuery(Node* node, void* context) {
  QueryWalk* walk = static_cast<QueryWalk*>(context);
  if (node == nullptr) return false;
  if (IsA(node, Query)) {
    Query* query = castNode(Query, node);
    ListCell* lc;
    foreach (lc, query->rtable) {
      RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
      if (!walk->only_views || rte->relkind == RELKIND_VIEW)
        walk->needs = AddEntry(walk->needs, rte, walk->userid);
    }
    return pg::WalkQueryTree(query, WalkQuery, context);
  }
  return pg::WalkExpression(node, WalkQuery, context);
}

// The one column to ask for where any will do: of the primary key, else the first.
Bitmapset* AnyColumn(Oid relid, const Bitmapset* all) {
  Relation rel = RelationIdGetRelation(relid);
  if (!RelationIsValid(rel)) return nullptr;
  Bitmapset* key = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
  RelationClose(rel);
  int column = bms_next_member(bms_is_empty(key) ? all : key, -1);
  return column >= 0 ? bms_make_singleton(column) : nullptr;
}

// 'SELECT' or 'SELECT (a, b)'.
void AppendPrivilege(StringInfo out, const Need* need, PrivilegeMask bit, const char* name,
                     const Bitmapset* all) {
  Bitmapset** named = ColumnsFor(const_cast<Need*>(need), bit);
  Bitmapset* columns = named != nullptr ? *named : nullptr;
  if (need->any_mask & bit) columns = AnyColumn(need->relid, all);
  bool whole = (need->table_mask & ~need->any_mask & bit) ||
               ((need->any_mask & bit) && bms_is_empty(columns)) ||
               (!bms_is_empty(columns) && bms_equal(columns, all));
  if (!whole && bms_is_empty(columns)) return;
  appendStringInfo(out, "%s%s", out->len > 0 ? ", " : "", name);
  if (whole) return;
  const char* separator = " (";
  int col = -1;
  while ((col = bms_next_member(columns, col)) >= 0) {
    const char* column = get_attname(need->relid, col + FirstLowInvalidHeapAttributeNumber, false);
    appendStringInfo(out, "%s%s", separator, quote_identifier(column));
    separator = ", ";
  }
  appendStringInfoChar(out, ')');
}

char* RenderPrivileges(const Need* need) {
  StringInfoData out;
  initStringInfo(&out);
  Bitmapset* all = LiveColumns(need->relid);
  for (const PrivilegeName& p : kPrivilegeNames) AppendPrivilege(&out, need, p.bit, p.name, all);
  return out.data;
}

}  // namespace

List* NeedsOfQuery(Query* query, Oid userid, bool only_views) {
  QueryWalk walk = {NIL, userid, only_views};
  WalkQuery(reinterpret_cast<Node*>(query), &walk);
  return walk.needs;
}

List* NeedsOfPlan(const PlannedStmt* plan, Oid userid) {
  List* needs = NIL;
  ListCell* lc;
  foreach (lc, plan->rtable) needs = AddEntry(needs, lfirst_node(RangeTblEntry, lc), userid);
  return needs;
}

void AddToEach(List* needs, PrivilegeMask bits) {
  ListCell* lc;
  foreach (lc, needs) static_cast<Need*>(lfirst(lc))->table_mask |= bits;
}

List* RenderNeedSpecs(List* needs) {
  List* specs = NIL;
  List* privileges = NIL;  // of each spec, to let relations share one
  ListCell* lc;
  foreach (lc, needs) {
    const Need* need = static_cast<const Need*>(lfirst(lc));
    if (need->table_mask & kNever) continue;
    char* wanted = RenderPrivileges(need);
    if (*wanted == '\0') continue;
    char* name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(need->relid)),
                                            get_rel_name(need->relid));
    bool by_column = strchr(wanted, '(') != nullptr;
    bool shared = false;
    ListCell *spec, *of;
    forboth(spec, specs, of, privileges) {
      if (by_column || strcmp(static_cast<char*>(lfirst(of)), wanted) != 0) continue;
      lfirst(spec) = psprintf("%s, %s", static_cast<char*>(lfirst(spec)), name);
      shared = true;
      break;
    }
    if (shared) continue;
    specs = lappend(specs, psprintf("%s ON %s", wanted, name));
    privileges = lappend(privileges, wanted);
  }
  return specs;
}

char* RenderNeeds(List* needs) {
  StringInfoData out;
  initStringInfo(&out);
  ListCell* lc;
  foreach (lc, RenderNeedSpecs(needs))
    appendStringInfo(&out, "%s%s", out.len > 0 ? "; " : "", static_cast<char*>(lfirst(lc)));
  return out.data;
}

}  // namespace jit::enforce
