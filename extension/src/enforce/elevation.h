// Elevation: a statement that active grants cover runs with the marker role in place of the
// missing rights, relation by relation, on a copy of its plan, anew for each execution.

#pragma once

#include "grants/coverage.h"
#include "pg/server.h"

extern "C" {
#include "executor/execdesc.h"
}

namespace jit::enforce {

// A statement that runs by grants. Lives in the statement's own memory.
struct Elevated {
  Elevated* next;
  QueryDesc* desc;
  PlannedStmt* original;  // what the plan cache holds
  PlannedStmt* copy;      // what runs
  Oid userid;
  List* needs;  // Need *: what the grants must go on covering
  bool writes;
  grants::Coverage coverage;
};

using StartFunction = void (*)(QueryDesc* desc, int eflags);

// ExecutorStart for a statement of a governed user: elevates it where grants cover it; otherwise
// lets PostgreSQL refuse it, and adds the HINT. `next` is the hook's continuation.
void StartGoverned(QueryDesc* desc, int eflags, Oid userid, StartFunction next);

// The elevated statement of a QueryDesc; null for every other.
Elevated* FindElevated(const QueryDesc* desc);

// At ExecutorEnd, after the continuation: gives the plan back and frees the copy.
void ForgetElevated(QueryDesc* desc, PlannedStmt* original, PlannedStmt* copy);

// Refuses statements whose rows would lie in a held cursor, where no hook sees them any more.
void RefuseHeld(const QueryDesc* desc);

}  // namespace jit::enforce
