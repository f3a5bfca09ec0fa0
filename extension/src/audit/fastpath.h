// Functions called by the protocol's function call message, which meets none of the executor's
// hooks.

#pragma once

namespace jit::audit {

// Takes the object-access hook. Once, from _PG_init.
void InitFastpath();

}  // namespace jit::audit
