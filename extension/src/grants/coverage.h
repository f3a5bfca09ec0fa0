// Whether a user's active grants cover what a statement needs, until when, and by which requests.

#pragma once

#include "grants/need.h"
#include "grants/shared.h"
#include "pg/server.h"

namespace jit::grants {

struct Coverage {
  List* uncovered;    // Need *: what no active grant gives; NIL: all is covered
  TimestampTz until;  // when the cover ends
  uint64 reading;     // of the grants, by which it was found; see Reading
  int count;  // requests used; more than kRunningEntries are refused when the statement runs
  RunningEntry used[kRunningEntries];
};

// Matches `needs` (List of Need *) with the grants of `userid` at the clock's time. Among several
// ways to cover the whole, the one that lasts longest counts. Allocates in the current context.
Coverage Cover(Oid userid, List* needs);

// As Cover, for EXPLAIN without ANALYZE: an EXPLAIN grant on a relation covers every need of it.
Coverage CoverExplain(Oid userid, List* needs);

}  // namespace jit::grants
