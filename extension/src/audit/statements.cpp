#include "audit/statements.h"

#include "audit/housekeeping.h"
#include "audit/log.h"
#include "audit/open_statements.h"
#include "audit/relations.h"
#include "audit/ring_worker.h"
#include "audit/settings.h"
#include "audit/text.h"
#include "audit/who.h"
#include "pg/own_code.h"
#include "pg/scratch.h"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "executor/executor.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/queryjumble.h"
}

namespace jit::audit {

namespace {

Sources sources;
emit_log_hook_type previous_emit_log = nullptr;

constexpr const char* kWithheld = "(withheld: the statement's text is not all there either)";

// Whether the statements of this session are stripped of values; as far as it is known where no
// catalog can be asked, or somebody else's rights count for a while.
bool blanks_values = false;

bool BlanksValues() {
  Oid userid = GetSessionUserId();
  if (IsTransactionState() && userid == GetUserId()) blanks_values = sources.blanks_values(userid);
  return blanks_values;
}

// The error that goes through the hooks now is in the log already.
bool error_recorded = false;

// Within the query of a foreign key's check, which is nobody's statement. What triggers and other
// functions run within it is somebody's.
bool in_key_check = false;

bool IsKeyCheck() { return InNoForceRLSOperation() && !in_key_check; }

template <typename Fn>
void WithinKeyCheck(Fn body) {
  PG_TRY();
  {
    in_key_check = true;
    body();
  }
  PG_FINALLY();
  { in_key_check = false; }
  PG_END_TRY();
}

const char* CommandOf(const PlannedStmt* plan) {
  return GetCommandTagName(
      CreateCommandTag(reinterpret_cast<Node*>(const_cast<PlannedStmt*>(plan))));
}

void FillText(Record* record, const StatementText& text) {
  record->statement = text.text;
  record->statement_length = text.length;
  record->statement_sha256 = text.sha256;
}

// It may hold a whole value.
const char* MessageOf(const ErrorData* error) {
  return error->message != nullptr ? Cut(error->message, 1000) : nullptr;
}

// A record of a statement that never began. Called with the error flushed, so that it may wait.
void EnterRefusal(const ErrorData* error, const char* command, const StatementText& text,
                  List* relations) {
  Record record;
  record.at = GetCurrentTimestamp();
  record.kind = kRefused;
  FillWho(&record);
  record.statement_id = NextStatementId();
  record.parent_id = RunningStatement();
  record.transaction_id = TransactionNumber(record.statement_id);
  record.command = command;
  FillText(&record, text);
  record.relations = relations;
  record.sqlstate = unpack_sql_state(error->sqlerrcode);
  record.message = text.blanked ? kWithheld : MessageOf(error);
  Enter(record, 0, false);
}

struct Refusal {
  const char* command;
  const char* source;
  int location;
  int length;
  const PlannedStmt* plan;  // null while there is none
};

// In PG_CATCH: records that the statement is refused, and throws the error on.
[[noreturn]] void RethrowRefused(const Refusal& refusal, MemoryContext context) {
  MemoryContextSwitchTo(context);
  ErrorData* error = CopyErrorData();
  FlushErrorState();
  bool recordable = !error_recorded && IsTransactionState();
  if (recordable) {
    error_recorded = true;
    EnterRefusal(error, refusal.command,
                 TextOf(refusal.source, refusal.location, refusal.length, BlanksValues()),
                 refusal.plan != nullptr ? RelationsOf(refusal.plan) : NIL);
  }
  ReThrowError(error);
  pg_unreachable();
}

// In PG_CATCH: keeps what the error says for the record of the statement's end.
void NoteError(OpenStatement* open, MemoryContext context) {
  MemoryContext caller = MemoryContextSwitchTo(context);
  ErrorData* error = CopyErrorData();
  strlcpy(open->sqlstate, unpack_sql_state(error->sqlerrcode), sizeof open->sqlstate);
  if (open->blanked)
    strlcpy(open->message, kWithheld, sizeof open->message);
  else if (error->message != nullptr)
    strlcpy(open->message, Cut(error->message, sizeof open->message - 1), sizeof open->message);
  open->cancelled = error->sqlerrcode == ERRCODE_QUERY_CANCELED && sources.ended_by_grant();
  error_recorded = true;
  FreeErrorData(error);
  MemoryContextSwitchTo(caller);
}

struct Begin {
  const char* command;
  StatementText text;
  List* parameters;
  List* relations;
  int64 query_id;
  bool writes;
};

// Enters the record of a begin, and fills in what its end will need.
void EnterBegin(OpenStatement* open, const Begin& begin, const Facts& facts) {
  Record record;
  record.at = GetCurrentTimestamp();
  record.kind = kBegun;
  FillWho(&record);
  record.statement_id = open->id = NextStatementId();
  record.parent_id = RunningStatement();
  record.transaction_id = open->transaction_id = TransactionNumber(open->id);
  record.request_count = open->request_count = facts.request_count;
  record.request_ids = facts.request_ids;
  memcpy(open->request_ids, facts.request_ids, sizeof(int64) * facts.request_count);
  record.command = begin.command;
  FillText(&record, begin.text);
  open->blanked = begin.text.blanked;
  record.parameters = begin.parameters;
  record.query_id = begin.query_id;
  record.relations = begin.relations;
  record.raw_columns = facts.raw_columns;
  if (record.session_user != nullptr)
    strlcpy(NameStr(open->session_user), record.session_user, NAMEDATALEN);
  bool first_write = begin.writes && !TransactionPromised();
  open->place = Enter(record, first_write ? 2 * kEndSize : kEndSize, open->binding);
  if (first_write) PromiseTransaction(open->place, open->session_user);
  Open(open);
}

bool WritesByPlan(const PlannedStmt* plan) {
  return plan->commandType != CMD_SELECT || plan->hasModifyingCTE;
}

void BeginQuery(QueryDesc* desc, const Facts& facts, List* relations, bool binding) {
  const PlannedStmt* plan = desc->plannedstmt;
  bool blank = BlanksValues();
  Begin begin = {CommandOf(plan),
                 TextOf(desc->sourceText, plan->stmt_location, plan->stmt_len, blank),
                 ParametersOf(desc->params, blank),
                 relations,
                 static_cast<int64>(plan->queryId),
                 WritesByPlan(plan)};
  MemoryContext query_context = desc->estate->es_query_cxt;
  OpenStatement* open =
      static_cast<OpenStatement*>(MemoryContextAllocZero(query_context, sizeof(OpenStatement)));
  MemoryContextCallback* callback = static_cast<MemoryContextCallback*>(
      MemoryContextAllocZero(query_context, sizeof(MemoryContextCallback)));
  open->desc = desc;
  open->binding = binding;
  EnterBegin(open, begin, facts);
  // The end of the statement's memory is its end, on every way out.
  callback->func = [](void* arg) { Close(static_cast<OpenStatement*>(arg)); };
  callback->arg = open;
  MemoryContextRegisterResetCallback(query_context, callback);
}

void BeginUtility(OpenStatement* open, const PlannedStmt* statement, const char* source,
                  ParamListInfo params) {
  pg::Scratch scratch = pg::EnterScratch();
  const Node* node = statement->utilityStmt;
  Facts none = {};
  bool blank = BlanksValues();
  Begin begin = {CommandOf(statement),
                 TextOf(source, statement->stmt_location, statement->stmt_len, blank),
                 ParametersOf(params, blank),
                 RelationsOfUtility(node),
                 static_cast<int64>(statement->queryId),
                 GetCommandLogLevel(const_cast<Node*>(node)) != LOGSTMT_ALL};
  EnterBegin(open, begin, none);
  pg::LeaveScratch(scratch);
}

// Records the begin of a statement that has started, if it is to be audited.
void RecordStarted(QueryDesc* desc, bool session) {
  Facts facts = sources.facts(desc);
  bool sees_raw = facts.raw_columns != NIL && unmasked;
  if (!session && facts.request_count == 0 && !sees_raw) return;
  List* relations = RelationsOf(desc->plannedstmt);
  if (facts.request_count == 0 && facts.raw_columns == NIL && IsHousekeeping(desc, relations))
    return;
  // Who sees masked columns by a standing right, an application say, is not to stand still because
  // the log does.
  bool binding = (session || facts.request_count > 0) && !IsNeverRefused();
  BeginQuery(desc, facts, relations, binding);
}

void StartChecked(QueryDesc* desc, int eflags, bool session,
                  void (*next)(QueryDesc* desc, int eflags)) {
  if (!session) {
    next(desc, eflags);
    return;
  }
  MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  { next(desc, eflags); }
  PG_CATCH();
  {
    const PlannedStmt* plan = desc->plannedstmt;
    RethrowRefused({CommandOf(plan), desc->sourceText, plan->stmt_location, plan->stmt_len, plan},
                   context);
  }
  PG_END_TRY();
}

// Errors that no hook has seen: of parsing, of a failed transaction's statements, of COMMIT.
void OnEmitLog(ErrorData* error) {
  if (error->elevel == ERROR && IsClient() && WasSessionAudited()) {
    if (!error_recorded && debug_query_string != nullptr && OidIsValid(MyDatabaseId) &&
        !RecoveryInProgress()) {
      Record record;
      record.at = GetCurrentTimestamp();
      record.kind = kRefused;
      FillWhoCached(&record);
      record.statement_id = NextStatementId();
      StatementText text = TextOf(debug_query_string, -1, 0, blanks_values);
      FillText(&record, text);
      record.sqlstate = unpack_sql_state(error->sqlerrcode);
      record.message = text.blanked ? kWithheld : MessageOf(error);
      EnterNow(record);
    }
    error_recorded = false;
  }
  if (previous_emit_log) previous_emit_log(error);
}

void OnTransaction(XactEvent event, void*) {
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
    return;
  EndTransaction(event == XACT_EVENT_COMMIT    ? kCommitted
                 : event == XACT_EVENT_PREPARE ? kPrepared
                                               : kRolledBack);
}

// Runs a part of the statement's execution; `counts`: it yields or changes rows.
void RunCounted(OpenStatement* open, QueryDesc* desc, bool counts, void (*body)(void* arg),
                void* arg) {
  MemoryContext context = CurrentMemoryContext;
  int64 outer = RunningStatement();
  PG_TRY();
  {
    if (!open->durable && open->binding) RequireDurable(open->place, true);
    open->durable = true;
    EnterStatement(open);
    body(arg);
  }
  PG_CATCH();
  {
    counts &= LeaveStatement(open, outer);
    if (counts) open->rows += static_cast<int64>(desc->estate->es_processed);
    NoteError(open, context);
    PG_RE_THROW();
  }
  PG_END_TRY();
  LeaveStatement(open, outer);
  if (counts) open->rows += static_cast<int64>(desc->estate->es_processed);
  if (outer == 0) error_recorded = false;
}

}  // namespace

void InitStatements(const Sources& from) {
  sources = from;
  previous_emit_log = emit_log_hook;
  emit_log_hook = OnEmitLog;
  RegisterXactCallback(OnTransaction, nullptr);
}

void StartAudited(QueryDesc* desc, int eflags, void (*next)(QueryDesc* desc, int eflags)) {
  if (mode == kModeOff || !IsClient() || pg::InOwnCode()) {
    next(desc, eflags);
    return;
  }
  if (IsKeyCheck()) {
    WithinKeyCheck([&] { next(desc, eflags); });
    return;
  }
  // Whatever error there was before is trapped, or nothing would start.
  error_recorded = false;
  bool session = IsSessionAudited();
  StartChecked(desc, eflags, session, next);
  if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0 || (!session && !sources.has_facts(desc))) return;
  // In a loop of PL/pgSQL the caller's memory lives as long as the loop.
  pg::Scratch scratch = pg::EnterScratch();
  RecordStarted(desc, session);
  pg::LeaveScratch(scratch);
}

