// PostgreSQL Anonymizer's functions, put into the extension's own.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Rewrites calls of anon.* in a raw expression. `column` is the masked one: what takes no argument
// there (anon.fake_city()) is derived from its value here. `type` is the column's base type: what
// Anonymizer casts to it comes in it here. Raises 42883 for what has no counterpart.
Node* TranslateAnonymizer(Node* raw, const char* column, Oid type);

}  // namespace jit::mask
