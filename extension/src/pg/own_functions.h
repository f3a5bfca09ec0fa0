// Whether a function of the extension's schema is at work: what it looks up is not its caller's
// statement.

#pragma once

namespace jit::pg {

// Follows calls of functions that have settings or an owner's rights of their own, which all of the
// extension's that look anything up have. Once, from _PG_init.
void InitOwnFunctions();

// Whether the innermost of those calls is of a function in schema jit.
bool InOwnFunction();

}  // namespace jit::pg
