// Rows that lie in a portal after what read them by grants has ended: a RETURNING, an EXECUTE or a
// FETCH whose result the client takes in portions, or a cursor over a function that returned a set.

#pragma once

#include "enforce/elevation.h"

namespace jit::enforce {

// Remembers the active portal. To be called where a governed user's statement starts.
void NotePortal();

// Binds the portals around an elevated statement that has run to what it needed.
void BindPortals(const Elevated& statement);

// Where a portal's own statement is run (once more): null, or what its stored rows were read by and
// grants no longer cover (List of Need *).
List* UncoveredRowsOf(const QueryDesc* desc);

// Portals that compute all their rows at once pass no hook later. Closes those of them whose time
// is over or whose user's grants have changed; returns when to look again, DT_NOEND if there is
// nothing to look at. Safe in a signal handler.
TimestampTz CloseEndedPortals(TimestampTz now);

}  // namespace jit::enforce
