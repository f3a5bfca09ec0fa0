#include "enforce/elevation.h"

#include "enforce/context.h"
#include "enforce/needs.h"
#include "enforce/refusal.h"
#include "mask/verify.h"
#include "pg/compat.h"
#include "pg/installed.h"
#include "pg/scratch.h"
#include "settings.h"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/syscache.h"
}

namespace jit::enforce {

namespace {

Elevated* running = nullptr;

bool IsNeeded(List* needs, Oid relid) {
  ListCell* lc;
  foreach (lc, needs)
    if (static_cast<Need*>(lfirst(lc))->relid == relid)
      return (grants::MaskOf(*static_cast<Need*>(lfirst(lc))) & ~kUnmask) != 0;
  return false;
}

// As whom the relation's rights are checked: as its owner where that is all the check comes to,
// since it needs no list of memberships, which PostgreSQL keeps for one role at a time; else as the
// marker role. A partitioned table can have foreign partitions, where it would choose credentials.
Oid MarkerFor(const RangeTblEntry* rte, Oid elevated_role) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(rte->relid));
  if (!HeapTupleIsValid(tuple)) return elevated_role;
  Form_pg_class relation = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  Oid owner = relation->relowner;
  bool alone = relation->relkind != RELKIND_PARTITIONED_TABLE && !relation->relhassubclass;
  ReleaseSysCache(tuple);
  bool suffices = alone && pg_class_aclmask(rte->relid, owner, rte->requiredPerms, ACLMASK_ALL) ==
                               rte->requiredPerms;
  return suffices ? owner : elevated_role;
}

// A copy of the plan in which the entries that lack rights are checked as the marker role. What is
// not changed is shared with the original, which stays as strict as it was.
PlannedStmt* ElevatedCopy(PlannedStmt* plan, List* needs, Oid elevated_role) {
  PlannedStmt* copy = static_cast<PlannedStmt*>(palloc(sizeof(PlannedStmt)));
  *copy = *plan;
  copy->rtable = list_copy(plan->rtable);
  ListCell* lc;
  foreach (lc, copy->rtable) {
    RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    if (!pg::CarriesPermissions(rte) || OidIsValid(rte->checkAsUser) ||
        !IsNeeded(needs, rte->relid))
      continue;
    RangeTblEntry* marked = static_cast<RangeTblEntry*>(palloc(sizeof(RangeTblEntry)));
    *marked = *rte;
    marked->checkAsUser = MarkerFor(rte, elevated_role);
    lfirst(lc) = marked;
  }
  return copy;
}

void FreeElevatedCopy(PlannedStmt* copy, const PlannedStmt* original) {
  ListCell *mine, *theirs;
  forboth(mine, copy->rtable, theirs, original->rtable) {
    if (lfirst(mine) != lfirst(theirs)) pfree(lfirst(mine));
  }
  list_free(copy->rtable);
  pfree(copy);
}

void Unlink(void* arg) {
  for (Elevated** link = &running; *link != nullptr; link = &(*link)->next) {
    if (*link == arg) {
      *link = (*link)->next;
      return;
    }
  }
}

// Runs the continuation, which is going to refuse the statement.
void Refuse(QueryDesc* desc, int eflags, List* uncovered, StartFunction next) {
  MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  { next(desc, eflags); }
  PG_CATCH();
  { RethrowWithHint(uncovered, context); }
  PG_END_TRY();
}

List* OnlyNever(List* needs) {
  List* never = NIL;
  ListCell* lc;
  foreach (lc, needs)
    if (static_cast<Need*>(lfirst(lc))->table_mask & kNever) never = lappend(never, lfirst(lc));
  return never;
}

grants::Coverage CoverStatement(Oid userid, List* needs, bool explain_only) {
  if (!explain_only) return grants::Cover(userid, needs);
  if (!default_explain) return grants::CoverExplain(userid, needs);
  grants::Coverage everything = {};
  everything.uncovered = OnlyNever(needs);
  everything.until = DT_NOEND;
  return everything;
}

bool Writes(const PlannedStmt* plan) {
  return plan->commandType != CMD_SELECT || plan->hasModifyingCTE;
}

