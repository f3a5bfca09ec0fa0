// What a statement needs on one relation beyond what the caller's own ACLs give, and what of it a
// set of grants leaves open.

#pragma once

#include "grants/privileges.h"
#include "pg/server.h"

namespace jit {

// Lives in the memory context it was made in.
struct Need {
  Oid relid;
  PrivilegeMask table_mask;  // needed on the relation as a whole
  PrivilegeMask
      any_mask;  // part of table_mask that any one column also meets: count(*), FOR UPDATE
  // Columns needed where the bit is not in table_mask, offset by
  // FirstLowInvalidHeapAttributeNumber.
  Bitmapset* select_cols;
  Bitmapset* insert_cols;
  Bitmapset* update_cols;
  Bitmapset* unmask_cols;
};

namespace grants {

// Whether anything is needed at all.
bool IsEmpty(const Need& need);

// The privileges that a need names, column-wise ones included.
PrivilegeMask MaskOf(const Need& need);

// A copy in the current memory context.
Need* CopyNeed(const Need& need);

// Adds `from` to `into`, which is of the same relation.
void MergeNeed(Need* into, const Need& from);

// Adds `need` to a list of Need *, merging it with one of the same relation; returns the list.
List* AddNeed(List* needs, const Need& need);

// The columns of `need` that privilege `bit` (select, insert, update or unmask) concerns.
Bitmapset** ColumnsFor(Need* need, PrivilegeMask bit);

}  // namespace grants
}  // namespace jit
