// Entering records into the audit log, and what becomes of a statement that cannot be recorded.

#pragma once

#include "audit/record.h"
#include "audit/ring.h"

namespace jit::audit {

// Enters a record, and has room kept for `promise` bytes of later ones. On a replica it goes to the
// server's log. Where it is in vain: raises 55000 if `may_refuse` and the settings say so; else the
// record goes to the server's log. The place is nowhere (channel -1) in those cases.
Place Enter(const Record& record, uint32 promise, bool may_refuse);

// Enters a record without waiting or raising, in place of a promise made with `promised`; one that
// went to the server's log is followed there. The record's texts are to be short: see kEndSize.
void EnterPromised(const Record& record, const Place& promised);

// Waits until the record is durable, where the settings ask for that; as Enter where it is in vain.
void RequireDurable(const Place& place, bool may_refuse);

// The same whatever the settings: raises where it is in vain.
void RequireRecorded(const Place& place);

// Never waits nor raises; false where there is no room.
bool EnterNow(const Record& record);

// One JSON object, one line.
void WriteToServerLog(const Record& record);

}  // namespace jit::audit
