// The shared memory of the ring: a channel for each database, with its bytes behind it. For the two
// sides of the ring only.

#pragma once

#include "pg/server.h"

extern "C" {
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
}

namespace jit::audit {

inline constexpr TimestampTz kSecond = USECS_PER_SEC;
inline constexpr int kReasonSize = 200;

// Positions count bytes since the server started; the byte at position p is bytes[p % size].
struct Channel {
  LWLock lock;
  Oid database;  // InvalidOid: free
  uint64 written;
  uint64 taken;     // what stands before it is durable, and its room free
  uint64 promised;  // bytes kept free for statements under way
  int worker_pid;
  Latch* worker_latch;
  TimestampTz no_start_before;
  bool wanted;   // a worker is to come, whether or not there is anything to write
  bool leave;    // the worker is to go
  bool known;    // a worker has been there since the server started
  bool failing;  // the worker's last attempt failed
  char reason[kReasonSize];
  ConditionVariable progress;
};

struct Shared {
  LWLock lock;  // of the assignment of channels
  pg_atomic_uint64 next_id;
  uint64 first_id;
  Latch* launcher_latch;
  int count;
  Size ring_size;
  Size stride;
};

// Null before the shmem hook has run.
extern Shared* shared;

Channel* ChannelAt(int index);

inline char* BytesOf(Channel* c) { return reinterpret_cast<char*>(c) + sizeof(Channel); }

// Frames are a length and the record, rounded up.
inline uint64 FrameSize(Size size) { return MAXALIGN(sizeof(uint64) + size); }

// Wakes the channel's worker, or the launcher where it has none.
void WakeWorker(Channel* c);

}  // namespace jit::audit
