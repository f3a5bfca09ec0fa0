#include "enforce/statistics.h"

#include "pg/server.h"

extern "C" {
#include "nodes/pathnodes.h"
#include "optimizer/plancat.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
}

namespace jit::enforce {

namespace {

bool withheld = false;
get_relation_stats_hook_type previous_relation_stats = nullptr;
get_index_stats_hook_type previous_index_stats = nullptr;
get_relation_info_hook_type previous_relation_info = nullptr;

// Hands the statistics out for leakproof operators only, as PostgreSQL does to who may not read.
void HandOut(Oid relid, AttrNumber attno, bool inherited, VariableStatData* vardata) {
  vardata->statsTuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid),
                                        Int16GetDatum(attno), BoolGetDatum(inherited));
  vardata->freefunc = ReleaseSysCache;
  vardata->acl_ok = !HeapTupleIsValid(vardata->statsTuple);
}

bool RelationStats(PlannerInfo* root, RangeTblEntry* rte, AttrNumber attno,
                   VariableStatData* vardata) {
  if (withheld && rte->rtekind == RTE_RELATION) {
    HandOut(rte->relid, attno, rte->inh, vardata);
    return true;
  }
  return previous_relation_stats && previous_relation_stats(root, rte, attno, vardata);
}

bool IndexStats(PlannerInfo* root, Oid index, AttrNumber attno, VariableStatData* vardata) {
  if (withheld) {
    HandOut(index, attno, false, vardata);
    return true;
  }
  return previous_index_stats && previous_index_stats(root, index, attno, vardata);
}

// Extended statistics have no hook of their own: they are left out.
void RelationInfo(PlannerInfo* root, Oid relid, bool inhparent, RelOptInfo* rel) {
  if (previous_relation_info) previous_relation_info(root, relid, inhparent, rel);
  if (withheld) rel->statlist = NIL;
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

bool StatisticsWithheld() { return withheld; }

bool SetStatisticsWithheld(bool value) {
  bool before = withheld;
  withheld = value;
  return before;
}

}  // namespace jit::enforce
