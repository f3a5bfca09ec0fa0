// What planning needs: the planner itself checks rights on views, so views that may be read carry
// the marker role while they are planned, and not a moment longer.

#pragma once

#include "pg/server.h"

extern "C" {
#include "optimizer/planner.h"
}

namespace jit::enforce {

// Takes the hooks that keep statistics from whoever may only EXPLAIN. Once, from _PG_init.
void InitPlanning();

// Plans a query of a governed user. `next` is the hook's continuation.
PlannedStmt* PlanGoverned(Query* query, const char* source, int cursor_options,
                          ParamListInfo params, Oid userid, planner_hook_type next);

}  // namespace jit::enforce
