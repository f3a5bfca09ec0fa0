// What a statement needs and the caller's own ACLs lack: the basis of elevation, of the HINT in a
// refusal, and of jit_request_for.

#pragma once

#include "grants/privileges.h"
#include "pg/server.h"

namespace jit::enforce {

// What is lacking on one relation. Lives in the memory context it was made in.
struct Need {
  Oid relid;
  PrivilegeMask table_mask;  // needed on the relation as a whole
  PrivilegeMask any_mask;    // part of table_mask that a grant on any one column also meets: count(*), FOR UPDATE
  // Columns needed where the bit is not in table_mask, offset by FirstLowInvalidHeapAttributeNumber.
  Bitmapset *select_cols;
  Bitmapset *insert_cols;
  Bitmapset *update_cols;
};

// The needs of a rewritten query, all levels, merged per relation: List of Need *.
// Relations that no grant can cover (system catalogs, foreign tables, jit's own) are included:
// the caller says why they cannot be had.
List *NeedsOfQuery(Query *query, Oid userid);

// The same of a finished plan's range table (and, from 16 on, its permission list).
List *NeedsOfPlan(PlannedStmt *plan, Oid userid);

// Each need in GRANT syntax ('SELECT (total) ON sales.orders'); relations that need the same
// table-wide privileges share one. List of char *.
List *RenderNeedSpecs(List *needs);

// The specs joined by '; '.
char *RenderNeeds(List *needs);

}  // namespace jit::enforce
