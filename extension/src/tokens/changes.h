// What becomes of running sessions when tokens are revoked, changed or gone.

#pragma once

namespace jit::tokens {

// Registers callbacks. Once, from _PG_init.
void InitChanges();

}  // namespace jit::tokens
