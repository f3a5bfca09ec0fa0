#include "enforce/expiry.h"

#include "enforce/commit.h"
#include "enforce/needs.h"
#include "enforce/refusal.h"
#include "enforce/stored_rows.h"
#include "grants/cache.h"
#include "grants/shared.h"
#include "pg/installed.h"
#include "pg/scratch.h"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "port/atomics.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
}

namespace jit::enforce {

namespace {

constexpr TimeoutId kNoTimeout = MAX_TIMEOUTS;
TimeoutId timer = kNoTimeout;
bool ended_by_grant = false;
constexpr TimestampTz kRetry = 10 * (USECS_PER_SEC / 1000);

void Interrupt() {
  QueryCancelPending = true;
  InterruptPending = true;
  SetLatch(MyLatch);
}

// Signal handler. A statement may have been prolonged since the timer was set.
void OnTimer() {
  TimestampTz now = GetCurrentTimestamp();
  TimestampTz look_again = CloseEndedPortals(now);
  TimestampTz end = grants::EarliestEnd();
  // The server itself holds interrupts once in signal handlers. Who else does may be committing,
  // and waiting for a standby: a cancel would end that wait, not the transaction.
  if (end <= now && InterruptHoldoffCount > 1) end = now + kRetry;
  if (end <= now)
    Interrupt();
  else
    look_again = Min(look_again, end);
  if (look_again != DT_NOEND) enable_timeout_at(timer, look_again);
}

void SetTimer(TimestampTz at) {
  if (at == DT_NOEND) return;
  // Lazily: a backend's start wipes what was registered before.
  if (timer == kNoTimeout) timer = RegisterTimeout(USER_TIMEOUT, OnTimer);
  if (get_timeout_active(timer) && get_timeout_finish_time(timer) <= at) return;
  enable_timeout_at(timer, at);
}

// Code that traps query_canceled must not let the statements around it run on: their next
// interrupt check fails again. An error also has put out the timer that portals wait for.
void OnSubtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
  if (event != SUBXACT_EVENT_ABORT_SUB) return;
  TimestampTz end = grants::EarliestEnd();
  if (end != DT_NOEND && end <= GetCurrentTimestamp()) Interrupt();
  SetTimer(Min(end, CloseEndedPortals(GetCurrentTimestamp())));
}

void OnTransaction(XactEvent event, void*) {
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT) return;
  ended_by_grant = false;
  TimestampTz end = grants::EarliestEnd();
  if (end == DT_NOEND) return;
  // What came too late to stop this transaction is not to hit the next.
  if (event == XACT_EVENT_COMMIT && end <= GetCurrentTimestamp()) QueryCancelPending = false;
  grants::ForgetRunning();
}

char* EndOf(int64 request_id, TimestampTz expires_at, TimestampTz now) {
  if (expires_at == DT_NOBEGIN || expires_at > now)
    return psprintf("the access of request " INT64_FORMAT " was revoked", request_id);
  return psprintf("the access of request " INT64_FORMAT " ended at %s", request_id,
                  timestamptz_to_str(expires_at));
}

// Of several requests, the one that ends first.
const grants::RunningEntry* FirstOf(const grants::Coverage& coverage) {
  const grants::RunningEntry* first = &coverage.used[0];
  for (int i = 1; i < Min(coverage.count, grants::kRunningEntries); i++)
    if (coverage.used[i].expires_at < first->expires_at) first = &coverage.used[i];
  return first;
}

[[noreturn]] void RefuseEnded(const Elevated* e, List* lacking) {
  TimestampTz now = GetCurrentTimestamp();
  const grants::RunningEntry* first = FirstOf(e->coverage);
  char* hint = RequestHint(lacking);
  ended_by_grant = true;
  // The code that PL/pgSQL's WHEN OTHERS does not trap.
  ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                  errmsg("canceling statement because %s",
                         EndOf(first->request_id, first->expires_at, now)),
                  hint ? errhint("%s", hint) : 0));
  pg_unreachable();
}

