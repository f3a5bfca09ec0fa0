// The settings of the audit log. All belong to the server: no session relaxes them.

#pragma once

namespace jit::audit {

enum Mode { kModeOff, kModeAsync, kModeSync };
enum OnFailure { kDeny, kLog };

extern int mode;              // Mode
extern int on_failure;        // OnFailure
extern int timeout_ms;        // how long a statement waits for a log that makes no progress
extern int statement_size;    // longest text kept, in bytes
extern int buffer_kb;         // of the ring of one database
extern int databases;         // how many rings there are
extern bool unmasked;         // whether seeing a masked column raw is audited for everybody
extern bool superusers;       // whether superusers' statements are audited
extern char* partition_unit;  // day, week or month
extern int keep_days;         // older partitions are detached; 0: never

void DefineSettings();

}  // namespace jit::audit
