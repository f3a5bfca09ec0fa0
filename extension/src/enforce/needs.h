// What a statement needs and the caller's own ACLs lack: the basis of elevation, of the HINT in a
// refusal, and of jit_request_for.

#pragma once

#include "grants/need.h"
#include "pg/server.h"

namespace jit::enforce {

// The needs of a rewritten query, all levels, merged per relation: List of Need *.
// A relation that no grant can cover (a system catalog, a foreign table, jit's own) has kNever in
// its table_mask. With only_views, just those of views, which the planner itself checks.
List* NeedsOfQuery(Query* query, Oid userid, bool only_views = false);

// The same of a finished plan's range table.
List* NeedsOfPlan(const PlannedStmt* plan, Oid userid);

// Adds `bits` (whole-table privileges) to each need.
void AddToEach(List* needs, PrivilegeMask bits);

// Each need in GRANT syntax ('SELECT (total) ON sales.orders'); relations that need the same
// table-wide privileges share one. List of char *; needs with kNever are left out.
List* RenderNeedSpecs(List* needs);

// The specs joined by '; '.
char* RenderNeeds(List* needs);

}  // namespace jit::enforce
