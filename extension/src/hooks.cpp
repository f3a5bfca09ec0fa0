#include "hooks.h"

#include "audit/administration.h"
#include "audit/events.h"
#include "audit/fastpath.h"
#include "audit/ring.h"
#include "audit/settings.h"
#include "audit/statements.h"
#include "audit/who.h"
#include "enforce/commit.h"
#include "enforce/copy.h"
#include "enforce/elevation.h"
#include "enforce/expiry.h"
#include "enforce/inlining.h"
#include "enforce/planning.h"
#include "enforce/stored_rows.h"
#include "enforce/utility.h"
#include "grants/cache.h"
#include "grants/changes.h"
#include "grants/shared.h"
#include "mask/catalog.h"
#include "mask/errors.h"
#include "mask/label.h"
#include "mask/label_changes.h"
#include "mask/raw_columns.h"
#include "mask/side_doors.h"
#include "mask/statistics.h"
#include "mask/substitute.h"
#include "mask/verify.h"
#include "pg/compat.h"
#include "pg/depth.h"
#include "pg/installed.h"
#include "pg/own_functions.h"
#include "pg/parallel.h"
#include "tokens/become.h"
#include "tokens/changes.h"
#include "tokens/first_statement.h"
#include "tokens/session.h"
#include "tokens/shared.h"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "parser/analyze.h"
#include "storage/ipc.h"
#include "tcop/utility.h"
}

