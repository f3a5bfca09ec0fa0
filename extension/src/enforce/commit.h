// A transaction that wrote under a grant commits only while that grant lasts.

#pragma once

#include "pg/server.h"

namespace jit::enforce {

// Registers the transaction callbacks. Once, from _PG_init.
void InitCommit();

// Remembers that the current (sub)transaction wrote with what `needs` (List of Need *) lists, by
// grants of `userid`; `request_id` is one of them, for the error.
void NoteWrite(Oid userid, List* needs, int64 request_id);

}  // namespace jit::enforce
