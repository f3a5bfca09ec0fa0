#include "enforce/commit.h"

#include "enforce/expiry.h"
#include "grants/cache.h"
#include "grants/coverage.h"
#include "pg/installed.h"
#include "pg/subtransactions.h"

extern "C" {
#include "port/atomics.h"
#include "utils/memutils.h"
}

namespace jit::enforce {

namespace {

// What one subtransaction wrote as one user. Kept in TopTransactionContext.
struct Written {
  Written* next;
  SubTransactionId subid;
  Oid userid;
  int64 request_id;
  List* needs;
};

Written* written = nullptr;

grants::Coverage RequireCovered(const Written* w) {
  grants::Coverage coverage = grants::Cover(w->userid, w->needs);
  if (!pg::IsGoverned(w->userid) || coverage.uncovered != NIL)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("cannot commit: the access of request " INT64_FORMAT
                           " ended before the transaction did",
                           w->request_id),
                    errhint("Ask for the access again and repeat the transaction.")));
  return coverage;
}

// The rest of the commit can still wait for locks: it stays under watch until it is done, so that
// the end of a grant finds it.
void RequireStillCovered() {
  for (Written* w = written; w != nullptr; w = w->next) {
    do {
      grants::Coverage coverage = RequireCovered(w);
      grants::EnterRunning(w->userid, coverage.used, coverage.count);
      pg_memory_barrier();
    } while (!grants::IsCurrent(w->userid));
  }
  WatchRunning();
}

void OnTransaction(XactEvent event, void*) {
  if (written == nullptr) return;
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
      RequireStillCovered();
      break;
    case XACT_EVENT_PRE_PREPARE:
      // COMMIT PREPARED could come after the grant's end, from any session, past every hook.
      ereport(
          ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
           errmsg(
               "cannot PREPARE a transaction that wrote under the grant of request " INT64_FORMAT,
               written->request_id),
           errhint("Use COMMIT.")));
      break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
      written = nullptr;
      break;
    default:
      break;
  }
}

void OnSubtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void*) {
  pg::FollowSubtransaction(&written, event, subid, parent);
}

}  // namespace

void InitCommit() {
  RegisterXactCallback(OnTransaction, nullptr);
  RegisterSubXactCallback(OnSubtransaction, nullptr);
}

void NoteWrite(Oid userid, List* needs, int64 request_id) {
  SubTransactionId subid = GetCurrentSubTransactionId();
  MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
  Written* w = written;
  while (w != nullptr && (w->subid != subid || w->userid != userid)) w = w->next;
  if (w == nullptr) {
    w = static_cast<Written*>(palloc0(sizeof(Written)));
    w->subid = subid;
    w->userid = userid;
    w->next = written;
    written = w;
  }
  w->request_id = request_id;
  ListCell* lc;
  foreach (lc, needs) w->needs = grants::AddNeed(w->needs, *static_cast<Need*>(lfirst(lc)));
  MemoryContextSwitchTo(caller);
}

}  // namespace jit::enforce