namespace jit {

namespace {

shmem_request_hook_type previous_shmem_request = nullptr;
shmem_startup_hook_type previous_shmem_startup = nullptr;
post_parse_analyze_hook_type previous_parse_analyze = nullptr;
planner_hook_type previous_planner = nullptr;
ExecutorStart_hook_type previous_start = nullptr;
ExecutorRun_hook_type previous_run = nullptr;
ExecutorFinish_hook_type previous_finish = nullptr;
ExecutorEnd_hook_type previous_end = nullptr;
ProcessUtility_hook_type previous_utility = nullptr;

// Whether grants have anything to do for the current user. Parallel workers run on the leader's
// elevated list; no grant covers what their functions run.
bool Concerns(Oid userid) {
  return !IsParallelWorker() && pg::IsGoverned(userid) && pg::RunsAsChosenUser();
}

void ShmemRequest() {
  if (previous_shmem_request) previous_shmem_request();
  grants::RequestSharedMemory();
  tokens::RequestSharedMemory();
  audit::RequestRingMemory();
}

void ShmemStartup() {
  if (previous_shmem_startup) previous_shmem_startup();
  grants::InitSharedMemory();
  tokens::InitSharedMemory();
  audit::InitRing();
}

PlannedStmt* NextPlanner(Query* query, const char* source, int cursor_options,
                         ParamListInfo params) {
  return (previous_planner ? previous_planner : standard_planner)(query, source, cursor_options,
                                                                  params);
}

// What is left of a query when masks stand for masked columns.
PlannedStmt* PlanSubstituted(Query* query, const char* source, int cursor_options,
                             ParamListInfo params) {
  Oid userid = GetUserId();
  if (!Concerns(userid)) return NextPlanner(query, source, cursor_options, params);
  return enforce::PlanGoverned(query, source, cursor_options, params, userid, NextPlanner);
}

PlannedStmt* PlanEnforced(Query* query, const char* source, int cursor_options,
                          ParamListInfo params) {
  return mask::PlanMasked(query, source, cursor_options, params, PlanSubstituted);
}

PlannedStmt* Planner(Query* query, const char* source, int cursor_options, ParamListInfo params) {
  return audit::PlanAudited(query, source, cursor_options, params, PlanEnforced);
}

void ParseAnalyze(ParseState* state, Query* query, JumbleState* jumble) {
  tokens::NoteAnalysed();
  tokens::RequireLive();
  audit::IdentifyQuery(query, state->p_sourcetext);
  if (previous_parse_analyze) previous_parse_analyze(state, query, jumble);
}

void NextStart(QueryDesc* desc, int eflags) {
  (previous_start ? previous_start : standard_ExecutorStart)(desc, eflags);
}

void StartEnforced(QueryDesc* desc, int eflags) {
  Oid userid = GetUserId();
  if (!Concerns(userid)) {
    if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0) mask::VerifyPlan(desc->plannedstmt, userid, NIL);
    NextStart(desc, eflags);
    return;
  }
  enforce::NotePortal();
  enforce::StartGoverned(desc, eflags, userid, NextStart);
}

void ExecutorStartHook(QueryDesc* desc, int eflags) {
  tokens::RequireLive();
  if (pg::IsLeadersPlan(desc))
    NextStart(desc, eflags);
  else
    audit::StartAudited(desc, eflags, StartEnforced);
}

bool HasFacts(const QueryDesc* desc) {
  return enforce::FindElevated(desc) != nullptr ||
         (audit::unmasked && mask::AnyMasks() && !superuser_arg(GetUserId()));
}

// What the audit log is to know of a statement that has started.
audit::Facts FactsOf(const QueryDesc* desc) {
  audit::Facts facts = {};
  if (const enforce::Elevated* elevated = enforce::FindElevated(desc)) {
    facts.request_count = Min(elevated->coverage.count, audit::kMostRequests);
    for (int i = 0; i < facts.request_count; i++)
      facts.request_ids[i] = elevated->coverage.used[i].request_id;
  }
  facts.raw_columns = mask::RawColumnsOf(desc->plannedstmt);
  return facts;
}

bool BlanksValues(Oid userid) { return pg::IsGoverned(userid) && grants::HoldsBlanking(userid); }

struct RunArguments {
  QueryDesc* desc;
  ScanDirection direction;
  uint64 count;
  bool execute_once;
};

void NextRun(void* arg) {
  RunArguments* a = static_cast<RunArguments*>(arg);
  (previous_run ? previous_run : standard_ExecutorRun)(a->desc, a->direction, a->count,
                                                       a->execute_once);
}

void RunMaybeWatched(void* arg) {
  QueryDesc* desc = static_cast<RunArguments*>(arg)->desc;
  if (enforce::Elevated* elevated = enforce::FindElevated(desc)) {
    enforce::RunWatched(elevated, NextRun, arg);
  } else {
    enforce::RequireRowsCovered(desc);
    NextRun(arg);
  }
}

void RunGuarded(void* arg) {
  mask::RunGuarded(static_cast<RunArguments*>(arg)->desc, RunMaybeWatched, arg);
}

void RunAudited(void* arg) {
  audit::RunAudited(static_cast<RunArguments*>(arg)->desc, RunGuarded, arg);
}

void ExecutorRunHook(QueryDesc* desc, ScanDirection direction, uint64 count, bool execute_once) {
  tokens::RequireLive();
  RunArguments a = {desc, direction, count, execute_once};
  pg::RunDeeper(RunAudited, &a);
}

void NextFinish(void* arg) {
  (previous_finish ? previous_finish : standard_ExecutorFinish)(static_cast<QueryDesc*>(arg));
}

void FinishMaybeWatched(void* arg) {
  if (enforce::Elevated* elevated = enforce::FindElevated(static_cast<QueryDesc*>(arg)))
    enforce::RunWatched(elevated, NextFinish, arg);
  else
    NextFinish(arg);
}

void FinishGuarded(void* arg) {
  mask::RunGuarded(static_cast<QueryDesc*>(arg), FinishMaybeWatched, arg);
}

// AFTER triggers run here.
void ExecutorFinishHook(QueryDesc* desc) { audit::FinishAudited(desc, FinishGuarded, desc); }

void NextEnd(QueryDesc* desc) { (previous_end ? previous_end : standard_ExecutorEnd)(desc); }

void ExecutorEndHook(QueryDesc* desc) {
  audit::NoteFinished(desc);
  enforce::Elevated* elevated = enforce::FindElevated(desc);
  PlannedStmt* original = elevated ? elevated->original : nullptr;
  PlannedStmt* copy = elevated ? elevated->copy : nullptr;
  NextEnd(desc);  // frees `elevated`
  if (copy) enforce::ForgetElevated(desc, original, copy);
}

void NextUtility(PlannedStmt* statement, const char* source, bool read_only_tree,
                 ProcessUtilityContext context, ParamListInfo params, QueryEnvironment* environment,
                 DestReceiver* dest, QueryCompletion* completion) {
  (previous_utility ? previous_utility : standard_ProcessUtility)(
      statement, source, read_only_tree, context, params, environment, dest, completion);
}

// With the rights of the current user, as far as the hooks concern it.
void UtilityOfUser(void* arg) {
  enforce::UtilityArguments a = *static_cast<enforce::UtilityArguments*>(arg);
  const Node* node = a.statement->utilityStmt;
  tokens::RefuseRoleChange(node);
  // Before it is decided whether the plan is still good.
  if (IsA(node, ExecuteStmt)) mask::CatchUp();
  bool may_concern = enforce::IsHandledUtility(node) || enforce::RunsStatements(node);
  if (may_concern && Concerns(GetUserId())) {
    enforce::NotePortal();
    enforce::ProcessGoverned(a);
    return;
  }
  if (enforce::IsCopyTo(node))
    a.statement = enforce::AsQueryCopy(a.statement, a.read_only_tree, false);
  NextUtility(a.statement, a.source, a.read_only_tree, a.context, a.params, a.environment, a.dest,
              a.completion);
}

void UtilityGuarded(void* arg) { mask::RunUtilityGuarded(UtilityOfUser, arg); }

void Utility(PlannedStmt* statement, const char* source, bool read_only_tree,
             ProcessUtilityContext context, ParamListInfo params, QueryEnvironment* environment,
             DestReceiver* dest, QueryCompletion* completion) {
  tokens::RequireLive();
  if (enforce::ChangesMembership(statement->utilityStmt)) grants::NoteMembershipChange();
  enforce::UtilityArguments a = {statement,   source, read_only_tree, context,    params,
                                 environment, dest,   completion,     NextUtility};
  // ROLLBACK must work in a failed transaction, where no catalog can be read.
  if (IsAbortedTransactionBlockState() || IsA(statement->utilityStmt, TransactionStmt)) {
    NextUtility(statement, source, read_only_tree, context, params, environment, dest, completion);
  } else {
    audit::ReleaseDatabaseFor(statement->utilityStmt);
    audit::RunUtilityAudited(statement, source, params, completion, UtilityGuarded, &a);
    audit::NoteMembership(statement->utilityStmt);
  }
  mask::AfterUtility();
}

}  // namespace

