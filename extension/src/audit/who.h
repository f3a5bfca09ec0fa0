// Who runs a statement: users, client, session.

#pragma once

#include "audit/record.h"

namespace jit::audit {

// Whether the current session's statements are audited, all of them: its user is a requester, or a
// superuser and the settings ask for those. Cheap.
bool IsSessionAudited();

// The same as far as it was known when last asked, or at login: asks no catalog.
bool WasSessionAudited();

// A statement of a superuser is not refused for want of a record.
bool IsNeverRefused();

// Fills in the users, the client and the session. Points to this backend's memory for texts that
// stay as they are until the transaction ends.
void FillWho(Record* record);

// The same without any catalog: where the transaction has failed, or none is open.
void FillWhoCached(Record* record);

// Registers what notes at login who it is. Once, from _PG_init.
void InitWho();

}  // namespace jit::audit
