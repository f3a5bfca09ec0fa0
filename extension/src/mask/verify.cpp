#include "mask/verify.h"

#include "grants/coverage.h"
#include "mask/catalog.h"
#include "mask/exemption.h"
#include "mask/marker.h"

extern "C" {
#include "access/parallel.h"
#include "catalog/pg_class.h"
#include "nodes/pathnodes.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
}

namespace jit::mask {

namespace {

void Refuse(Oid relid, const Bitmapset* columns) {
  int member = bms_next_member(columns, -1);
  char* column = member >= 0 ? get_attname(relid, ColumnOf(member), true) : nullptr;
  // Whoever runs it again gets a plan with the mask.
  ResetPlanCache();
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("the statement's plan shows column \"%s\" of \"%s\" unmasked, which is "
                         "masked for you now",
                         column != nullptr ? column : "?", get_rel_name(relid)),
                  errhint("Run the statement again: it is then planned with the mask.")));
}

// Of a child by inheritance a scan of its parent reads the columns that the parent has, too; were
// one of those masked, so would be the parent's.
bool IsReadAsUnmasked(const PlannedStmt* plan, Index rti) {
  ListCell* lc;
  foreach (lc, plan->appendRelations) {
    const AppendRelInfo* info = lfirst_node(AppendRelInfo, lc);
    if (info->child_relid == rti && OidIsValid(info->parent_reloid))
      return MasksOf(info->parent_reloid) == nullptr;
  }
  return false;
}

void VerifyUnmarked(const PlannedStmt* plan, Index rti, const RangeTblEntry* rte, Oid userid) {
  const RelationMasks* masks = MasksOf(rte->relid);
  if (masks != nullptr && !IsExempt(userid, rte->relid) && !IsReadAsUnmasked(plan, rti))
    Refuse(rte->relid, masks->columns);
}

List* VerifyMarked(const Marker& marker, Oid userid, List* needs) {
  const RelationMasks* masks = MasksOf(marker.relid);
  if (masks == nullptr || IsExempt(OidIsValid(marker.role) ? marker.role : userid, marker.relid))
    return needs;
  Bitmapset* shown = bms_difference(masks->columns, marker.hidden);
  Bitmapset* unaccounted = bms_difference(shown, marker.raw);
  if (!bms_is_empty(unaccounted)) Refuse(marker.relid, unaccounted);
  if (bms_is_empty(shown)) return needs;
  Need need = {};
  need.relid = marker.relid;
  need.unmask_cols = shown;
  if (!GrantsCount(userid) || grants::Cover(userid, list_make1(&need)).uncovered != NIL)
    Refuse(marker.relid, shown);
  return grants::AddNeed(needs, need);
}

}  // namespace

List* VerifyPlan(const PlannedStmt* plan, Oid userid, List* needs) {
  if (IsParallelWorker()) return needs;
  CatchUp();
  if (!AnyMasks() || IsExemptEverywhere(userid)) return needs;
  const char* last = nullptr;  // partitions share their parent's mark
  Index rti = 0;
  ListCell* lc;
  foreach (lc, plan->rtable) {
    const RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    rti++;
    if (rte->rtekind != RTE_RELATION ||
        (rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_PARTITIONED_TABLE &&
         rte->relkind != RELKIND_MATVIEW))
      continue;
    Marker marker = {};
    if (rte->enrname != nullptr && last != nullptr && strcmp(rte->enrname, last) == 0) continue;
    if (ReadMark(rte, &marker)) {
      last = rte->enrname;
      needs = VerifyMarked(marker, userid, needs);
    } else {
      VerifyUnmarked(plan, rti, rte, userid);
    }
  }
  return needs;
}

}  // namespace jit::mask
