// What follows a change of jit.grants: at commit, and not before, other sessions read their grants
// again and statements that run under an ended grant are cancelled.

#pragma once

namespace jit::grants {

// Registers the transaction callbacks and the hook on DROP. Once, from _PG_init.
void InitChanges();

}  // namespace jit::grants
