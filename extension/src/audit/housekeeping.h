// Statements that are nobody's: what the extension looks up for the statement around it, and what a
// server that keeps sessions asks for every few seconds.

#pragma once

#include "pg/server.h"

extern "C" {
#include "executor/execdesc.h"
}

namespace jit::audit {

// Of a statement that uses no grant and sees no masked column raw. `relations`: what it reads.
bool IsHousekeeping(const QueryDesc* desc, const List* relations);

}  // namespace jit::audit
