// Masks tried before a label is accepted.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Raises what the expression would raise whatever the value is: constants that a mask function does
// not take, or that fail by themselves. Else it would show to whoever reads the column, and not to
// its owner, who sees raw values.
void TryMask(Node* expression);

}  // namespace jit::mask
