// The masks that apply to a relation: those of its own labels, of what it inherits from and of what
// inherits from it, kept per backend until one of these relations changes.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Lives until the next call of MasksOf for the same relation.
struct RelationMasks {
  Oid relid;
  // Offset by FirstLowInvalidHeapAttributeNumber. Never empty.
  Bitmapset* columns;
  // By attribute number - 1: the expression that stands for the column, with Vars of varno 1; null
  // for columns that are not masked.
  Node** expressions;
  // Some expression calls what is not the extension's own: it may fail, and name the raw value.
  bool may_fail;
};

// Registers for invalidations. Once, from _PG_init.
void InitCatalog();

// Takes notice of what other sessions have committed: else a transaction that takes no new lock
// would go on by the labels that it knew.
void CatchUp();

// Whether the database has masks at all. Cheap. Needs a transaction.
bool AnyMasks();

// Null where no column of the relation is masked.
const RelationMasks* MasksOf(Oid relid);

// The member of a column set that stands for an attribute number.
int ColumnMember(AttrNumber attno);

// The attribute number that a member of a column set stands for.
AttrNumber ColumnOf(int member);

}  // namespace jit::mask
