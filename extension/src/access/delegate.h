// Asking for somebody else: who may, and for whom.

#pragma once

#include "access/grant_text.h"

namespace jit::access {

// 42501 unless the session's user was made a member of jit_delegate and `requester` may ask for
// access. Returns the requester.
Oid RequireDelegate(const char* requester);

// Reads `access` with the requester's rights; names have to be qualified.
Spec* ReadSpecFor(Oid requester, const char* access);

}  // namespace jit::access
