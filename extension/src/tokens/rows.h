// The extension's own SQL functions behind those of tokens, and the rows that go to and fro.

#pragma once

#include "tokens/secret.h"

namespace jit::tokens {

// A row of a table or composite type, as an SQL function returned it.
class Row {
 public:
  // `row` as returned; null rows have no values.
  static Row* Make(Datum row, bool isnull);
  bool Exists() const { return desc_ != nullptr; }
  Datum Get(const char* column, bool* isnull) const;
  // For columns that are NOT NULL.
  Datum Value(const char* column) const;

 private:
  TupleDesc desc_ = nullptr;
  HeapTupleData tuple_ = {};
};

// Calls jit.<name>, past its ACL; it runs as the extension's owner.
NullableDatum CallInner(const char* name, int count, const Oid* types, const NullableDatum* values);

Datum HashDatum(const SecretHash& hash);

// {request,approve} as bits; the other way round as it is stored.
uint32 ScopesOf(Datum array);

}  // namespace jit::tokens
