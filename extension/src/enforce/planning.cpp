#include "enforce/planning.h"

#include "enforce/context.h"
#include "enforce/needs.h"
#include "enforce/refusal.h"
#include "enforce/sequences.h"
#include "enforce/statistics.h"
#include "grants/coverage.h"
#include "pg/compat.h"
#include "pg/installed.h"
#include "settings.h"

extern "C" {
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
}

namespace jit::enforce {

namespace {

struct Marking {
  List* views;  // Need *
  Oid marker;
};

bool IsAmong(List* needs, Oid relid) {
  ListCell* lc;
  foreach (lc, needs)
    if (static_cast<Need*>(lfirst(lc))->relid == relid) return true;
  return false;
}

bool MarkViews(Node* node, void* context) {
  if (node == nullptr) return false;
  const Marking* marking = static_cast<Marking*>(context);
  if (IsA(node, Query)) {
    Query* query = castNode(Query, node);
    ListCell* lc;
    foreach (lc, query->rtable) {
      RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
      if (rte->relkind == RELKIND_VIEW && pg::CarriesPermissions(rte) &&
          !OidIsValid(rte->checkAsUser) && IsAmong(marking->views, rte->relid))
        rte->checkAsUser = marking->marker;
    }
    return pg::WalkQueryTree(query, MarkViews, context);
  }
  return pg::WalkExpression(node, MarkViews, context);
}

// The plan may be cached: it must be as strict as if it had never been marked.
void UnmarkViews(PlannedStmt* plan, Oid marker) {
  ListCell* lc;
  foreach (lc, plan->rtable) {
    RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    if (rte->relkind == RELKIND_VIEW && rte->checkAsUser == marker) rte->checkAsUser = InvalidOid;
  }
}

List* ViewsIn(List* needs) {
  List* views = NIL;
  ListCell* lc;
  foreach (lc, needs)
    if (get_rel_relkind(static_cast<Need*>(lfirst(lc))->relid) == RELKIND_VIEW)
      views = lappend(views, lfirst(lc));
  return views;
}

bool HasNever(List* needs) {
  ListCell* lc;
  foreach (lc, needs)
    if (static_cast<Need*>(lfirst(lc))->table_mask & kNever) return true;
  return false;
}

// Whether the query reads a view or writes: only those ask anything of planning.
bool IsConcerned(Node* node, void* context) {
  if (node == nullptr) return false;
  if (!IsA(node, Query)) return pg::WalkExpression(node, IsConcerned, context);
  Query* query = castNode(Query, node);
  if (query->resultRelation > 0) return true;
  ListCell* lc;
  foreach (lc, query->rtable)
    if (lfirst_node(RangeTblEntry, lc)->relkind == RELKIND_VIEW) return true;
  return pg::WalkQueryTree(query, IsConcerned, context);
}

struct Arguments {
  Query* query;
  const char* source;
  int cursor_options;
  ParamListInfo params;
  planner_hook_type next;
};

PlannedStmt* Plan(const Arguments& a) {
  return a.next(a.query, a.source, a.cursor_options, a.params);
}

PlannedStmt* PlanMarked(const Arguments& a, List* views, bool may_read) {
  Marking marking = {views, pg::GetInstalled()->elevated_role};
  MarkViews(reinterpret_cast<Node*>(a.query), &marking);
  // Who may only EXPLAIN the view must not read its owner's statistics out of the estimates.
  bool before = WithholdViewStatistics(!may_read || ViewStatisticsWithheld());
  PlannedStmt* plan = nullptr;
  PG_TRY();
  { plan = Plan(a); }
  PG_FINALLY();
  { WithholdViewStatistics(before); }
  PG_END_TRY();
  UnmarkViews(plan, marking.marker);
  // The planner has seen statistics as this user may.
  plan->dependsOnRole = true;
  return plan;
}

PlannedStmt* PlanRefused(const Arguments& a, List* lacking) {
  MemoryContext context = CurrentMemoryContext;
  PlannedStmt* plan = nullptr;
  PG_TRY();
  { plan = Plan(a); }
  PG_CATCH();
  { RethrowWithHint(lacking, context); }
  PG_END_TRY();
  return plan;
}

}  // namespace

void InitPlanning() { InitStatistics(); }

PlannedStmt* PlanGoverned(Query* query, const char* source, int cursor_options,
                          ParamListInfo params, Oid userid, planner_hook_type next) {
  Arguments a = {query, source, cursor_options, params, next};
  BeginPlanning();
  if (!IsConcerned(reinterpret_cast<Node*>(query), nullptr)) return Plan(a);
  List* needs = NeedsOfQuery(query, userid);
  if (needs == NIL) return Plan(a);
  bool replaced = UseOwnedSequences(query);
  List* views = ViewsIn(needs);
  if (views == NIL) {
    PlannedStmt* plan = Plan(a);
    // Another role's right on the sequence is to be checked.
    plan->dependsOnRole |= replaced;
    return plan;
  }
  if (grants::Cover(userid, views).uncovered == NIL) return PlanMarked(a, views, true);
  bool may_explain = InExplain() && !HasNever(views) &&
                     (default_explain || grants::CoverExplain(userid, views).uncovered == NIL);
  if (may_explain) return PlanMarked(a, views, false);
  return PlanRefused(a, grants::Cover(userid, needs).uncovered);
}

}  // namespace jit::enforce
