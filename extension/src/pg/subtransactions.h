// Lists that follow subtransactions: what a rolled-back savepoint had noted is forgotten.

#pragma once

#include "pg/server.h"

extern "C" {
#include "access/xact.h"
}

namespace jit::pg {

// For a singly linked list of T with members `next` and `subid`: at a subtransaction's commit its
// items become the parent's, at its abort they leave the list. To be called from a SubXactCallback.
template <typename T>
void FollowSubtransaction(T** head, SubXactEvent event, SubTransactionId subid,
                          SubTransactionId parent) {
  if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB) return;
  for (T** link = head; *link != nullptr;) {
    if ((*link)->subid != subid) {
      link = &(*link)->next;
    } else if (event == SUBXACT_EVENT_COMMIT_SUB) {
      (*link)->subid = parent;
      link = &(*link)->next;
    } else {
      *link = (*link)->next;
    }
  }
}

}  // namespace jit::pg