void RunAudited(QueryDesc* desc, void (*body)(void* arg), void* arg) {
  OpenStatement* open = FindOpen(desc);
  if (open != nullptr)
    RunCounted(open, desc, true, body, arg);
  else if (IsKeyCheck())
    WithinKeyCheck([&] { body(arg); });
  else
    body(arg);
}

void FinishAudited(QueryDesc* desc, void (*body)(void* arg), void* arg) {
  OpenStatement* open = FindOpen(desc);
  if (open != nullptr)
    RunCounted(open, desc, false, body, arg);
  else
    body(arg);
}

void NoteFinished(const QueryDesc* desc) {
  OpenStatement* open = FindOpen(desc);
  if (open != nullptr) open->finished = true;
}

PlannedStmt* PlanAudited(Query* query, const char* source, int cursor_options, ParamListInfo params,
                         PlanFunction next) {
  if (mode == kModeOff || !IsClient() || pg::InOwnCode() || !IsSessionAudited())
    return next(query, source, cursor_options, params);
  PlannedStmt* plan = nullptr;
  if (IsKeyCheck()) {
    WithinKeyCheck([&] { plan = next(query, source, cursor_options, params); });
    return plan;
  }
  error_recorded = false;
  MemoryContext context = CurrentMemoryContext;
  // Planning changes the query.
  Refusal refusal = {GetCommandTagName(CreateCommandTag(reinterpret_cast<Node*>(query))), source,
                     query->stmt_location, query->stmt_len, nullptr};
  PG_TRY();
  { plan = next(query, source, cursor_options, params); }
  PG_CATCH();
  { RethrowRefused(refusal, context); }
  PG_END_TRY();
  return plan;
}

