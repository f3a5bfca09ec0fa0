#include "audit/chain.h"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/inet.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
}

namespace jit::audit {

namespace {

class Hash {
 public:
  Hash() : context_(pg_cryptohash_create(PG_SHA256)) {
    if (context_ == nullptr || pg_cryptohash_init(context_) < 0) Fail();
  }
  void Feed(const void* bytes, Size size) {
    if (pg_cryptohash_update(context_, static_cast<const uint8*>(bytes), size) < 0) Fail();
  }
  void FeedLength(int32 length) {
    uint32 wire = pg_hton32(static_cast<uint32>(length));
    Feed(&wire, sizeof wire);
  }
  void FeedBytes(const void* bytes, Size size) {
    FeedLength(static_cast<int32>(size));
    Feed(bytes, size);
  }
  void FeedInt32(int32 number) {
    uint32 wire = pg_hton32(static_cast<uint32>(number));
    FeedBytes(&wire, sizeof wire);
  }
  void FeedInt64(int64 number) {
    uint64 wire = pg_hton64(static_cast<uint64>(number));
    FeedBytes(&wire, sizeof wire);
  }
  void Finish(uint8* hash) {
    if (pg_cryptohash_final(context_, hash, kSha256Size) < 0) Fail();
    pg_cryptohash_free(context_);
    context_ = nullptr;
  }

 private:
  [[noreturn]] static void Fail() {
    elog(ERROR, "could not compute a SHA-256");
    pg_unreachable();
  }

  pg_cryptohash_ctx* context_;  // trivially destructible: an error leaks it into the resource owner
};

void FeedVarlena(Hash* hash, Datum value) {
  struct varlena* bytes = PG_DETOAST_DATUM_PACKED(value);
  hash->FeedBytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

void FeedValue(Hash* hash, Oid type, Datum value);

void FeedArray(Hash* hash, Datum value) {
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
  hash->FeedInt32(count);
  for (int i = 0; i < count; i++) {
    if (nulls[i])
      hash->FeedLength(-1);
    else
      FeedValue(hash, element, values[i]);
  }
}

void FeedValue(Hash* hash, Oid type, Datum value) {
  switch (type) {
    case INT4OID:
      hash->FeedInt32(DatumGetInt32(value));
      break;
    case INT8OID:
    case TIMESTAMPTZOID:
      hash->FeedInt64(DatumGetInt64(value));
      break;
    case FLOAT8OID: {
      float8 number = DatumGetFloat8(value);
      int64 bits;
      memcpy(&bits, &number, sizeof bits);
      hash->FeedInt64(bits);
      break;
    }
    case NAMEOID:
      hash->FeedBytes(NameStr(*DatumGetName(value)), strlen(NameStr(*DatumGetName(value))));
      break;
    case TEXTOID:
    case BYTEAOID:
    case INETOID:
      FeedVarlena(hash, value);
      break;
    case JSONBOID: {
      Jsonb* json = DatumGetJsonbP(value);
      const char* text = JsonbToCString(nullptr, &json->root, VARSIZE(json));
      hash->FeedBytes(text, strlen(text));
      break;
    }
    case INT8ARRAYOID:
    case TEXTARRAYOID:
      FeedArray(hash, value);
      break;
    default:
      ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                      errmsg("jit.audit_log has a column of another type")));
  }
}

}  // namespace

void HashRow(TupleDesc desc, const Datum* values, const bool* nulls, const uint8* previous,
             uint8* out) {
  Hash hash;
  hash.Feed(previous, kSha256Size);
  for (int i = 0; i < kPrevHash - 1; i++) {
    if (nulls[i])
      hash.FeedLength(-1);
    else
      FeedValue(&hash, TupleDescAttr(desc, i)->atttypid, values[i]);
  }
  hash.Finish(out);
}

}  // namespace jit::audit
