// SECURITY LABEL FOR jit_access ON COLUMN: the label provider.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Registers the provider and follows what happens to labelled columns. Once, from _PG_init.
void InitLabels();

// Called when a label of a column is set, changed or, with a null text, removed, before that is
// done; with a column 0 for a whole table with labels that is dropped.
using LabelListener = void (*)(Oid relid, AttrNumber attno, const char* text);
void SetLabelListener(LabelListener listener);
void TellLabelListener(Oid relid, AttrNumber attno, const char* text);

// Binds a label's text and keeps the result; raises an error, with a HINT, for what cannot be a
// mask of the column.
void ApplyLabel(Oid relid, AttrNumber attno, const char* text);

// Binds every label anew, or those of one class; what no longer fits hides the column and says so.
void RefreshLabels(const char* mask_class);

}  // namespace jit::mask
