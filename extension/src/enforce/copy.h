// COPY table TO, which meets neither planner nor executor.

#pragma once

#include "pg/server.h"

namespace jit::enforce {

// Turns COPY table TO into COPY (SELECT …) TO, as PostgreSQL itself does for row-level security,
// where the user reads the table by a grant (`governed`: grants count), or where something in it is
// masked for the user. Else, and where PostgreSQL is to refuse it, returns the statement unchanged.
PlannedStmt* AsQueryCopy(PlannedStmt* statement, bool read_only_tree, bool governed);

}  // namespace jit::enforce