void RunUtilityAudited(const PlannedStmt* statement, const char* source, ParamListInfo params,
                       const QueryCompletion* completion, void (*body)(void* arg), void* arg) {
  if (mode == kModeOff || !IsClient() || pg::InOwnCode() || !IsSessionAudited()) {
    body(arg);
    return;
  }
  error_recorded = false;
  OpenStatement open = {};
  open.binding = !IsNeverRefused();
  BeginUtility(&open, statement, source, params);
  MemoryContext context = CurrentMemoryContext;
  int64 outer = RunningStatement();
  PG_TRY();
  {
    if (open.binding) RequireDurable(open.place, true);
    EnterStatement(&open);
    body(arg);
  }
  PG_CATCH();
  {
    LeaveStatement(&open, outer);
    NoteError(&open, context);
    Close(&open);
    PG_RE_THROW();
  }
  PG_END_TRY();
  LeaveStatement(&open, outer);
  open.finished = true;
  if (completion != nullptr && completion->commandTag != CMDTAG_UNKNOWN)
    open.rows = static_cast<int64>(completion->nprocessed);
  Close(&open);
  if (outer == 0) error_recorded = false;
}

bool IsClient() {
  return MyBackendType == B_BACKEND || MyBackendType == B_WAL_SENDER ||
         (MyBackendType == B_BG_WORKER && !IsWorker());
}

void EnterCall(OpenStatement* call, const char* function) {
  Facts none = {};
  const char* text = psprintf("function call by protocol: %s", function);
  Begin begin = {"FUNCTION CALL",
                 {text, static_cast<int64>(strlen(text)), nullptr, false},
                 NIL,
                 NIL,
                 0,
                 false};
  *call = {};
  call->binding = !IsNeverRefused();
  EnterBegin(call, begin, none);
  if (call->binding) RequireDurable(call->place, true);
}

void IdentifyQuery(Query* query, const char* source) {
  if (query->queryId != UINT64CONST(0) || source == nullptr || mode == kModeOff || !IsClient() ||
      !IsTransactionState() || !IsSessionAudited())
    return;
  // Assertion-enabled servers want it to be switched on, which would cost everybody.
  int chosen = compute_query_id;
  PG_TRY();
  {
    compute_query_id = COMPUTE_QUERY_ID_ON;
    JumbleQuery(query, source);
  }
  PG_FINALLY();
  { compute_query_id = chosen; }
  PG_END_TRY();
}

}  // namespace jit::audit
