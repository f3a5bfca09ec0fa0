// SECURITY LABEL FOR jit_access ON COLUMN: the label provider.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Registers the provider and follows what happens to labelled columns. Once, from _PG_init.
void InitLabels();

// Binds a label's text and keeps the result; raises an error, with a HINT, for what cannot be a
// mask of the column.
void ApplyLabel(Oid relid, AttrNumber attno, const char* text);

// Binds every label anew, or those of one class; what no longer fits hides the column and says so.
void RefreshLabels(const char* mask_class);

}  // namespace jit::mask
