// What administrators change: masks and memberships, as events of the audit log.

#pragma once

#include "pg/server.h"

namespace jit::audit {

// A label of a column is about to be set, or, with a null text, removed; column 0: of a whole
// table.
void NoteLabel(Oid relid, AttrNumber attno, const char* text);

// A statement has changed who is a member of the extension's roles; others are passed over.
void NoteMembership(const Node* statement);

// Before a statement that needs a database without sessions: has its worker leave.
void ReleaseDatabaseFor(const Node* statement);

}  // namespace jit::audit
