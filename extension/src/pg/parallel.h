// What a parallel worker runs: the leader's plan, and whatever statements its functions run
// besides.

#pragma once

#include "pg/server.h"

extern "C" {
#include "access/parallel.h"
#include "executor/execdesc.h"
#include "tcop/dest.h"
}

namespace jit::pg {

// Whether the statement is the leader's, of which a worker computes a part: the leader has planned
// and checked it. What a function in it runs is the worker's own to plan and to check.
inline bool IsLeadersPlan(const QueryDesc* desc) {
  return IsParallelWorker() && desc->dest->mydest == DestTupleQueue;
}

}  // namespace jit::pg
