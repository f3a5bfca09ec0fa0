#include "audit/text.h"

#include "audit/record.h"
#include "audit/redact.h"
#include "audit/settings.h"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "utils/lsyscache.h"
}

namespace jit::audit {

namespace {

constexpr int kLongestParameter = 4096;
constexpr int kMostParameters = 1000;
constexpr int kMostParameterBytes = 16 * 1024;
constexpr int kMostDigested = 64 * 1024 * 1024;
constexpr const char* kBlanked = "<blanked>";

// Runs one of the C++ zone's functions; null where memory ran out in it.
template <typename Fn>
char* Run(Fn fn) {
  char* result = nullptr;
  try {
    std::string out = fn();
    result =
        static_cast<char*>(palloc_extended(out.size() + 1, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE));
    if (result != nullptr) memcpy(result, out.c_str(), out.size() + 1);
  } catch (const std::bad_alloc&) {
    result = nullptr;
  }
  return result;
}

const char* WithoutSecrets(const char* text, bool blank_values) {
  char* result = nullptr;
  bool backslashes = !standard_conforming_strings;
  if (blank_values)
    result = Run([&] { return BlankConstants(BlankSecrets(text, backslashes), backslashes); });
  else if (MayHoldSecrets(text))
    result = Run([&] { return BlankSecrets(text, backslashes); });
  else
    return text;
  // What could not be looked through is not kept.
  return result != nullptr ? result : kBlanked;
}

const uint8* Digest(const char* text, Size size) {
  uint8* digest = static_cast<uint8*>(palloc(kSha256Size));
  pg_cryptohash_ctx* context = pg_cryptohash_create(PG_SHA256);
  bool ok = context != nullptr && pg_cryptohash_init(context) == 0 &&
            pg_cryptohash_update(context, reinterpret_cast<const uint8*>(text), size) == 0 &&
            pg_cryptohash_final(context, digest, kSha256Size) == 0;
  pg_cryptohash_free(context);
  return ok ? digest : nullptr;
}

// What is left out can be recognized, if not read.
const char* DigestText(const char* text, Size size) {
  const uint8* digest = Digest(text, size);
  if (digest == nullptr) return "";
  char* out = static_cast<char*>(palloc(2 * kSha256Size + 1));
  for (int i = 0; i < kSha256Size; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
  return out;
}

const char* CutParameter(const char* text) {
  const char* cut = Cut(text, kLongestParameter);
  if (cut == text) return text;
  Size size = strlen(text);
  return psprintf("%s (%zu bytes in all, sha256 %s)", cut, size, DigestText(text, size));
}

const char* OwnPart(const char* source, int location, int length) {
  if (location < 0) return source;
  const char* begin = source + location;
  Size size = length > 0 ? static_cast<Size>(length) : strlen(begin);
  while (size > 0 && scanner_isspace(*begin)) begin++, size--;
  while (size > 0 && scanner_isspace(begin[size - 1])) size--;
  return pnstrdup(begin, size);
}

const char* ValueText(const ParamExternData* param) {
  if (param == nullptr || param->isnull || !OidIsValid(param->ptype)) return nullptr;
  Oid output;
  bool is_varlena;
  getTypeOutputInfo(param->ptype, &output, &is_varlena);
  const char* text = OidOutputFunctionCall(output, param->value);
  bool secret = MayHoldSecrets(text);
  if (secret) {
    try {
      secret = IsSecret(text);
    } catch (const std::bad_alloc&) {
      secret = true;
    }
  }
  return secret ? kBlanked : text;
}

}  // namespace

const char* Cut(const char* text, int longest) {
  int length = static_cast<int>(strlen(text));
  if (length <= longest) return text;
  return pnstrdup(text, pg_mbcliplen(text, length, longest));
}

StatementText TextOf(const char* source, int location, int length, bool blank_values) {
  if (source == nullptr) return {};
  const char* own = OwnPart(source, location, length);
  const char* text = WithoutSecrets(own, blank_values);
  Size size = strlen(text);
  StatementText result = {text, static_cast<int64>(size), nullptr,
                          blank_values || (text != own && strcmp(text, own) != 0)};
  if (size > static_cast<Size>(statement_size)) {
    result.sha256 = Digest(text, size);
    result.text = pnstrdup(text, pg_mbcliplen(text, static_cast<int>(size), statement_size));
  }
  return result;
}

List* ParametersOf(ParamListInfo params, bool blank_values) {
  if (params == nullptr) return NIL;
  List* values = NIL;
  int bytes = 0;
  int more = 0;
  StringInfoData rest;
  initStringInfo(&rest);
  for (int i = 0; i < params->numParams; i++) {
    ParamExternData workspace;
    ParamExternData* param = &params->params[i];
    // Speculatively: a variable of PL/pgSQL that the statement does not use is left alone.
    if (params->paramFetch != nullptr) param = params->paramFetch(params, i + 1, true, &workspace);
    const char* text = blank_values ? kBlanked : ValueText(param);
    if (i >= kMostParameters || bytes > kMostParameterBytes) {
      more++;
      // As psql -A would print them.
      if (rest.len < kMostDigested)
        appendStringInfo(&rest, "%s%s", more > 1 ? "|" : "", text != nullptr ? text : "");
      continue;
    }
    if (text != nullptr) text = CutParameter(text);
    if (text != nullptr) bytes += static_cast<int>(strlen(text));
    values = lappend(values, const_cast<char*>(text));
  }
  if (more > 0)
    values = lappend(values, psprintf("(%d more, joined by | of sha256 %s)", more,
                                      DigestText(rest.data, rest.len)));
  return values;
}

}  // namespace jit::audit
