// jit_mask_text: a value as text, whatever the session's settings are.

#include "pg/server.h"

extern "C" {
#include "pgtime.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
}

namespace jit::mask_functions {

namespace {

// What output functions go by. Not through guc.c: nothing here is to outlive the call.
struct OutputSettings {
  int date_style;
  int date_order;
  int interval_style;
  int float_digits;
  int bytea;
  pg_tz* zone;
};

OutputSettings Current() {
  return {DateStyle, DateOrder, IntervalStyle, extra_float_digits, bytea_output, session_timezone};
}

void Use(const OutputSettings& settings) {
  DateStyle = settings.date_style;
  DateOrder = settings.date_order;
  IntervalStyle = settings.interval_style;
  extra_float_digits = settings.float_digits;
  bytea_output = settings.bytea;
  session_timezone = settings.zone;
}

struct Output {
  FmgrInfo function;
  Oid type;
};

}  // namespace

}  // namespace jit::mask_functions

JIT_SQL_FUNCTION(jit_mask_text)
// jit_mask_text(value anyelement): dates and times in ISO and UTC, bytes in hexadecimal, numbers in
// full.
Datum jit_mask_text(PG_FUNCTION_ARGS) {
  using namespace jit::mask_functions;
  Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
  Output* output = static_cast<Output*>(fcinfo->flinfo->fn_extra);
  if (output == nullptr || output->type != type) {
    Oid function;
    bool varlena;
    getTypeOutputInfo(type, &function, &varlena);
    output = static_cast<Output*>(MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(*output)));
    fmgr_info_cxt(function, &output->function, fcinfo->flinfo->fn_mcxt);
    output->type = type;
    fcinfo->flinfo->fn_extra = output;
  }
  pg_tz* utc = pg_tzset("UTC");
  const OutputSettings before = Current();
  char* volatile text = nullptr;
  Use({USE_ISO_DATES, DATEORDER_MDY, INTSTYLE_POSTGRES, 1, BYTEA_OUTPUT_HEX, utc});
  PG_TRY();
  { text = OutputFunctionCall(&output->function, PG_GETARG_DATUM(0)); }
  PG_FINALLY();
  { Use(before); }
  PG_END_TRY();
  PG_RETURN_TEXT_P(cstring_to_text(text));
}
