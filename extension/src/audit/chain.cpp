#include "audit/chain.h"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/inet.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace jit::audit {

namespace {

// What is hashed, in one piece: many small pieces would cost more than the hash.
class Bytes {
 public:
  explicit Bytes(StringInfo out) : out_(out) {}
  void Append(const void* bytes, Size size) {
    appendBinaryStringInfo(out_, static_cast<const char*>(bytes), static_cast<int>(size));
  }
  void AppendLength(int32 length) {
    uint32 wire = pg_hton32(static_cast<uint32>(length));
    Append(&wire, sizeof wire);
  }
  void AppendBytes(const void* bytes, Size size) {
    AppendLength(static_cast<int32>(size));
    Append(bytes, size);
  }
  void AppendInt32(int32 number) {
    uint32 wire = pg_hton32(static_cast<uint32>(number));
    AppendBytes(&wire, sizeof wire);
  }
  void AppendInt64(int64 number) {
    uint64 wire = pg_hton64(static_cast<uint64>(number));
    AppendBytes(&wire, sizeof wire);
  }

 private:
  StringInfo out_;
};

void Sha256(const StringInfoData& bytes, uint8* hash) {
  pg_cryptohash_ctx* context = pg_cryptohash_create(PG_SHA256);
  bool ok = context != nullptr && pg_cryptohash_init(context) == 0 &&
            pg_cryptohash_update(context, reinterpret_cast<const uint8*>(bytes.data),
                                 static_cast<Size>(bytes.len)) == 0 &&
            pg_cryptohash_final(context, hash, kSha256Size) == 0;
  pg_cryptohash_free(context);
  if (!ok) elog(ERROR, "could not compute a SHA-256");
}

void AppendVarlena(Bytes* out, Datum value) {
  struct varlena* bytes = PG_DETOAST_DATUM_PACKED(value);
  out->AppendBytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

void AppendValue(Bytes* out, Oid type, Datum value);

void AppendArray(Bytes* out, Datum value) {
  ArrayType* array = DatumGetArrayTypeP(value);
  Oid element = ARR_ELEMTYPE(array);
  int16 length;
  bool by_value;
  char align;
  get_typlenbyvalalign(element, &length, &by_value, &align);
  Datum* values;
  bool* nulls;
  int count;
  deconstruct_array(array, element, length, by_value, align, &values, &nulls, &count);
  out->AppendInt32(count);
  for (int i = 0; i < ARR_NDIM(array); i++) {
    out->AppendInt32(ARR_DIMS(array)[i]);
    out->AppendInt32(ARR_LBOUND(array)[i]);
  }
  for (int i = 0; i < count; i++) {
    if (nulls[i])
      out->AppendLength(-1);
    else
      AppendValue(out, element, values[i]);
  }
}

void AppendValue(Bytes* out, Oid type, Datum value) {
  switch (type) {
    case INT4OID:
      out->AppendInt32(DatumGetInt32(value));
      break;
    case INT8OID:
    case TIMESTAMPTZOID:
      out->AppendInt64(DatumGetInt64(value));
      break;
    case FLOAT8OID: {
      float8 number = DatumGetFloat8(value);
      int64 bits;
      memcpy(&bits, &number, sizeof bits);
      out->AppendInt64(bits);
      break;
    }
    case NAMEOID:
      out->AppendBytes(NameStr(*DatumGetName(value)), strlen(NameStr(*DatumGetName(value))));
      break;
    case TEXTOID:
    case BYTEAOID:
    case INETOID:
      AppendVarlena(out, value);
      break;
    case JSONBOID: {
      Jsonb* json = DatumGetJsonbP(value);
      const char* text = JsonbToCString(nullptr, &json->root, VARSIZE(json));
      out->AppendBytes(text, strlen(text));
      break;
    }
    case INT8ARRAYOID:
    case TEXTARRAYOID:
      AppendArray(out, value);
      break;
    default:
      ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                      errmsg("jit.audit_log has a column of another type")));
  }
}

}  // namespace

void HashRow(TupleDesc desc, const Datum* values, const bool* nulls, const uint8* previous,
             uint8* out) {
  // Kept, and as long as the longest row so far.
  static StringInfoData bytes;
  if (bytes.data == nullptr) {
    MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
    initStringInfo(&bytes);
    MemoryContextSwitchTo(caller);
  }
  resetStringInfo(&bytes);
  Bytes row(&bytes);
  row.Append(previous, kSha256Size);
  for (int i = 0; i < kPrevHash - 1; i++) {
    if (nulls[i])
      row.AppendLength(-1);
    else
      AppendValue(&row, TupleDescAttr(desc, i)->atttypid, values[i]);
  }
  Sha256(bytes, out);
}

}  // namespace jit::audit
