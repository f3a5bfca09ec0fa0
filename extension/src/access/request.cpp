// jit_request.

#include "access/request.h"

#include "access/own_call.h"
#include "pg/own_code.h"
#include "tokens/session.h"

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

// Of the request that is being filed.
bool asked_in_person = false;

NullableDatum TextOrNull(const char* text) {
  NullableDatum result = {0, text == nullptr};
  if (text != nullptr) result.value = CStringGetTextDatum(text);
  return result;
}

}  // namespace

Options OptionsOf(FunctionCallInfo fcinfo) {
  if (!PG_ARGISNULL(kRowFilter))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("row_filter is not supported"),
                    errhint("Leave it out, or ask for a view that shows just those rows.")));
  if (!PG_ARGISNULL(kMaxRows))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("max_rows is not supported"),
                    errhint("Leave it out.")));
  return {fcinfo->args[kDuration],    fcinfo->args[kReason],
          fcinfo->args[kTicket],      fcinfo->args[kStartsAt],
          fcinfo->args[kSessionOnly], fcinfo->args[kClientAddr],
          fcinfo->args[kBreakGlass],  {0, true}};
}

const char* RequiredText(FunctionCallInfo fcinfo, int argument, const char* name,
                         const char* hint) {
  if (PG_ARGISNULL(argument))
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be NULL", name),
                    errhint("%s", hint)));
  return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

char* RenderSpecs(List* specs) {
  StringInfoData access;
  initStringInfo(&access);
  ListCell* lc;
  foreach (lc, specs)
    appendStringInfo(&access, "%s%s", access.len > 0 ? "; " : "",
                     RenderSpec(static_cast<const Spec*>(lfirst(lc))));
  return access.data;
}

Oid InnerFunction(const char* name, int count, const Oid* types) {
  List* names = list_make2(makeString(pstrdup("jit")), makeString(pstrdup(name)));
  return LookupFuncName(names, count, types, false);
}

void NoteAsking(const char* function) { asked_in_person = IsOwnCall() && IsOwnStatement(function); }

Datum File(const char* function, const Options& options, List* specs, const char* asked,
           const char* statement) {
  static const Oid types[] = {TEXTOID, TEXTOID, TEXTOID,        JSONBOID, INTERVALOID,
                              TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID,  INETOID,
                              BOOLOID, INT8OID, NAMEOID};
  tokens::RequireScope(tokens::kRequest);
  if (!options.break_glass.isnull && DatumGetBool(options.break_glass.value)) {
    RequireOwnCall(function);
    RequireOwnStatement(function, function);
  }
  NoteAsking(function);
  FmgrInfo inner;
  fmgr_info(InnerFunction("file_request", lengthof(types), types), &inner);
  LOCAL_FCINFO(call, lengthof(types));
  InitFunctionCallInfoData(*call, &inner, lengthof(types), InvalidOid, nullptr, nullptr);
  call->args[0] = TextOrNull(RenderSpecs(specs));
  call->args[1] = TextOrNull(asked);
  call->args[2] = TextOrNull(statement);
  call->args[3] = {SpecsAsJsonb(specs), false};
  call->args[4] = options.duration;
  call->args[5] = options.reason;
  call->args[6] = options.ticket;
  call->args[7] = options.starts_at;
  call->args[8] = options.session_only;
  call->args[9] = options.client_addr;
  call->args[10] = options.break_glass;
  call->args[11] = {0, true};  // extends
  call->args[12] = options.on_behalf_of;
  Datum id = pg::CallOwnCode(call);
  if (call->isnull) elog(ERROR, "jit.file_request returned NULL");
  return id;
}

}  // namespace jit::access

JIT_SQL_FUNCTION(jit_request)
Datum jit_request(PG_FUNCTION_ARGS) {
  using namespace jit::access;
  Options options = OptionsOf(fcinfo);
  const char* access = RequiredText(fcinfo, 0, "access",
                                    "Say what for, as in: SELECT, UPDATE (status) ON sales.orders");
  List* specs = list_make1(ReadSpec(access));
  return File("jit_request", options, specs, access, nullptr);
}

// jit.asked_in_person(): for jit.file_request.
JIT_SQL_FUNCTION(jit_asked_in_person)
Datum jit_asked_in_person(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(jit::access::asked_in_person); }
