#include "tokens/secret.h"

#undef ENABLE_GSS

extern "C" {
#include <string.h>

#include "common/cryptohash.h"
#include "libpq/libpq-be.h"
#include "utils/guc.h"
}

namespace jit::tokens {

int max_lifetime = 90;

namespace {

constexpr const char* kSetting = "jit_access.token";
constexpr const char* kPrefix = "jit_";

// Never holds a value: the check hook takes it away.
char* setting = nullptr;

// What the options brought; cut off where it is longer than a token, which then is none.
char brought[kSecretLength + 2];
bool has_brought = false;

// Takes the value on its way into the setting, so that nothing that shows settings, copies them to
// parallel workers or dumps them has it.
bool TakeValue(char** value, void**, GucSource source) {
  if (**value == '\0') return true;
  if (source == PGC_S_CLIENT) {
    strlcpy(brought, *value, sizeof brought);
    has_brought = true;
  }
  explicit_bzero(*value, strlen(*value));
  return true;
}

// The startup packet's options stay in memory for the session's life, and are not read again.
void WipeOptions() {
  if (MyProcPort == nullptr) return;
  if (MyProcPort->cmdline_options != nullptr)
    explicit_bzero(MyProcPort->cmdline_options, strlen(MyProcPort->cmdline_options));
  const char* name = nullptr;
  ListCell* lc;
  foreach (lc, MyProcPort->guc_options) {
    char* text = static_cast<char*>(lfirst(lc));
    if (name == nullptr) {
      name = text;
      continue;
    }
    if (pg_strcasecmp(name, kSetting) == 0) explicit_bzero(text, strlen(text));
    name = nullptr;
  }
}

bool IsSecretText(const char* text) {
  return strlen(text) == kSecretLength && strncmp(text, kPrefix, strlen(kPrefix)) == 0;
}

}  // namespace

void DefineSettings() {
  DefineCustomStringVariable(kSetting, "The token that a connection brings, for jit.token_login().",
                             "Given in the options of the connection. It is never shown.", &setting,
                             "", PGC_BACKEND,
                             GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE |
                                 GUC_DISALLOW_IN_FILE | GUC_SUPERUSER_ONLY,
                             TakeValue, nullptr, nullptr);
  DefineCustomIntVariable("jit_access.token_max_lifetime", "Longest life of a token, in days.",
                          "0: no tokens are made.", &max_lifetime, 90, 0, 36500, PGC_SIGHUP, 0,
                          nullptr, nullptr, nullptr);
}

Secret NewSecret() {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  uint8 bytes[33] = {};  // the last is there to be read past the 32nd
  if (!pg_strong_random(bytes, 32))
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate a random token")));
  Secret secret = {};
  char* out = secret.text + strlcpy(secret.text, kPrefix, sizeof secret.text);
  for (int bit = 0; bit < 256; bit += 6) {
    unsigned pair = static_cast<unsigned>(bytes[bit / 8]) << 8 | bytes[bit / 8 + 1];
    *out++ = kDigits[pair >> (10 - bit % 8) & 63];
  }
  explicit_bzero(bytes, sizeof bytes);
  return secret;
}

SecretHash HashOf(const char* secret) {
  SecretHash hash;
  pg_cryptohash_ctx* context = pg_cryptohash_create(PG_SHA256);
  bool done =
      context != nullptr && pg_cryptohash_init(context) >= 0 &&
      pg_cryptohash_update(context, reinterpret_cast<const uint8*>(secret), strlen(secret)) >= 0 &&
      pg_cryptohash_final(context, hash.bytes, sizeof hash.bytes) >= 0;
  pg_cryptohash_free(context);
  if (!done) ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not digest a token")));
  return hash;
}

bool TakeSecret(SecretHash* hash) {
  bool found = has_brought && IsSecretText(brought);
  if (found) *hash = HashOf(brought);
  ForgetSecret();
  return found;
}

void ForgetSecret() {
  if (!has_brought) return;
  has_brought = false;
  explicit_bzero(brought, sizeof brought);
  WipeOptions();
}

}  // namespace jit::tokens