void InstallHooks() {
  previous_shmem_request = shmem_request_hook;
  shmem_request_hook = ShmemRequest;
  previous_shmem_startup = shmem_startup_hook;
  shmem_startup_hook = ShmemStartup;
  previous_parse_analyze = post_parse_analyze_hook;
  post_parse_analyze_hook = ParseAnalyze;
  previous_planner = planner_hook;
  planner_hook = Planner;
  previous_start = ExecutorStart_hook;
  ExecutorStart_hook = ExecutorStartHook;
  previous_run = ExecutorRun_hook;
  ExecutorRun_hook = ExecutorRunHook;
  previous_finish = ExecutorFinish_hook;
  ExecutorFinish_hook = ExecutorFinishHook;
  previous_end = ExecutorEnd_hook;
  ExecutorEnd_hook = ExecutorEndHook;
  previous_utility = ProcessUtility_hook;
  ProcessUtility_hook = Utility;
  pg::InitInstalled();
  pg::InitOwnFunctions();
  tokens::InitSession();
  tokens::InitFirstStatement();
  tokens::InitBecome();
  tokens::InitChanges();
  grants::InitCache();
  grants::InitChanges();
  enforce::InitCommit();
  enforce::InitExpiry();
  enforce::InitInlining();
  enforce::InitPlanning();
  mask::InitCatalog();
  mask::InitLabels();
  mask::InitStatistics();
  mask::InitErrors();
  mask::InitSideDoors();
  mask::InitVerifier();
  mask::SetLabelListener(audit::NoteLabel);
  audit::InitWho();
  audit::InitEvents();
  audit::InitFastpath();
  audit::InitStatements({HasFacts, FactsOf, BlanksValues, enforce::WasEndedByGrant});
}

}  // namespace jit
