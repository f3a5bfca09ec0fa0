// A relation with masks as the target of INSERT, UPDATE, DELETE or MERGE: the statement may not
// read masked columns of it, and RETURNING yields the mask.

#pragma once

#include "mask/catalog.h"
#include "mask/marker.h"
#include "pg/server.h"

namespace jit::mask {

// Marks the target's range table entry. Raises 42501 where the statement reads a masked column.
void ProtectTarget(Query* query, Index rti, RangeTblEntry* rte, const RelationMasks* masks,
                   const Marker& marker);

// Whether the entry is EXCLUDED of ON CONFLICT: a row that the user proposes.
bool IsExcluded(const Query* query, Index rti);

// Whether the entry's security quals may hold conditions of a view through which it is changed.
bool MayHoldViewQuals(const Query* query, const RangeTblEntry* rte);

// The columns of the entry on which the right to SELECT is still to be asked for: without those
// that are masked, so that the native right on these can be revoked. Who reads the table by grants
// alone needs one on the masked columns, too: the mask is more than was asked for. Allocates in the
// current context.
Bitmapset* ColumnsToAsk(const RangeTblEntry* rte, TupleDesc desc, const Bitmapset* hidden);

}  // namespace jit::mask
