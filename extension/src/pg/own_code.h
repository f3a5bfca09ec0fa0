// While the extension's own functions are at work: what they run is theirs, not their caller's.

#pragma once

#include "pg/server.h"

namespace jit::pg {

bool InOwnCode();

// Invokes one of the extension's own SQL functions.
Datum CallOwnCode(FunctionCallInfo call);

}  // namespace jit::pg
