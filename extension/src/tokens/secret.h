// The secret of a token: made, digested, and carried from the connection's options to the login.

#pragma once

#include "pg/server.h"

extern "C" {
#include "common/sha2.h"
}

namespace jit::tokens {

// "jit_" and 32 random bytes in base64url.
inline constexpr int kSecretLength = 4 + 43;

struct Secret {
  char text[kSecretLength + 1];
};

struct SecretHash {
  uint8 bytes[PG_SHA256_DIGEST_LENGTH];
};

// The longest life of a token, in days; 0: none is made. PGC_SIGHUP.
extern int max_lifetime;

// jit_access.token, which nothing shows, and jit_access.token_max_lifetime.
void DefineSettings();

Secret NewSecret();
SecretHash HashOf(const char* secret);

// The digest of what the connection's options brought, which is wiped from memory. False where
// they brought nothing that is a token.
bool TakeSecret(SecretHash* hash);

// Wipes it: it came to a session that has begun with something else.
void ForgetSecret();

}  // namespace jit::tokens
