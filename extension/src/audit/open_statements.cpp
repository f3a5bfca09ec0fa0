#include "audit/open_statements.h"

#include "audit/log.h"
#include "audit/settings.h"
#include "tokens/session.h"

extern "C" {
#include "access/xlog.h"
#include "storage/ipc.h"
}

namespace jit::audit {

namespace {

OpenStatement* statements = nullptr;
int64 running = 0;
bool exit_registered = false;

struct {
  int64 id;
  bool promised;
  Place place;
  NameData session_user;
} transaction;

// An administrator's command ends the session without an error that anybody could catch.
void OnExit(int, Datum) {
  while (statements != nullptr) Close(statements);
}

const char* OutcomeOf(const OpenStatement* open) {
  if (open->sqlstate[0] != '\0') return open->sqlstate;
  return !open->finished && proc_exit_inprogress ? "57P01" : nullptr;
}

}  // namespace

void Open(OpenStatement* open) {
  if (!exit_registered) {
    before_shmem_exit(OnExit, static_cast<Datum>(0));
    exit_registered = true;
  }
  open->next = statements;
  statements = open;
}

void Close(OpenStatement* open) {
  OpenStatement** link = &statements;
  while (*link != nullptr && *link != open) link = &(*link)->next;
  if (*link == nullptr) return;
  *link = open->next;
  Record record;
  record.at = GetCurrentTimestamp();
  record.kind = open->cancelled ? kCancelled : kEnded;
  record.session_user = NameStr(open->session_user);
  record.statement_id = open->id;
  record.transaction_id = open->transaction_id;
  record.request_count = open->request_count;
  record.request_ids = open->request_ids;
  record.detail = tokens::AuditDetail();
  record.rows = open->rows;
  record.duration_ms = open->duration_ms;
  record.sqlstate = OutcomeOf(open);
  record.message = open->message[0] != '\0' ? open->message
                   : open->finished         ? nullptr
                                            : "closed before its end";
  record.pid = MyProcPid;
  record.session_start = MyStartTimestamp;
  EnterPromised(record, open->place);
}

OpenStatement* FindOpen(const QueryDesc* desc) {
  for (OpenStatement* open = statements; open != nullptr; open = open->next)
    if (open->desc == desc) return open;
  return nullptr;
}

int64 RunningStatement() { return running; }

void EnterStatement(OpenStatement* open) {
  running = open->id;
  open->running_since = GetCurrentTimestamp();
}

bool LeaveStatement(OpenStatement* open, int64 outer) {
  running = outer;
  if (open->running_since == 0) return false;
  open->duration_ms += static_cast<double>(GetCurrentTimestamp() - open->running_since) / 1000.0;
  open->running_since = 0;
  return true;
}

int64 TransactionNumber(int64 id) {
  if (transaction.id == 0) transaction.id = id;
  return transaction.id;
}

bool TransactionPromised() { return transaction.promised; }

void PromiseTransaction(const Place& place, const NameData& session_user) {
  transaction.promised = true;
  transaction.place = place;
  transaction.session_user = session_user;
}

void EndTransaction(const char* kind) {
  if (transaction.promised) {
    Record record;
    record.at = GetCurrentTimestamp();
    record.kind = kind;
    record.detail = tokens::AuditDetail();
    record.session_user = NameStr(transaction.session_user);
    // Found by the number that its statements bear.
    record.statement_id = record.transaction_id = transaction.id;
    record.pid = MyProcPid;
    record.session_start = MyStartTimestamp;
    EnterPromised(record, transaction.place);
  }
  transaction = {};
}

}  // namespace jit::audit

JIT_SQL_FUNCTION(jit_audit_first_id)
// jit.audit_first_id(): statements of the audit log with smaller numbers ran before the server's
// last start; on a replica, whose numbers are the primary's, zero.
Datum jit_audit_first_id(PG_FUNCTION_ARGS) {
  PG_RETURN_INT64(RecoveryInProgress() ? 0 : jit::audit::FirstStatementId());
}
