#include "tokens/rows.h"

#include "access/request.h"
#include "pg/own_code.h"
#include "tokens/session.h"

extern "C" {
#include "access/htup_details.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/typcache.h"
}

namespace jit::tokens {

Row* Row::Make(Datum row, bool isnull) {
  Row* made = static_cast<Row*>(palloc0(sizeof(Row)));
  if (isnull) return made;
  HeapTupleHeader header = DatumGetHeapTupleHeader(row);
  made->desc_ = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header),
                                            HeapTupleHeaderGetTypMod(header));
  made->tuple_.t_len = HeapTupleHeaderGetDatumLength(header);
  made->tuple_.t_data = header;
  return made;
}

Datum Row::Get(const char* column, bool* isnull) const {
  int number = SPI_fnumber(desc_, column);
  if (number <= 0) elog(ERROR, "a row of tokens has no column \"%s\"", column);
  return heap_getattr(const_cast<HeapTupleData*>(&tuple_), number, desc_, isnull);
}

Datum Row::Value(const char* column) const {
  bool isnull;
  Datum value = Get(column, &isnull);
  if (isnull) elog(ERROR, "column \"%s\" of a token is NULL", column);
  return value;
}

NullableDatum CallInner(const char* name, int count, const Oid* types,
                        const NullableDatum* values) {
  FmgrInfo function;
  fmgr_info(access::InnerFunction(name, count, types), &function);
  LOCAL_FCINFO(call, FUNC_MAX_ARGS);
  InitFunctionCallInfoData(*call, &function, static_cast<short>(count), InvalidOid, nullptr,
                           nullptr);
  for (int i = 0; i < count; i++) call->args[i] = values[i];
  Datum result = pg::CallOwnCode(call);
  return {result, call->isnull};
}

Datum HashDatum(const SecretHash& hash) {
  bytea* bytes = static_cast<bytea*>(palloc(VARHDRSZ + sizeof hash.bytes));
  SET_VARSIZE(bytes, VARHDRSZ + sizeof hash.bytes);
  memcpy(VARDATA(bytes), hash.bytes, sizeof hash.bytes);
  return PointerGetDatum(bytes);
}

uint32 ScopesOf(Datum array) {
  Datum* values;
  bool* nulls;
  int count;
  deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
                    &count);
  uint32 scopes = 0;
  for (int i = 0; i < count; i++) {
    if (nulls[i]) continue;
    char* name = TextDatumGetCString(values[i]);
    for (const ScopeName& known : kScopeNames)
      if (strcmp(known.name, name) == 0) scopes |= known.scope;
  }
  return scopes;
}

}  // namespace jit::tokens