// Hangs the state on the statement: it goes with the executor's memory, on every way out.
void Register(QueryDesc* desc, PlannedStmt* original, Oid userid, List* needs,
              const grants::Coverage& coverage) {
  MemoryContext caller = MemoryContextSwitchTo(desc->estate->es_query_cxt);
  Elevated* e = static_cast<Elevated*>(palloc0(sizeof(Elevated)));
  e->desc = desc;
  e->original = original;
  e->copy = desc->plannedstmt;
  e->userid = userid;
  ListCell* lc;
  foreach (lc, needs)
    e->needs = lappend(e->needs, grants::CopyNeed(*static_cast<Need*>(lfirst(lc))));
  e->writes = Writes(original);
  e->coverage = coverage;
  e->coverage.uncovered = NIL;
  MemoryContextCallback* callback =
      static_cast<MemoryContextCallback*>(palloc0(sizeof(MemoryContextCallback)));
  callback->func = Unlink;
  callback->arg = e;
  MemoryContextSwitchTo(caller);
  MemoryContextRegisterResetCallback(desc->estate->es_query_cxt, callback);
  e->next = running;
  running = e;
}

void StartElevated(QueryDesc* desc, int eflags, Oid userid, List* needs,
                   const grants::Coverage& coverage, const pg::Scratch& scratch,
                   StartFunction next) {
  PlannedStmt* original = desc->plannedstmt;
  // The copy lives as long as the QueryDesc.
  MemoryContextSwitchTo(GetMemoryChunkContext(desc));
  desc->plannedstmt = ElevatedCopy(original, needs, pg::GetInstalled()->elevated_role);
  MemoryContextSwitchTo(scratch.caller);
  next(desc, eflags);
  if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0) Register(desc, original, userid, needs, coverage);
}

// Lets PostgreSQL refuse the statement, and adds the HINT.
void StartRefused(QueryDesc* desc, int eflags, List* uncovered, const pg::Scratch& scratch,
                  StartFunction next) {
  MemoryContextSwitchTo(scratch.caller);
  Refuse(desc, eflags, uncovered, next);
  // Where PostgreSQL sees no reason to refuse, a COPY without EXPORT is still to be refused.
  if (CopyingTo() != CopyTarget::kNone)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied to COPY what a grant opens")));
  // Nor does it know of masks: the grant ended since they were looked at.
  ListCell* lc;
  foreach (lc, uncovered)
    if (static_cast<Need*>(lfirst(lc))->unmask_cols != nullptr)
      ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                      errmsg("the UNMASK grant that the statement uses has ended"),
                      errhint("Run the statement again: it is then planned with the mask.")));
}

}  // namespace

void StartGoverned(QueryDesc* desc, int eflags, Oid userid, StartFunction next) {
  bool explain_only = (eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0;
  pg::Scratch scratch = pg::EnterScratch();
  List* needs = NeedsOfPlan(desc->plannedstmt, userid);
  if (!explain_only) needs = mask::VerifyPlan(desc->plannedstmt, userid, needs);
  if (needs == NIL) {
    pg::LeaveScratch(scratch);
    next(desc, eflags);
    return;
  }
  if (CopyingTo() == CopyTarget::kClient) AddToEach(needs, kExport);
  if (CopyingTo() == CopyTarget::kServer) AddToEach(needs, kNever);
  grants::Coverage coverage = CoverStatement(userid, needs, explain_only);
  if (coverage.uncovered != NIL) {
    StartRefused(desc, eflags, coverage.uncovered, scratch, next);
  } else {
    if (!explain_only) RefuseHeld(desc);
    StartElevated(desc, eflags, userid, needs, coverage, scratch, next);
  }
  pg::LeaveScratch(scratch);
}

Elevated* FindElevated(const QueryDesc* desc) {
  for (Elevated* e = running; e != nullptr; e = e->next)
    if (e->desc == desc) return e;
  return nullptr;
}

void ForgetElevated(QueryDesc* desc, PlannedStmt* original, PlannedStmt* copy) {
  if (desc->plannedstmt != copy) return;
  desc->plannedstmt = original;
  FreeElevatedCopy(copy, original);
}

void RefuseHeld(const QueryDesc* desc) {
  if (ActivePortal == nullptr) return;
  bool declared = (ActivePortal->cursorOptions & CURSOR_OPT_HOLD) != 0;
  // COMMIT inside a procedure's cursor loop holds the cursor, too. A portal of this strategy has a
  // store only while and after it is being held.
  bool being_held =
      ActivePortal->strategy == PORTAL_ONE_SELECT && ActivePortal->holdStore != nullptr;
  if (!declared && !being_held) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  declared ? errmsg("a cursor WITH HOLD cannot use a grant")
                           : errmsg("a cursor that uses a grant cannot stay open across COMMIT"),
                  errdetail("Its rows would outlive the grant."),
                  errhint("Use the cursor within one transaction, WITHOUT HOLD.")));
}

}  // namespace jit::enforce
