// The text masks as SQL functions.

#include "mask_functions/arguments.h"
#include "mask_functions/text_masks.h"
#include "pg/server.h"

extern "C" {
#include "catalog/pg_collation_d.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"
#include "utils/varlena.h"
}

namespace jit::mask_functions {

namespace {

constexpr const char* kHidden = "xxxx";

int LengthOf(const char* text) { return pg_mblen(text); }

Text TextOf(const text* value) {
  std::string_view bytes(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
  if (pg_database_encoding_max_length() == 1) return {bytes, nullptr, false};
  // Most values are ASCII, where characters are bytes.
  for (char c : bytes)
    if (static_cast<unsigned char>(c) >= 0x80) return {bytes, LengthOf, false};
  return {bytes, nullptr, false};
}

std::string_view View(const text* value) {
  return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

text* NewText(Size size) {
  if (!AllocSizeIsValid(size + VARHDRSZ))
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the mask is too long"),
                    errhint("Use a shorter fill.")));
  return static_cast<text*>(palloc(size + VARHDRSZ));
}

Output OutputTo(text* result, Size size) { return {VARDATA(result), size}; }

Datum Finish(text* result, const Output& out) {
  SET_VARSIZE(result, out.size() + VARHDRSZ);
  return PointerGetDatum(result);
}

using Windowed = void (*)(Text, size_t, size_t, std::string_view, Output*);

Datum MaskWindow(FunctionCallInfo fcinfo, Windowed mask) {
  const text* value = PG_GETARG_TEXT_PP(0);
  size_t left = NotNegative(PG_GETARG_INT32(1), "characters");
  size_t right = NotNegative(PG_GETARG_INT32(2), "characters");
  const text* fill = PG_GETARG_TEXT_PP(3);
  Text in = TextOf(value);
  Size size = in.bytes.size() * Max(1, View(fill).size()) + in.bytes.size();
  text* result = NewText(size);
  Output out = OutputTo(result, size);
  mask(in, left, right, View(fill), &out);
  return Finish(result, out);
}

using Plain = void (*)(Text, Output*);

Datum MaskPlain(FunctionCallInfo fcinfo, Plain mask, Size extra, Size factor) {
  Text in = TextOf(PG_GETARG_TEXT_PP(0));
  Size size = in.bytes.size() * factor + extra;
  text* result = NewText(size);
  Output out = OutputTo(result, size);
  mask(in, &out);
  return Finish(result, out);
}

}  // namespace

}  // namespace jit::mask_functions

using namespace jit::mask_functions;

JIT_SQL_FUNCTION(jit_mask_full)
// jit_mask_full(value text, replacement text): the replacement, whatever the value is.
Datum jit_mask_full(PG_FUNCTION_ARGS) { return PG_GETARG_DATUM(1); }

JIT_SQL_FUNCTION(jit_mask_partial)
// jit_mask_partial(value text, prefix int, padding text, suffix int).
Datum jit_mask_partial(PG_FUNCTION_ARGS) {
  const text* value = PG_GETARG_TEXT_PP(0);
  size_t prefix = NotNegative(PG_GETARG_INT32(1), "characters");
  const text* padding = PG_GETARG_TEXT_PP(2);
  size_t suffix = NotNegative(PG_GETARG_INT32(3), "characters");
  bool utf8 = GetDatabaseEncoding() == PG_UTF8;
  Text in = utf8 ? Text{View(value), nullptr, true} : TextOf(value);
  Size size = in.bytes.size() + View(padding).size();
  text* result = NewText(size);
  Output out = OutputTo(result, size);
  Partial(in, prefix, View(padding), suffix, &out);
  return Finish(result, out);
}

JIT_SQL_FUNCTION(jit_mask_inner)
// jit_mask_inner(value text, left_kept int, right_kept int, fill text).
Datum jit_mask_inner(PG_FUNCTION_ARGS) { return MaskWindow(fcinfo, Inner); }

JIT_SQL_FUNCTION(jit_mask_outer)
// jit_mask_outer(value text, left_hidden int, right_hidden int, fill text).
Datum jit_mask_outer(PG_FUNCTION_ARGS) { return MaskWindow(fcinfo, Outer); }

JIT_SQL_FUNCTION(jit_mask_email)
// jit_mask_email(value text).
Datum jit_mask_email(PG_FUNCTION_ARGS) { return MaskPlain(fcinfo, Email, 16, 1); }

JIT_SQL_FUNCTION(jit_mask_phone)
// jit_mask_phone(value text, kept int).
Datum jit_mask_phone(PG_FUNCTION_ARGS) {
  Text in = TextOf(PG_GETARG_TEXT_PP(0));
  size_t kept = NotNegative(PG_GETARG_INT32(1), "digits");
  text* result = NewText(in.bytes.size());
  Output out = OutputTo(result, in.bytes.size());
  Phone(in, kept, &out);
  return Finish(result, out);
}

JIT_SQL_FUNCTION(jit_mask_card)
// jit_mask_card(value text).
Datum jit_mask_card(PG_FUNCTION_ARGS) { return MaskPlain(fcinfo, Card, 19, 0); }

JIT_SQL_FUNCTION(jit_mask_iban)
// jit_mask_iban(value text).
Datum jit_mask_iban(PG_FUNCTION_ARGS) { return MaskPlain(fcinfo, Iban, 18, 0); }

JIT_SQL_FUNCTION(jit_mask_name)
// jit_mask_name(value text).
Datum jit_mask_name(PG_FUNCTION_ARGS) { return MaskPlain(fcinfo, jit::mask_functions::Name, 8, 5); }

JIT_SQL_FUNCTION(jit_mask_regexp)
// jit_mask_regexp(value text, pattern text, replacement text, flags text). What the pattern leaves
// as it is is hidden whole.
Datum jit_mask_regexp(PG_FUNCTION_ARGS) {
  Datum replaced =
      DirectFunctionCall4Coll(textregexreplace, C_COLLATION_OID, PG_GETARG_DATUM(0),
                              PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_DATUM(3));
  const text* before = PG_GETARG_TEXT_PP(0);
  const text* after = DatumGetTextPP(replaced);
  if (View(before) == View(after)) return CStringGetTextDatum(kHidden);
  return replaced;
}
