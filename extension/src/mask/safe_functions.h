// What the functions that a mask calls may give away beside their result.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Whether the function belongs to the extension.
bool IsMemberFunction(Oid function);

// Whether no error of the expression's can name the value that it is given: it calls only the
// extension's functions, and built-in ones whose errors carry no values.
bool IsSafeExpression(Node* expression);

// Marks the calls of the extension's functions as a mask's own, which the keyed ones ask for: no
// SQL can make a call of that form.
void MarkAsMaskCalls(Node* expression);

}  // namespace jit::mask
