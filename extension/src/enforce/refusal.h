// A refusal teaches: the HINT with the request that would cure it.

#pragma once

#include "pg/server.h"

namespace jit::enforce {

// "Ask for it: SELECT jit_request('SELECT ON sales.orders', '30 minutes', '<why>');" for what is
// lacking (List of Need *); null where nothing of it can be asked for.
char* RequestHint(List* lacking);

// In a PG_CATCH block: throws the current error on, with the hint where it is PostgreSQL's own
// "permission denied" and has no hint yet. Does not return.
[[noreturn]] void RethrowWithHint(List* lacking, MemoryContext context);

}  // namespace jit::enforce
