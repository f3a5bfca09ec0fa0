// What happens to requests, policies, masks and memberships: recorded when the transaction that did
// it commits.

#pragma once

#include "pg/server.h"

namespace jit::audit {

// Registers callbacks. Once, from _PG_init.
void InitEvents();

// Notes an event of this transaction; forgotten with its subtransaction. `request_id` 0: none.
// `detail` is JSON or null. Copies its texts.
void NoteEvent(const char* kind, int64 request_id, const char* detail);

}  // namespace jit::audit
