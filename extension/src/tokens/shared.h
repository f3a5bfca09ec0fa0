// Which backend runs by which token, for all to see: revoking one ends them.

#pragma once

#include "pg/server.h"

namespace jit::tokens {

// Requests and initialises the memory. Once each, from the shmem hooks.
void RequestSharedMemory();
void InitSharedMemory();

// Lists this backend until it exits.
void Publish(int64 token_id);

// Terminates the backends of this database that run by the token (0: by any). This one, if it is
// among them, ends once its transaction is over.
void EndSessionsOf(int64 token_id);

}  // namespace jit::tokens
