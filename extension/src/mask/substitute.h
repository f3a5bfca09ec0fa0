// Substitution: before a query is planned, each relation with masks becomes a sub-select that
// yields the mask in place of the column. The raw column can then not even be named outside it.

#pragma once

#include "pg/server.h"

extern "C" {
#include "optimizer/planner.h"
}

namespace jit::mask {

// Plans a query of any user; what it reads of masked columns it reads masked. `next` goes on.
PlannedStmt* PlanMasked(Query* query, const char* source, int cursor_options, ParamListInfo params,
                        planner_hook_type next);

}  // namespace jit::mask
