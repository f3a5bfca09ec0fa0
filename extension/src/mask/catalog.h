// The masks that apply to a relation: those of its own labels, of what it inherits from and of what
// inherits from it, kept per backend until one of these relations changes.

#pragma once

#include "pg/server.h"

extern "C" {
#include "catalog/pg_class.h"
}

namespace jit::mask {

// Lives until the next call of MasksOf for the same relation.
struct RelationMasks {
  Oid relid;
  // Offset by FirstLowInvalidHeapAttributeNumber. Never empty.
  Bitmapset* columns;
  // By attribute number - 1: the expression that stands for the column, with Vars of varno 1; null
  // for columns that are not masked.
  Node** expressions;
  // Relations (Oid) below this one, or beside it, whose labels cover what a scan of it reads.
  List* labelled_below;
  // Some expression calls what is not the extension's own: it may fail, and name the raw value.
  bool may_fail;
};

// Registers for invalidations. Once, from _PG_init.
void InitCatalog();

// Takes notice of what other sessions have committed: else a transaction that takes no new lock
// would go on by the labels that it knew. Cheap. A worker goes by what its leader knows.
void CatchUp();

// Whether the database has masks at all. Cheap. Needs a transaction.
bool AnyMasks();

// Whether relations of this kind have rows of their own, whose columns masks can stand for. Foreign
// tables take their masks from the tables that they are partitions of.
inline bool CanBeMasked(char relkind) {
  return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ||
         relkind == RELKIND_MATVIEW || relkind == RELKIND_FOREIGN_TABLE;
}

// Null where no column of the relation is masked.
const RelationMasks* MasksOf(Oid relid);

// The member of a column set that stands for an attribute number.
int ColumnMember(AttrNumber attno);

// The attribute number that a member of a column set stands for.
AttrNumber ColumnOf(int member);

}  // namespace jit::mask
