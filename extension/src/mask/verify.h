// The verifier: a plan runs only if every relation in it that has masks bears the mark of the
// substitution, and shows no more than the user may see now. What the substitution misses becomes
// an error, never a leak.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Takes the hook for permission checks. Once, from _PG_init.
void InitVerifier();

// Raises 42501, and has cached plans made anew, unless the plan may run for `userid`. Adds to
// `needs` (List of Need *) the UNMASK grants that it depends on; returns the list.
List* VerifyPlan(const PlannedStmt* plan, Oid userid, List* needs);

}  // namespace jit::mask
