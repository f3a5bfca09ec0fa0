// jit_mask_default: one value for each type.

#include "pg/server.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace jit::mask_functions {

namespace {

struct Default {
  Oid type;
  const char* text;
};

constexpr Default kDefaults[] = {
    {TEXTOID, "xxxx"},
    {VARCHAROID, "xxxx"},
    {BPCHAROID, "xxxx"},
    {NAMEOID, "xxxx"},
    {CHAROID, "x"},
    {INT2OID, "0"},
    {INT4OID, "0"},
    {INT8OID, "0"},
    {FLOAT4OID, "0"},
    {FLOAT8OID, "0"},
    {NUMERICOID, "0"},
    {OIDOID, "0"},
    {BOOLOID, "f"},
    {DATEOID, "1900-01-01"},
    {TIMESTAMPOID, "1900-01-01 00:00:00"},
    {TIMESTAMPTZOID, "1900-01-01 00:00:00+00"},
    {TIMEOID, "00:00"},
    {TIMETZOID, "00:00+00"},
    {INTERVALOID, "0"},
    {UUIDOID, "00000000-0000-0000-0000-000000000000"},
    {INETOID, "0.0.0.0"},
    {CIDROID, "0.0.0.0/32"},
    {MACADDROID, "00:00:00:00:00:00"},
    {MACADDR8OID, "00:00:00:00:00:00:00:00"},
    {JSONOID, "{}"},
    {JSONBOID, "{}"},
    {BYTEAOID, "\\x"},
    {BITOID, "0"},
    {VARBITOID, ""},
    {XMLOID, ""},
    {TSVECTOROID, ""},
    {POINTOID, "(0,0)"},
    {INT2VECTOROID, ""},
    {OIDVECTOROID, ""},
};

struct Cached {
  Oid type;
  Datum value;
  bool isnull;
};

Datum FromText(Oid type, const char* text) {
  Oid input;
  Oid parameter;
  getTypeInputInfo(type, &input, &parameter);
  return OidInputFunctionCall(input, pstrdup(text), parameter, -1);
}

// The first in order.
Datum FirstLabel(Oid type, bool* isnull) {
  Relation labels = table_open(EnumRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(type));
  SysScanDesc scan = systable_beginscan(labels, EnumTypIdSortOrderIndexId, true, nullptr, 1, &key);
  Oid label = InvalidOid;
  float4 first = 0;
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    Form_pg_enum form = reinterpret_cast<Form_pg_enum>(GETSTRUCT(tuple));
    if (OidIsValid(label) && form->enumsortorder >= first) continue;
    label = form->oid;
    first = form->enumsortorder;
  }
  systable_endscan(scan);
  table_close(labels, AccessShareLock);
  *isnull = !OidIsValid(label);
  return ObjectIdGetDatum(label);
}

Datum DefaultOf(Oid type, bool* isnull) {
  *isnull = false;
  type = getBaseType(type);
  for (const Default& known : kDefaults)
    if (known.type == type) return FromText(type, known.text);
  Oid element = get_element_type(type);
  if (OidIsValid(element)) return PointerGetDatum(construct_empty_array(element));
  switch (get_typtype(type)) {
    case TYPTYPE_ENUM:
      return FirstLabel(type, isnull);
    case TYPTYPE_RANGE:
      return FromText(type, "empty");
    case TYPTYPE_MULTIRANGE:
      return FromText(type, "{}");
  }
  if (type == CASHOID) return Int64GetDatum(0);
  char category;
  bool preferred;
  get_type_category_preferred(type, &category, &preferred);
  // citext and its like.
  if (category == TYPCATEGORY_STRING && get_typtype(type) == TYPTYPE_BASE)
    return FromText(type, "xxxx");
  *isnull = true;
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jit::mask_functions

JIT_SQL_FUNCTION(jit_mask_default)
// jit_mask_default(value anyelement): the same for every value of a type; NULL where there is none.
Datum jit_mask_default(PG_FUNCTION_ARGS) {
  using jit::mask_functions::Cached;
  Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
  Cached* cached = static_cast<Cached*>(fcinfo->flinfo->fn_extra);
  if (cached == nullptr || cached->type != type) {
    MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
    cached = static_cast<Cached*>(palloc0(sizeof(Cached)));
    cached->value = jit::mask_functions::DefaultOf(type, &cached->isnull);
    cached->type = type;
    fcinfo->flinfo->fn_extra = cached;
    MemoryContextSwitchTo(caller);
  }
  if (cached->isnull) PG_RETURN_NULL();
  return cached->value;
}
