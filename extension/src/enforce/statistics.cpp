#include "enforce/statistics.h"

#include "grants/coverage.h"
#include "pg/installed.h"
#include "pg/scratch.h"

extern "C" {
#include "access/parallel.h"
#include "access/sysattr.h"
#include "catalog/index.h"
#include "nodes/pathnodes.h"
#include "optimizer/plancat.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
}

namespace jit::enforce {

namespace {

bool views_withheld = false;
get_relation_stats_hook_type previous_relation_stats = nullptr;
get_index_stats_hook_type previous_index_stats = nullptr;
get_relation_info_hook_type previous_relation_info = nullptr;

// A column of a range table entry; attno InvalidAttrNumber stands for the whole row.
struct Place {
  Index varno;
  AttrNumber attno;
};

Index PlaceOf(PlannerInfo* root, const RangeTblEntry* rte) {
  for (int i = 1; i < root->simple_rel_array_size; i++)
    if (root->simple_rte_array[i] == rte) return i;
  return 0;
}

// Rights are those on the table that the query names: climbs from a partition or child to it, as
// all_rows_selectable does. varno 0 where the column has no counterpart there.
Place AtTop(PlannerInfo* root, Place place) {
  while (root->append_rel_array != nullptr && place.varno != 0) {
    const AppendRelInfo* child = root->append_rel_array[place.varno];
    if (child == nullptr || planner_rt_fetch(child->parent_relid, root)->rtekind != RTE_RELATION)
      break;
    if (place.attno > 0) {
      if (place.attno > child->num_child_cols) return {0, 0};
      place.attno = child->parent_colnos[place.attno - 1];
      if (place.attno == 0) return {0, 0};
    }
    place.varno = child->parent_relid;
  }
  return place;
}

// With `any`, one column or the other.
bool IsGranted(Oid userid, Oid relid, AttrNumber attno, bool any = false) {
  pg::Scratch scratch = pg::EnterScratch();
  Need need = {};
  need.relid = relid;
  if (attno > 0)
    need.select_cols = bms_make_singleton(attno - FirstLowInvalidHeapAttributeNumber);
  else
    need.table_mask = kSelect;
  if (any) need.any_mask = kSelect;
  bool granted = grants::Cover(userid, list_make1(&need)).uncovered == NIL;
  pg::LeaveScratch(scratch);
  return granted;
}

// The answer for the whole of one relation holds for one planning, which asks several times.
struct {
  uint64 planning;
  Oid relid;
  bool may_read;
} last_whole = {0, InvalidOid, false};
uint64 planning = 1;

bool MayReadWhole(Oid userid, Oid relid) {
  if (last_whole.planning != planning || last_whole.relid != relid)
    last_whole = {planning, relid,
                  pg_class_aclcheck(relid, userid, ACL_SELECT) == ACLCHECK_OK ||
                      IsGranted(userid, relid, InvalidAttrNumber)};
  return last_whole.may_read;
}

bool MayRead(PlannerInfo* root, Place place) {
  place = AtTop(root, place);
  if (place.varno == 0) return false;
  const RangeTblEntry* rte = planner_rt_fetch(place.varno, root);
  if (OidIsValid(rte->checkAsUser)) return !views_withheld;  // behind a view
  Oid userid = GetUserId();
  if (MayReadWhole(userid, rte->relid)) return true;
  if (place.attno <= 0) return false;
  return pg_attribute_aclcheck(rte->relid, place.attno, userid, ACL_SELECT) == ACLCHECK_OK ||
         IsGranted(userid, rte->relid, place.attno);
}

bool Concerns() {
  return !IsParallelWorker() && pg::IsGoverned(GetUserId()) && pg::RunsAsChosenUser();
}

// Taking control and giving nothing leaves the planner with what it knows of the relation's size.
// Such a plan is not kept: with a grant there is a better one.
bool Withhold(PlannerInfo* root, VariableStatData* vardata) {
  root->glob->transientPlan = true;
  vardata->statsTuple = nullptr;
  vardata->acl_ok = false;
  return true;
}

bool RelationStats(PlannerInfo* root, RangeTblEntry* rte, AttrNumber attno,
                   VariableStatData* vardata) {
  if (rte->rtekind == RTE_RELATION && Concerns() && !MayRead(root, {PlaceOf(root, rte), attno}))
    return Withhold(root, vardata);
  return previous_relation_stats && previous_relation_stats(root, rte, attno, vardata);
}

// The relation of this query that the index belongs to.
Index PlaceOfIndex(PlannerInfo* root, Oid index) {
  Oid relid = IndexGetRelation(index, true);
  for (int i = 1; i < root->simple_rel_array_size; i++)
    if (root->simple_rte_array[i] != nullptr &&
        root->simple_rte_array[i]->rtekind == RTE_RELATION &&
        root->simple_rte_array[i]->relid == relid && root->simple_rel_array[i] != nullptr)
      return i;
  return 0;
}

// Statistics of an index expression, which may combine any columns.
bool IndexStats(PlannerInfo* root, Oid index, AttrNumber attno, VariableStatData* vardata) {
  if (Concerns() && !MayRead(root, {PlaceOfIndex(root, index), InvalidAttrNumber}))
    return Withhold(root, vardata);
  return previous_index_stats && previous_index_stats(root, index, attno, vardata);
}

bool MayReadAny(PlannerInfo* root, Place place) {
  place = AtTop(root, place);
  if (place.varno == 0) return false;
  const RangeTblEntry* rte = planner_rt_fetch(place.varno, root);
  if (OidIsValid(rte->checkAsUser)) return !views_withheld;
  Oid userid = GetUserId();
  if (pg_class_aclmask(rte->relid, userid, ACL_SELECT | ACL_UPDATE | ACL_DELETE, ACLMASK_ANY) !=
          0 ||
      pg_attribute_aclcheck_all(rte->relid, userid, ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK)
    return true;
  return IsGranted(userid, rte->relid, InvalidAttrNumber, true);
}

// A foreign server may be asked for estimates, with its own statistics.
void RefuseForeign(PlannerInfo* root, Oid relid, const RelOptInfo* rel) {
  if (!OidIsValid(rel->serverid) || !Concerns()) return;
  if (MayReadAny(root, {rel->relid, InvalidAttrNumber})) return;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("permission denied for foreign table %s", get_rel_name(relid))));
}

// Extended statistics have no hook of their own: they are left out.
void RelationInfo(PlannerInfo* root, Oid relid, bool inhparent, RelOptInfo* rel) {
  if (previous_relation_info) previous_relation_info(root, relid, inhparent, rel);
  RefuseForeign(root, relid, rel);
  if (rel->statlist != NIL && Concerns() && !MayRead(root, {rel->relid, InvalidAttrNumber}))
    rel->statlist = NIL;
}

}  // namespace

void InitStatistics() {
  previous_relation_stats = get_relation_stats_hook;
  get_relation_stats_hook = RelationStats;
  previous_index_stats = get_index_stats_hook;
  get_index_stats_hook = IndexStats;
  previous_relation_info = get_relation_info_hook;
  get_relation_info_hook = RelationInfo;
}

void BeginPlanning() { planning++; }

bool ViewStatisticsWithheld() { return views_withheld; }

bool WithholdViewStatistics(bool withhold) {
  bool before = views_withheld;
  views_withheld = withhold;
  return before;
}

}  // namespace jit::enforce
