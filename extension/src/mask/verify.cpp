#include "mask/verify.h"

#include "grants/coverage.h"
#include "mask/catalog.h"
#include "mask/errors.h"
#include "mask/exemption.h"
#include "mask/marker.h"
#include "mask/statistics.h"

extern "C" {
#include "access/parallel.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
}

namespace jit::mask {

namespace {

ExecutorCheckPerms_hook_type previous_check_permissions = nullptr;

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
  if (masks == nullptr || IsExemptThrough(OidIsValid(marker.role) ? marker.role : userid, masks))
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

bool ShowsUnmarked(const RangeTblEntry* rte, Oid userid) {
  if (rte->rtekind != RTE_RELATION || (rte->requiredPerms & ACL_SELECT) == 0 || HasMark(rte))
    return false;
  if (IsStatistics(rte->relid)) return true;
  return CanBeMasked(rte->relkind) && MasksOf(rte->relid) != nullptr &&
         !IsExempt(userid, rte->relid);
}

// What deferred constraints say at COMMIT they say to the user of the session, also of what a
// foreign key or a SECURITY DEFINER function has written.
bool WritesMasked(const RangeTblEntry* rte, Oid userid) {
  if (rte->rtekind != RTE_RELATION || !CanBeMasked(rte->relkind) ||
      (rte->requiredPerms & (ACL_INSERT | ACL_UPDATE | ACL_DELETE)) == 0)
    return false;
  const RelationMasks* masks = MasksOf(rte->relid);
  return masks != nullptr &&
         !(IsExemptThrough(userid, masks) && IsExemptThrough(GetOuterUserId(), masks));
}

// The last check of all that is read, and the only one where there is no plan: COPY looks its
// table's name up once more after its statement was looked at, and may find another table. A
// worker gets the leader's list without marks.
bool CheckPermissions(List* rtable, bool raise) {
  if (previous_check_permissions && !previous_check_permissions(rtable, raise)) return false;
  Oid userid = GetUserId();
  if (IsParallelWorker() || !AnyMasks()) return true;
  bool sees_all = IsExemptEverywhere(userid);
  ListCell* lc;
  foreach (lc, rtable) {
    const RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    if (WritesMasked(rte, userid)) NoteWrite();
    if (sees_all || !ShowsUnmarked(rte, userid)) continue;
    if (!raise) return false;
    ResetPlanCache();
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("\"%s\" would be shown unmasked", get_rel_name(rte->relid)),
                    errhint("Run the statement again: it is then run with the masks.")));
  }
  return true;
}

}  // namespace

void InitVerifier() {
  previous_check_permissions = ExecutorCheckPerms_hook;
  ExecutorCheckPerms_hook = CheckPermissions;
}

List* VerifyPlan(const PlannedStmt* plan, Oid userid, List* needs) {
  CatchUp();
  if (!AnyMasks() || IsExemptEverywhere(userid)) return needs;
  const char* last = nullptr;  // partitions share their parent's mark
  Index rti = 0;
  ListCell* lc;
  foreach (lc, plan->rtable) {
    const RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    rti++;
    if (rte->rtekind != RTE_RELATION || !CanBeMasked(rte->relkind)) continue;
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
