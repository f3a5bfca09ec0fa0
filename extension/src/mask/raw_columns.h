// Which masked columns a statement sees raw.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// List of char *: schema.relation.column. In the current context.
List* RawColumnsOf(const PlannedStmt* plan);

}  // namespace jit::mask