// Whether the statement's cover was found in what the grants are now: another statement may have
// read them anew.
bool IsCurrent(const Elevated* e) {
  return grants::IsCurrent(e->userid) && e->coverage.reading == grants::Reading();
}

void RequireCovered(Elevated* e) {
  AcceptInvalidationMessages();
  bool current = IsCurrent(e) && !RecoveryInProgress() && GetCurrentTimestamp() < e->coverage.until;
  // Membership is asked each time: whoever has lost it has no grants. An open cursor takes no lock
  // that would bring the news.
  if (!pg::IsGoverned(e->userid) || pg::IsDelegate(e->userid)) RefuseEnded(e, e->needs);
  if (current) return;
  pg::Scratch scratch = pg::EnterScratch();
  grants::Coverage coverage = grants::Cover(e->userid, e->needs);
  if (coverage.uncovered != NIL) RefuseEnded(e, coverage.uncovered);
  pg::LeaveScratch(scratch);
  e->coverage = coverage;
}

// In PG_CATCH: throws the current error on; a cancellation that the end of a grant caused says so.
[[noreturn]] void RethrowEnded(const Elevated* e, int mark, MemoryContext context) {
  grants::RunningEntry entry;
  TimestampTz now = GetCurrentTimestamp();
  bool ended = geterrcode() == ERRCODE_QUERY_CANCELED && grants::FirstToEnd(mark, &entry) &&
               entry.expires_at <= now;
  grants::LeaveRunning(mark);
  // What an inner statement has said already passes through here as well.
  if (!ended) PG_RE_THROW();
  MemoryContextSwitchTo(context);
  ErrorData* error = CopyErrorData();
  FlushErrorState();
  ended_by_grant = true;
  int64 request_id = entry.extension_id != 0 ? entry.extension_id : entry.request_id;
  error->message =
      psprintf("canceling statement because %s", EndOf(request_id, entry.expires_at, now));
  error->hint = RequestHint(e->needs);
  ReThrowError(error);
  pg_unreachable();
}

int Enter(Elevated* e) {
  return grants::EnterRunning(e->userid, e->coverage.used, e->coverage.count);
}

}  // namespace

void InitExpiry() {
  RegisterXactCallback(OnTransaction, nullptr);
  RegisterSubXactCallback(OnSubtransaction, nullptr);
}

// One absolute timer per backend, set to the earliest end and left to fire: one that fires when
// nothing runs does nothing.
void WatchRunning() { SetTimer(grants::EarliestEnd()); }

bool WasEndedByGrant() { return ended_by_grant; }

void RequireRowsCovered(const QueryDesc* desc) {
  List* uncovered = UncoveredRowsOf(desc);
  if (uncovered == NIL) return;
  char* hint = RequestHint(uncovered);
  ended_by_grant = true;
  ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                  errmsg("canceling statement because access that its rows were read by has ended"),
                  hint ? errhint("%s", hint) : 0));
}

void RunWatched(Elevated* e, void (*body)(void* arg), void* arg) {
  MemoryContext context = CurrentMemoryContext;
  RefuseHeld(e->desc);
  RequireCovered(e);
  RequireRowsCovered(e->desc);
  if (e->writes) NoteWrite(e->userid, e->needs, FirstOf(e->coverage)->request_id);
  ended_by_grant = false;
  int mark = Enter(e);
  PG_TRY();
  {
    // A revocation either finds this statement among the running ones, or is found here.
    pg_memory_barrier();
    while (!IsCurrent(e)) {
      grants::LeaveRunning(mark);
      RequireCovered(e);
      Enter(e);
      pg_memory_barrier();
    }
    WatchRunning();
    body(arg);
    // The last rows may have passed without an interrupt check.
    if (grants::EarliestEnd() <= GetCurrentTimestamp()) {
      Interrupt();
      CHECK_FOR_INTERRUPTS();
    }
  }
  PG_CATCH();
  { RethrowEnded(e, mark, context); }
  PG_END_TRY();
  grants::LeaveRunning(mark);
  BindPortals(*e);
  SetTimer(CloseEndedPortals(GetCurrentTimestamp()));
}

}  // namespace jit::enforce
