#include "audit/relations.h"

#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_largeobject_d.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_statistic_d.h"
#include "catalog/pg_statistic_ext_data_d.h"
#include "catalog/pg_user_mapping_d.h"
#include "utils/lsyscache.h"
}

#include <initializer_list>

namespace jit::audit {

namespace {

constexpr int kMost = 200;

const char* NameOf(Oid relid) {
  const char* name = get_rel_name(relid);
  if (name == nullptr) return nullptr;
  return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), name);
}

List* AddName(List* names, const char* name) {
  ListCell* lc;
  if (name == nullptr || list_length(names) >= kMost) return names;
  foreach (lc, names)
    if (strcmp(static_cast<const char*>(lfirst(lc)), name) == 0) return names;
  return lappend(names, const_cast<char*>(name));
}

// Catalogs that hold what people have stored, and what they have done.
bool HoldsValues(Oid relid, bool ours) {
  switch (relid) {
    case StatisticRelationId:
    case StatisticExtDataRelationId:
    case LargeObjectRelationId:
    case UserMappingRelationId:
      return true;
    default:
      return ours && strncmp(get_rel_name(relid), "audit_log", strlen("audit_log")) == 0;
  }
}

List* AddRangeVar(List* names, const RangeVar* relation) {
  if (relation == nullptr) return names;
  // Not locked: for its name only. What it is when the statement runs, that decides.
  Oid relid = RangeVarGetRelid(relation, NoLock, true);
  return AddName(names, OidIsValid(relid)
                            ? NameOf(relid)
                            : quote_qualified_identifier(relation->schemaname, relation->relname));
}

}  // namespace

List* RelationsOf(const PlannedStmt* plan) {
  List* oids = NIL;
  List* names = NIL;
  ListCell* lc;
  // Temporary ones last: whoever makes many does not crowd out what they read.
  for (bool temporary : {false, true}) {
    foreach (lc, plan->rtable) {
      const RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
      if (!pg::CarriesPermissions(rte) || list_member_oid(oids, rte->relid)) continue;
      if ((get_rel_persistence(rte->relid) == RELPERSISTENCE_TEMP) != temporary) continue;
      oids = lappend_oid(oids, rte->relid);
      names = AddName(names, NameOf(rte->relid));
    }
  }
  int more = list_length(oids) - list_length(names);
  return more > 0 ? lappend(names, psprintf("(%d more)", more)) : names;
}

List* RelationsOfUtility(const Node* statement) {
  List* names = NIL;
  ListCell* lc;
  switch (nodeTag(statement)) {
    case T_CopyStmt:
      return AddRangeVar(NIL, reinterpret_cast<const CopyStmt*>(statement)->relation);
    case T_AlterTableStmt:
      return AddRangeVar(NIL, reinterpret_cast<const AlterTableStmt*>(statement)->relation);
    case T_IndexStmt:
      return AddRangeVar(NIL, reinterpret_cast<const IndexStmt*>(statement)->relation);
    case T_RefreshMatViewStmt:
      return AddRangeVar(NIL, reinterpret_cast<const RefreshMatViewStmt*>(statement)->relation);
    case T_CreateTrigStmt:
      return AddRangeVar(NIL, reinterpret_cast<const CreateTrigStmt*>(statement)->relation);
    case T_TruncateStmt:
      foreach (lc, reinterpret_cast<const TruncateStmt*>(statement)->relations)
        names = AddRangeVar(names, lfirst_node(RangeVar, lc));
      return names;
    case T_LockStmt:
      foreach (lc, reinterpret_cast<const LockStmt*>(statement)->relations)
        names = AddRangeVar(names, lfirst_node(RangeVar, lc));
      return names;
    case T_VacuumStmt:
      foreach (lc, reinterpret_cast<const VacuumStmt*>(statement)->rels)
        names = AddRangeVar(names, lfirst_node(VacuumRelation, lc)->relation);
      return names;
    default:
      return NIL;
  }
}

bool AreCatalogs(const PlannedStmt* plan, bool with_values) {
  const pg::Installed* here = pg::GetInstalled();
  ListCell* lc;
  foreach (lc, plan->rtable) {
    const RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    if (!pg::CarriesPermissions(rte)) continue;
    Oid schema = get_rel_namespace(rte->relid);
    bool ours = here != nullptr && schema == here->schema;
    if (schema != PG_CATALOG_NAMESPACE && !ours) return false;
    if (!with_values && HoldsValues(rte->relid, ours)) return false;
  }
  return true;
}

}  // namespace jit::audit
