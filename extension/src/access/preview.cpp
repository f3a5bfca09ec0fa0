// jit.request_preview: what a request would meet, without filing it.

#include "access/delegate.h"
#include "access/request.h"
#include "pg/own_code.h"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"
}

namespace jit::access {

namespace {

enum Argument { kAccess, kStatement, kRequester };

constexpr const char* kOneOf = "Give the access, or the statement that needs it.";

List* SpecsOf(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(kAccess) == PG_ARGISNULL(kStatement))
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("exactly one of access and statement must be given"), errhint("%s", kOneOf)));
  if (PG_ARGISNULL(kRequester)) {
    if (PG_ARGISNULL(kAccess))
      return SpecsForStatement(RequiredText(fcinfo, kStatement, "statement", kOneOf));
    return list_make1(ReadSpec(RequiredText(fcinfo, kAccess, "access", kOneOf)));
  }
  Oid requester = RequireDelegate(NameStr(*PG_GETARG_NAME(kRequester)));
  if (PG_ARGISNULL(kAccess))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("what somebody else's statement needs is not worked out"),
                    errhint("Give the access, with names qualified.")));
  return list_make1(ReadSpecFor(requester, RequiredText(fcinfo, kAccess, "access", kOneOf)));
}

// The row of jit.preview that jit.preview_of returns.
HeapTupleHeader Preview(List* specs, NullableDatum requester) {
  static const Oid types[] = {TEXTOID, JSONBOID, NAMEOID};
  FmgrInfo function;
  fmgr_info(InnerFunction("preview_of", lengthof(types), types), &function);
  LOCAL_FCINFO(call, lengthof(types));
  InitFunctionCallInfoData(*call, &function, lengthof(types), InvalidOid, nullptr, nullptr);
  call->args[0] = {CStringGetTextDatum(RenderSpecs(specs)), false};
  call->args[1] = {SpecsAsJsonb(specs), false};
  call->args[2] = requester;
  Datum row = pg::CallOwnCode(call);
  if (call->isnull) elog(ERROR, "jit.preview_of returned NULL");
  return DatumGetHeapTupleHeader(row);
}

}  // namespace
}  // namespace jit::access

JIT_SQL_FUNCTION(jit_request_preview)
// jit.request_preview(access text, statement text, requester name): one row
Datum jit_request_preview(PG_FUNCTION_ARGS) {
  using namespace jit::access;
  HeapTupleHeader row = Preview(SpecsOf(fcinfo), fcinfo->args[kRequester]);
  InitMaterializedSRF(fcinfo, 0);
  ReturnSetInfo* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  TupleDesc desc =
      lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
  HeapTupleData tuple = {};
  tuple.t_len = HeapTupleHeaderGetDatumLength(row);
  tuple.t_data = row;
  Datum* values = static_cast<Datum*>(palloc(sizeof(Datum) * desc->natts));
  bool* nulls = static_cast<bool*>(palloc(sizeof(bool) * desc->natts));
  heap_deform_tuple(&tuple, desc, values, nulls);
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  ReleaseTupleDesc(desc);
  return static_cast<Datum>(0);
}
