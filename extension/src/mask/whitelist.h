// What a mask may consist of: by default nothing.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Raises 42P17, with a HINT, unless every node of the expression is known to be harmless, every
// function is the extension's, an immutable built-in or declared trusted, and no other column than
// `attno` of relation 1 is read.
void CheckExpression(Node* expression, AttrNumber attno);

// Whether masks may call a function that is not built in.
bool MayBeCalled(Oid function);

}  // namespace jit::mask
