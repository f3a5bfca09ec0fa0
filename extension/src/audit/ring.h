// The way of audit records from backends to the worker that writes them: for each database a
// bounded ring of bytes in shared memory. Nothing in it is dropped: who finds it full waits.

#pragma once

#include "pg/server.h"

extern "C" {
#include "lib/stringinfo.h"
}

namespace jit::audit {

// Room that is promised to a statement when it begins, so that its end can always be recorded.
inline constexpr uint32 kEndSize = 1024;
// The longest record; every ring holds several.
inline constexpr uint32 kLongestRecord = 100 * 1024;

// Where a record stands: it is durable when its channel's worker has got past `end`.
struct Place {
  int channel;  // -1: nowhere
  uint64 end;
};

// Once each, from the shmem hooks.
void RequestRingMemory();
void InitRing();

// A number that no other statement of this cluster has; not in order of time.
int64 NextStatementId();

// The first such number of this server's life: statements with smaller ones run no more.
int64 FirstStatementId();

// Puts a record into this database's ring, together with a promise of `promise` bytes for later.
// Waits for room where there is none, if `may_wait`. False, with the reason in *why, where it is
// in vain. May raise while waiting (a cancellation).
bool Put(const char* bytes, Size size, uint32 promise, bool may_wait, Place* place,
         const char** why);

// Puts a record of at most kEndSize bytes, by a promise made at `promised`. Neither waits nor
// raises. False where the ring is not that database's any more.
bool PutPromised(const char* bytes, Size size, const Place& promised);

// Takes back promises that are not used.
void ReleasePromise(const Place& promised, uint32 promise);

// Waits until the record is durable. False, with the reason in *why, when that is in vain.
bool AwaitDurable(const Place& place, const char** why);

// Whether this database's log cannot be written now; *why says why not.
bool IsFailing(const char** why);

// Has the database's worker write what there is and leave, and none come back for two seconds: a
// database that somebody is connected to can be neither dropped nor copied.
void ReleaseDatabase(Oid database);

// The worker's side.

// Whether this process is one.
bool IsWorker();

// Binds this process to the channel. False where the channel has a worker, or no database.
bool EnterWorker(int channel, Oid* database);
void LeaveWorker();
// Copies records up to about `most` bytes into *out; returns the position behind them.
uint64 Peek(StringInfo out, Size most);
// Calls fn for each record of what Peek has copied.
using RecordVisitor = void (*)(void* arg, const char* bytes, Size size);
void VisitRecords(const StringInfoData& copied, RecordVisitor fn, void* arg);
// What stands before the position is durable.
void Advance(uint64 position);
void SetFailing(const char* reason);
void ClearFailing();
bool IsAskedToLeave();
// Nothing waits to be written, and no statement is under way.
bool IsIdle();
// How much of the ring is filled, 0 to 1.
double Fill();
// True once for each channel in a server's life.
bool IsFirstStart();

// The launcher's side.

void EnterLauncher();
// Calls fn for each channel whose database needs a worker and has none; what it returns is kept as
// the reason why there is none, null if one was started.
using Starter = const char* (*)(int channel);
void StartWorkers(Starter fn);
// Has every known database's worker come, to look at the settings.
void WantAllWorkers();

}  // namespace jit::audit
