// The keyed masks of texts and identifiers, as SQL functions: the same value gives the same mask,
// and without the key nobody can tell which.

#include "mask_functions/dictionaries.h"
#include "mask_functions/key.h"
#include "pg/server.h"

extern "C" {
#include "utils/uuid.h"
}

namespace jit::mask_functions {

namespace {

const char* Pick(const Dictionary& dictionary, const Digest& digest, int at) {
  return dictionary.words[Number(digest, at) % dictionary.count];
}

int Digits(const Digest& digest, int at, int below) {
  return static_cast<int>(Number(digest, at) % static_cast<uint64>(below));
}

char* Lower(const char* word) {
  char* lower = pstrdup(word);
  for (char* c = lower; *c != '\0'; c++)
    *c = static_cast<char>(pg_tolower(static_cast<unsigned char>(*c)));
  return lower;
}

char* Iban(const Digest& d) {
  // Country code XX is nobody's; 98 - (digits mod 97) makes the check digits right.
  uint64 account = Number(d, 0) % UINT64CONST(1000000000000000000);
  uint64 rest = account % 97;
  // "XX00" behind the account: X is 33.
  for (const char* c = "333300"; *c != '\0'; c++)
    rest = (rest * 10 + static_cast<uint64>(*c - '0')) % 97;
  return psprintf("XX%02d%018llu", static_cast<int>(98 - rest),
                  static_cast<unsigned long long>(account));
}

using Maker = char* (*)(const Digest& d);

struct PseudonymKind {
  const char* name;
  Maker make;
};

const PseudonymKind kKinds[] = {
    {"first_name", [](const Digest& d) { return pstrdup(Pick(kFirstNames, d, 0)); }},
    {"last_name", [](const Digest& d) { return pstrdup(Pick(kLastNames, d, 8)); }},
    {"full_name",
     [](const Digest& d) {
       return psprintf("%s %s", Pick(kFirstNames, d, 0), Pick(kLastNames, d, 8));
     }},
    {"email",
     [](const Digest& d) {
       return psprintf("%s.%s%d@example.com", Lower(Pick(kFirstNames, d, 0)),
                       Lower(Pick(kLastNames, d, 8)), Digits(d, 16, 1000000));
     }},
    {"login",
     [](const Digest& d) {
       return psprintf("%s%d", Lower(Pick(kFirstNames, d, 0)), Digits(d, 16, 1000000));
     }},
    {"phone", [](const Digest& d) { return psprintf("+999 555 %07d", Digits(d, 0, 10000000)); }},
    {"city", [](const Digest& d) { return pstrdup(Pick(kCities, d, 0)); }},
    {"street",
     [](const Digest& d) {
       return psprintf("%d %s", Digits(d, 8, 199) + 1, Pick(kStreets, d, 0));
     }},
    {"postcode", [](const Digest& d) { return psprintf("%05d", Digits(d, 0, 100000)); }},
    {"company",
     [](const Digest& d) {
       return psprintf("%s %s", Pick(kCompanies, d, 0), Pick(kLastNames, d, 8));
     }},
    {"iban", Iban},
};

Maker MakerFor(const char* kind) {
  for (const PseudonymKind& known : kKinds)
    if (strcmp(known.name, kind) == 0) return known.make;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("unrecognized kind of pseudonym \"%s\"", kind),
                  errhint("Kinds are first_name, last_name, full_name, email, login, phone, city, "
                          "street, postcode, company and iban.")));
  return nullptr;
}

Digest DigestOf(const char* purpose, const char* kind, const text* value) {
  return KeyedDigest(purpose, kind, VARDATA_ANY(value),
                     static_cast<size_t>(VARSIZE_ANY_EXHDR(value)));
}

}  // namespace

}  // namespace jit::mask_functions

using namespace jit::mask_functions;

JIT_SQL_FUNCTION(jit_mask_hash)
// jit_mask_hash(value text, length int): hexadecimal digits of the keyed digest, 1 to 64.
Datum jit_mask_hash(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  int length = PG_GETARG_INT32(1);
  if (length < 1 || length > 2 * PG_SHA256_DIGEST_LENGTH)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("length of a hash must be between 1 and %d", 2 * PG_SHA256_DIGEST_LENGTH),
             errhint("Fewer than 16 digits let different values have one hash.")));
  Digest digest = DigestOf("hash", "", PG_GETARG_TEXT_PP(0));
  char digits[2 * PG_SHA256_DIGEST_LENGTH];
  for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++) {
    digits[2 * i] = "0123456789abcdef"[digest.bytes[i] >> 4];
    digits[2 * i + 1] = "0123456789abcdef"[digest.bytes[i] & 15];
  }
  PG_RETURN_TEXT_P(cstring_to_text_with_len(digits, length));
}

JIT_SQL_FUNCTION(jit_mask_pseudonym)
// jit_mask_pseudonym(value text, kind text).
Datum jit_mask_pseudonym(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  char* kind = text_to_cstring(PG_GETARG_TEXT_PP(1));
  Maker make = MakerFor(kind);
  PG_RETURN_TEXT_P(cstring_to_text(make(DigestOf("pseudonym", kind, PG_GETARG_TEXT_PP(0)))));
}

JIT_SQL_FUNCTION(jit_mask_uuid)
// jit_mask_uuid(value uuid): another UUID, of version 8.
Datum jit_mask_uuid(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  const pg_uuid_t* value = PG_GETARG_UUID_P(0);
  Digest digest =
      KeyedDigest("uuid", "", reinterpret_cast<const char*>(value->data), sizeof value->data);
  pg_uuid_t* masked = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
  memcpy(masked->data, digest.bytes, sizeof masked->data);
  masked->data[6] = (masked->data[6] & 0x0f) | 0x80;
  masked->data[8] = (masked->data[8] & 0x3f) | 0x80;
  PG_RETURN_UUID_P(masked);
}
