#include "audit/events.h"

#include <initializer_list>

#include "audit/log.h"
#include "audit/ring_worker.h"
#include "audit/settings.h"
#include "audit/who.h"
#include "pg/subtransactions.h"
#include "tokens/session.h"

extern "C" {
#include "access/parallel.h"
#include "access/xlog.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
}

namespace jit::audit {

namespace {

// In TopTransactionContext, newest first.
struct Event {
  Event* next;
  SubTransactionId subid;
  TimestampTz at;
  const char* kind;
  int64 request_id;
  const char* detail;
};

Event* events = nullptr;

// The events of a transaction that is about to commit are in the log by then; this is kept for a
// record that takes them back, should the commit fail after all.
Place entered = {-1, 0};
bool has_entered = false;

// Taking access away must never fail for want of a record.
bool MayBeRefused(const char* kind) {
  for (const char* one : {"denied", "cancelled", "lapsed", "expired", "revoked", "token_revoked"})
    if (strcmp(kind, one) == 0) return false;
  return !IsNeverRefused();
}

void EnterEvents() {
  Event* in_order = nullptr;
  for (Event* e = events; e != nullptr;) {
    Event* next = e->next;
    e->next = in_order;
    in_order = e;
    e = next;
  }
  events = nullptr;
  Place last = {-1, 0};
  bool may_refuse = true;
  bool cuts = false;
  for (Event* e = in_order; e != nullptr; e = e->next)
    may_refuse = may_refuse && MayBeRefused(e->kind);
  for (Event* e = in_order; e != nullptr; e = e->next) {
    Record record;
    record.at = e->at;
    record.kind = e->kind;
    FillWho(&record);
    record.request_count = e->request_id != 0 ? 1 : 0;
    record.request_ids = &e->request_id;
    record.detail = tokens::WithAuditDetail(e->detail);
    cuts = cuts || strcmp(e->kind, "audit_detached") == 0;
    last = Enter(record, has_entered ? 0 : kEndSize, may_refuse);
    if (!has_entered && last.channel >= 0) {
      has_entered = true;
      entered = last;
    }
  }
  // A part that was cut off without a record is missing.
  if (cuts)
    RequireRecorded(last);
  else
    RequireDurable(last, may_refuse);
}

void TakeBack() {
  Record record;
  record.at = GetCurrentTimestamp();
  record.kind = kEventsUndone;
  FillWhoCached(&record);
  record.client_addr = record.application_name = nullptr;
  record.message = "the transaction of the events before was not committed";
  EnterPromised(record, entered);
}

void OnTransaction(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
      if (events != nullptr) EnterEvents();
      break;
    case XACT_EVENT_PRE_PREPARE:
      // Whether they happen is told by another transaction, perhaps of another server's life.
      if (events != nullptr)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot PREPARE a transaction that the audit log is to tell of"),
                        errhint("Commit what changes access in a transaction of its own.")));
      break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
      if (has_entered) ReleasePromise(entered, kEndSize);
      has_entered = false;
      events = nullptr;
      break;
    case XACT_EVENT_ABORT:
      if (has_entered) TakeBack();
      has_entered = false;
      events = nullptr;
      break;
    default:
      break;
  }
}

void OnSubtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void*) {
  pg::FollowSubtransaction(&events, event, subid, parent);
}

}  // namespace

void InitEvents() {
  RegisterXactCallback(OnTransaction, nullptr);
  RegisterSubXactCallback(OnSubtransaction, nullptr);
}

void NoteEvent(const char* kind, int64 request_id, const char* detail) {
  // A binary upgrade copies the catalogs as they are, and makes no tables.
  if (mode == kModeOff || IsBinaryUpgrade || IsParallelWorker() || IsWorker() ||
      RecoveryInProgress())
    return;
  MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
  Event* e = static_cast<Event*>(palloc0(sizeof(Event)));
  e->subid = GetCurrentSubTransactionId();
  e->at = GetCurrentTimestamp();
  e->kind = pstrdup(kind);
  e->request_id = request_id;
  e->detail = detail != nullptr ? pstrdup(detail) : nullptr;
  e->next = events;
  events = e;
  MemoryContextSwitchTo(caller);
}

}  // namespace jit::audit

JIT_SQL_FUNCTION(jit_audit_event)
// jit.audit_event(kind text, request_id bigint, detail jsonb)
Datum jit_audit_event(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0))
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("kind must not be NULL")));
  const char* detail = nullptr;
  if (!PG_ARGISNULL(2)) {
    Jsonb* json = PG_GETARG_JSONB_P(2);
    detail = JsonbToCString(nullptr, &json->root, VARSIZE(json));
  }
  jit::audit::NoteEvent(text_to_cstring(PG_GETARG_TEXT_PP(0)),
                        PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1), detail);
  PG_RETURN_VOID();
}
