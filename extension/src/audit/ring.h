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

}  // namespace jit::audit
