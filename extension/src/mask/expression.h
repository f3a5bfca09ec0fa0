// Mask expressions: from the text of a label to a checked expression, bound by OID.

#pragma once

#include "pg/server.h"

extern "C" {
#include "utils/rel.h"
}

namespace jit::mask {

// Binds `text` as the mask of a column. The result has the column's type, modifier and collation,
// reads at most that column (as Var 1.attno), and calls only what masks may call; all else is
// refused with a HINT. `placeholder`, if not null, is a word that stands for the column.
Node* BindFunction(Relation relation, AttrNumber attno, const char* text, const char* placeholder);

// Binds `text` as a constant of the column's type: evaluated here and now.
Node* BindValue(Relation relation, AttrNumber attno, const char* text);

// What a mask's text means must not depend on the session: names are looked up in pg_catalog and
// the extension's schema, dates and times are ISO and UTC. Unpin takes what Pin has returned.
int PinMeaning();
void UnpinMeaning(int pinned);

}  // namespace jit::mask
