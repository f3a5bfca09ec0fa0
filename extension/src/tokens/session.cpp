#include "tokens/session.h"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "storage/latch.h"
#include "utils/inval.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
}

namespace jit::tokens {

namespace {

// How long the transaction of the login may take: it keeps the token's row locked.
constexpr TimestampTz kLoginTime = 5 * USECS_PER_SEC;

constexpr TimeoutId kNoTimeout = MAX_TIMEOUTS;

enum class State {
  kNone,
  kLogin,  // the transaction of the login is not over
  kRuns,
  kBroken,  // it was rolled back: the session is nobody's
};

State state = State::kNone;
Token token;
char audit_detail[48];
TimeoutId timer = kNoTimeout;
TimestampTz deadline = DT_NOEND;
emit_log_hook_type previous_emit_log = nullptr;
// The owner is known to be who they were.
bool owner_known = false;

void Die() {
  ProcDiePending = true;
  InterruptPending = true;
  SetLatch(MyLatch);
}

// Signal handler.
void OnTimer() {
  if (GetCurrentTimestamp() >= deadline)
    Die();
  else
    enable_timeout_at(timer, deadline);
}

// An error puts out all timers; it is set again at the end of the transaction, and by what runs.
void SetTimer() {
  if (timer == kNoTimeout) timer = RegisterTimeout(USER_TIMEOUT, OnTimer);
  if (!get_timeout_active(timer) || get_timeout_finish_time(timer) != deadline)
    enable_timeout_at(timer, deadline);
}

void OnTransaction(XactEvent event, void*) {
  if (state == State::kNone) return;
  if (event == XACT_EVENT_COMMIT) {
    if (state == State::kLogin) {
      state = State::kRuns;
      deadline = token.expires_at;
    }
    SetTimer();
  } else if (event == XACT_EVENT_ABORT) {
    // The server has put back the user of before the transaction.
    if (state == State::kLogin) state = State::kBroken;
    if (state == State::kBroken)
      Die();
    else
      SetTimer();
  }
}

// After an error, all timers are out by now; in a transaction that has failed before, nothing else
// comes by here.
void OnEmitLog(ErrorData* error) {
  if (state == State::kRuns && error->elevel == ERROR && !IsParallelWorker()) SetTimer();
  if (previous_emit_log) previous_emit_log(error);
}

void OnRoleChange(Datum, int, uint32) { owner_known = false; }

bool OwnerMayLogIn() {
  HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(token.owner));
  if (!HeapTupleIsValid(tuple)) return false;
  Form_pg_authid role = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple));
  bool may = role->rolcanlogin && !role->rolsuper &&
             strcmp(NameStr(role->rolname), NameStr(token.owner_name)) == 0;
  ReleaseSysCache(tuple);
  return may;
}

void End(const char* why) {
  ereport(FATAL, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
                  errmsg("terminating connection because %s", why)));
}

}  // namespace

void InitSession() {
  RegisterXactCallback(OnTransaction, nullptr);
  previous_emit_log = emit_log_hook;
  emit_log_hook = OnEmitLog;
  CacheRegisterSyscacheCallback(AUTHOID, OnRoleChange, static_cast<Datum>(0));
}

const Token* Current() { return state != State::kNone ? &token : nullptr; }

bool HasScope(Scope scope) { return state == State::kNone || (token.scopes & scope) != 0; }

void RequireScope(Scope scope) {
  if (HasScope(scope)) return;
  const char* name = "?";
  for (const ScopeName& known : kScopeNames)
    if (known.scope == scope) name = known.name;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("token \"%s\" lacks the scope \"%s\"", token.name, name),
                  errhint("Log in with a password, or have a token that says so: SELECT * FROM "
                          "jit_token_create('<name>', ARRAY['%s']);",
                          name)));
}

void BeginSession(const Token& from) {
  token = from;
  snprintf(audit_detail, sizeof audit_detail, "{\"token\": " INT64_FORMAT "}", token.id);
  state = State::kLogin;
  owner_known = true;
  deadline = Min(token.expires_at, GetCurrentTimestamp() + kLoginTime);
  SetTimer();
}

void RequireLive() {
  if (state == State::kNone || IsParallelWorker()) return;
  if (state == State::kLogin) End("a statement came before the login with a token was complete");
  if (state == State::kBroken) End("the login with a token was rolled back");
  if (GetCurrentTimestamp() >= token.expires_at) End("its token has ended");
  SetTimer();
  if (!IsTransactionState() || IsAbortedTransactionBlockState()) return;
  AcceptInvalidationMessages();
  if (owner_known) return;
  // Set first: what changes meanwhile is looked at the next time.
  owner_known = true;
  if (!OwnerMayLogIn()) End("the owner of its token may no longer log in");
}

void RefuseRoleChange(const Node* utility) {
  if (state == State::kNone) return;
  switch (nodeTag(utility)) {
    case T_CreateRoleStmt:
    case T_AlterRoleStmt:
    case T_AlterRoleSetStmt:
    case T_DropRoleStmt:
    case T_GrantRoleStmt:
      break;
    case T_RenameStmt:
      if (reinterpret_cast<const RenameStmt*>(utility)->renameType == OBJECT_ROLE) break;
      return;
    default:
      return;
  }
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("a session that began with a token changes no roles"),
                  errdetail("Passwords, settings and memberships would outlive the token."),
                  errhint("Log in with a password to change them.")));
}

const char* AuditDetail() { return state != State::kNone ? audit_detail : nullptr; }

const char* WithAuditDetail(const char* detail) {
  if (state == State::kNone) return detail;
  // The server writes an empty object as {}, and any other with its first member behind the brace.
  if (detail == nullptr || detail[0] != '{' || detail[1] == '}') return audit_detail;
  return psprintf("{\"token\": " INT64_FORMAT ", %s", token.id, detail + 1);
}

}  // namespace jit::tokens

JIT_SQL_FUNCTION(jit_require_scope)
// jit.require_scope(scope text)
Datum jit_require_scope(PG_FUNCTION_ARGS) {
  using namespace jit::tokens;
  const char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
  for (const ScopeName& known : kScopeNames)
    if (strcmp(known.name, name) == 0) {
      RequireScope(known.scope);
      PG_RETURN_VOID();
    }
  elog(ERROR, "unknown scope \"%s\"", name);
  PG_RETURN_VOID();
}
