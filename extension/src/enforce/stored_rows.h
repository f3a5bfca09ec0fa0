// Rows that a portal has computed and not yet sent: a RETURNING, an EXECUTE or a FETCH whose result
// the client takes in portions. No hook sees the later portions, so such a portal is closed for
// good when what its rows were read by ends.

#pragma once

#include "pg/server.h"

namespace jit::enforce {

// Whether the active portal is one that stores its rows. Cheap.
bool StoresRows();

// Remembers the active portal if it is one that stores its rows. To be called where a governed
// user's statement starts.
void NoteStoringPortal();

// What runs now by grants of `userid` until `until` puts rows into the storing portals around it.
void BindStoredRows(Oid userid, TimestampTz until);

// Closes the portals whose time is over or whose user's grants have changed; returns when to look
// again, DT_NOEND if there is nothing to look at. Safe in a signal handler.
TimestampTz CloseEndedPortals(TimestampTz now);

}  // namespace jit::enforce
