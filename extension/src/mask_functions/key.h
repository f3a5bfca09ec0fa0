// The key of the keyed masks, and what is derived from values with it.

#pragma once

#include "pg/server.h"

extern "C" {
#include "common/sha2.h"
}

namespace jit::mask_functions {

struct Digest {
  uint8 bytes[PG_SHA256_DIGEST_LENGTH];
};

// HMAC-SHA256 of the value under the key; `purpose` and `kind` keep functions apart. Raises 55000
// where no key is set.
Digest KeyedDigest(const char* purpose, const char* kind, const char* value, size_t size);

// The digest's first bytes as a number in [0, 1).
double Fraction(const Digest& digest);

// The digest's bytes from `at` on as a number.
uint64 Number(const Digest& digest, int at);

// Raises 42501 unless a mask is what calls the function, or the user sees raw values anyway:
// whoever could call it freely would find values by trying.
void RequireMaskCall(FunctionCallInfo fcinfo);

// Defines jit_access.mask_key and jit_access.mask_key_file. Once, from _PG_init.
void DefineKeySettings();

}  // namespace jit::mask_functions
