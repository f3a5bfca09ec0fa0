// "Perhaps you meant": the name closest to one that does not exist.

#pragma once

#include "access/grant_text.h"

namespace jit::access {

// The table or view of the schema named, or of the search path, whose name is closest, as it would
// be written; nullptr where none is close.
const char* NearestRelation(const RangeVar* name);

// The same among the relation's columns.
const char* NearestColumn(Oid relation, const char* name);

}  // namespace jit::access
