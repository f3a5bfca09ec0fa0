// The worker's writing: from the ring's records to rows of jit.audit_log.

#pragma once

#include "pg/server.h"

extern "C" {
#include "lib/stringinfo.h"
}

namespace jit::audit {

// Writes the copied records as rows behind the end of the chain, in the current transaction. False
// where this database has no audit log.
bool WriteRecords(const StringInfoData& records);

// Writes what the server's settings are now, where they differ from what the log knows, and at the
// server's first start. Likewise.
void WriteSettings(bool first_start);

// Forgets what it knows of the chain's end: after a transaction that failed.
void ForgetHead();

// Makes the partitions that will be needed next, and detaches those that are too old.
void TendPartitions();

}  // namespace jit::audit
