// A row of jit.audit_log, made from a record.

#pragma once

#include "audit/chain.h"
#include "audit/record.h"

extern "C" {
#include "utils/array.h"
}

namespace jit::audit {

class Row {
 public:
  Row() {
    for (bool& isnull : nulls_) isnull = true;
  }
  void Set(Column column, Datum value) {
    values_[column - 1] = value;
    nulls_[column - 1] = false;
  }
  void SetText(Column column, const char* text) {
    if (text != nullptr) Set(column, CStringGetTextDatum(text));
  }
  void SetName(Column column, const char* text) {
    if (text == nullptr) return;
    Name name = static_cast<Name>(palloc0(NAMEDATALEN));
    strlcpy(NameStr(*name), text, NAMEDATALEN);
    Set(column, NameGetDatum(name));
  }
  void SetNumber(Column column, int64 number) {
    if (number != 0) Set(column, Int64GetDatum(number));
  }
  void SetHash(Column column, const uint8* hash) {
    bytea* bytes = static_cast<bytea*>(palloc(VARHDRSZ + kSha256Size));
    SET_VARSIZE(bytes, VARHDRSZ + kSha256Size);
    memcpy(VARDATA(bytes), hash, kSha256Size);
    Set(column, PointerGetDatum(bytes));
  }
  void SetTexts(Column column, const List* texts) {
    int count = list_length(texts);
    if (count == 0) return;
    Datum* elements = static_cast<Datum*>(palloc0(sizeof(Datum) * count));
    bool* nulls = static_cast<bool*>(palloc0(sizeof(bool) * count));
    int i = 0;
    ListCell* lc;
    foreach (lc, texts) {
      const char* text = static_cast<const char*>(lfirst(lc));
      nulls[i] = text == nullptr;
      if (text != nullptr) elements[i] = CStringGetTextDatum(text);
      i++;
    }
    int dims[] = {count};
    int bounds[] = {1};
    Set(column, PointerGetDatum(construct_md_array(elements, nulls, 1, dims, bounds, TEXTOID, -1,
                                                   false, TYPALIGN_INT)));
  }
  void SetNumbers(Column column, const int64* numbers, int count) {
    if (count == 0) return;
    Datum* elements = static_cast<Datum*>(palloc(sizeof(Datum) * count));
    for (int i = 0; i < count; i++) elements[i] = Int64GetDatum(numbers[i]);
    Set(column, PointerGetDatum(construct_array(elements, count, INT8OID, sizeof(int64),
                                                FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)));
  }
  const Datum* values() const { return values_; }
  const bool* nulls() const { return nulls_; }
  Datum* values() { return values_; }
  bool* nulls() { return nulls_; }

 private:
  Datum values_[kColumnCount] = {};
  bool nulls_[kColumnCount];
};

// Sets what the record says; all but seq and the hashes.
void FillRow(Row* row, const Record& record, const char* database);

}  // namespace jit::audit
