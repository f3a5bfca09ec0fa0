// jit.password_unchanged(): for whoever keeps sessions that a password opened, and ends them with
// it.

#include "tokens/secret.h"

extern "C" {
#include <string.h>

#include "catalog/pg_authid.h"
#include "utils/syscache.h"
}

namespace jit::tokens {

namespace {

// The digest of what the server checks passwords by; zeros where the role has none.
SecretHash seen;
bool has_seen = false;

SecretHash VerifierNow() {
  SecretHash now = {};
  HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetAuthenticatedUserId()));
  if (!HeapTupleIsValid(tuple)) return now;
  bool is_null = true;
  Datum verifier = SysCacheGetAttr(AUTHOID, tuple, Anum_pg_authid_rolpassword, &is_null);
  char* copy = is_null ? nullptr : TextDatumGetCString(verifier);
  ReleaseSysCache(tuple);
  if (copy != nullptr) now = HashOf(copy);
  return now;
}

}  // namespace

}  // namespace jit::tokens

// Whether the password of the session's own login is what it was at the first call: true then.
// Tells nothing else of it.
JIT_SQL_FUNCTION(jit_password_unchanged)
Datum jit_password_unchanged(PG_FUNCTION_ARGS) {
  using namespace jit::tokens;
  SecretHash now = VerifierNow();
  if (!has_seen) {
    seen = now;
    has_seen = true;
  }
  PG_RETURN_BOOL(memcmp(seen.bytes, now.bytes, sizeof now.bytes) == 0);
}
