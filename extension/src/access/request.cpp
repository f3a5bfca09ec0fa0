// jit_request.

#include "access/request.h"

#include "pg/own_code.h"

extern "C" {
#include "catalog/namespace.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
}

namespace jit::access {

namespace {

// The arguments of jit_request and jit_request_for, by place.
enum Argument {
  kAccess,
  kDuration,
  kReason,
  kTicket,
  kStartsAt,
  kRowFilter,
  kMaxRows,
  kSessionOnly,
  kClientAddr,
  kBreakGlass,
};

// jit.file_request, which nobody may call but the functions here: found by name and types, called
// past its ACL, and running as the extension's owner because it says SECURITY DEFINER.
Oid FileRequestFunction() {
  static const Oid types[] = {TEXTOID, TEXTOID,        TEXTOID, JSONBOID, INTERVALOID, TEXTOID,
                              TEXTOID, TIMESTAMPTZOID, BOOLOID, INETOID,  BOOLOID,     INT8OID};
  List* name = list_make2(makeString(pstrdup("jit")), makeString(pstrdup("file_request")));
  return LookupFuncName(name, lengthof(types), types, false);
}

void PassOn(FunctionCallInfo to, int place, FunctionCallInfo from, Argument argument) {
  to->args[place] = from->args[argument];
}

NullableDatum TextOrNull(const char* text) {
  NullableDatum result = {0, text == nullptr};
  if (text != nullptr) result.value = CStringGetTextDatum(text);
  return result;
}

}  // namespace

void CheckOptions(FunctionCallInfo fcinfo) {
  if (!PG_ARGISNULL(kRowFilter))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("row_filter is not supported"),
                    errhint("Leave it out, or ask for a view that shows just those rows.")));
  if (!PG_ARGISNULL(kMaxRows))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("max_rows is not supported"),
                    errhint("Leave it out.")));
}

const char* RequiredText(FunctionCallInfo fcinfo, int argument, const char* name,
                         const char* hint) {
  if (PG_ARGISNULL(argument))
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be NULL", name),
                    errhint("%s", hint)));
  return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

Datum File(FunctionCallInfo fcinfo, List* specs, const char* asked, const char* statement) {
  StringInfoData access;
  initStringInfo(&access);
  ListCell* lc;
  foreach (lc, specs)
    appendStringInfo(&access, "%s%s", access.len > 0 ? "; " : "",
                     RenderSpec(static_cast<const Spec*>(lfirst(lc))));

  FmgrInfo function;
  fmgr_info(FileRequestFunction(), &function);
  LOCAL_FCINFO(call, 12);
  InitFunctionCallInfoData(*call, &function, 12, InvalidOid, nullptr, nullptr);
  call->args[0] = TextOrNull(access.data);
  call->args[1] = TextOrNull(asked);
  call->args[2] = TextOrNull(statement);
  call->args[3] = {SpecsAsJsonb(specs), false};
  PassOn(call, 4, fcinfo, kDuration);
  PassOn(call, 5, fcinfo, kReason);
  PassOn(call, 6, fcinfo, kTicket);
  PassOn(call, 7, fcinfo, kStartsAt);
  PassOn(call, 8, fcinfo, kSessionOnly);
  PassOn(call, 9, fcinfo, kClientAddr);
  PassOn(call, 10, fcinfo, kBreakGlass);
  call->args[11] = {0, true};  // extends
  Datum id = pg::CallOwnCode(call);
  if (call->isnull) elog(ERROR, "jit.file_request returned NULL");
  return id;
}

}  // namespace jit::access

JIT_SQL_FUNCTION(jit_request)
Datum jit_request(PG_FUNCTION_ARGS) {
  using namespace jit::access;
  CheckOptions(fcinfo);
  const char* access = RequiredText(fcinfo, 0, "access",
                                    "Say what for, as in: SELECT, UPDATE (status) ON sales.orders");
  List* specs = list_make1(ReadSpec(access));
  return File(fcinfo, specs, access, nullptr);
}
