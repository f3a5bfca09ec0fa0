// Shared memory: which elevated statements run now, and a counter per grantee that says when its
// grants have changed.

#pragma once

#include "pg/server.h"

namespace jit::grants {

// How many requests the statements that run in one backend, one inside the other, may use at once.
inline constexpr int kRunningEntries = 32;

// One request under which a statement of this backend runs now.
struct RunningEntry {
  int64 request_id;
  int64 extension_id;      // the request that prolonged it while it ran; 0 if none
  TimestampTz expires_at;  // when the statement must end; DT_NOBEGIN once its grant was revoked
};

// Requests and initialises the memory. Installs nothing else. Once each, from the shmem hooks.
void RequestSharedMemory();
void InitSharedMemory();

// Counts the changes to the grants of one grantee in this database (others may share a counter).
uint64 ChangeCount(Oid grantee);
void CountChange(Oid grantee);
void CountChangeForAll();

// On a replica: whether replay has been behind what was received for more than two seconds. What
// holds it up may be a grantee's own lock, and what waits may be a revocation.
bool IsReplayHeldUp();

// Marks a statement of this backend as running under grants; nests. EnterRunning returns a mark for
// LeaveRunning, which must be called on every way out, errors included. An entry that a statement
// further out has listed already is not listed again. 54001 if there is no room: what is not listed
// would not be watched.
int EnterRunning(Oid grantee, const RunningEntry* entries, int count);
void LeaveRunning(int mark);

// The earliest end among the running entries; DT_NOEND if none run. Safe in a signal handler.
TimestampTz EarliestEnd();
// The entry that ends first among those listed since `mark`. False if there are none.
bool FirstToEnd(int mark, RunningEntry* entry);

// Forgets whatever this backend had marked: at the end of a transaction.
void ForgetRunning();

// Ends the statements that run under a request in this database: marks their entries as revoked and
// interrupts them. Returns how many. With pid <> 0 only that backend's.
int CancelRunning(int64 request_id, int pid = 0);
// Ends every statement that runs by any grant in this database.
void CancelAllRunning();
// Ends every statement that runs by grants of the grantee, in all databases.
void CancelRunningOf(Oid grantee);
// Lets the statements that run under `request_id` go on to `expires_at` under `extension_id`.
void ProlongRunning(int64 request_id, int64 extension_id, TimestampTz expires_at);

// Calls fn for each running entry of this database.
using RunningVisitor = void (*)(void* arg, int pid, Oid grantee, const RunningEntry& entry);
void VisitRunning(RunningVisitor fn, void* arg);

// Calls fn for the grantee of each backend that runs a statement by grants, in all databases.
using GranteeVisitor = void (*)(void* arg, Oid grantee);
void VisitGrantees(GranteeVisitor fn, void* arg);

}  // namespace jit::grants
