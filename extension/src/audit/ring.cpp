#include "audit/ring.h"

#include "audit/channels.h"
#include "audit/settings.h"

extern "C" {
#include "miscadmin.h"
#include "pgstat.h"
}

namespace jit::audit {

namespace {

constexpr TimestampTz kReleaseTime = 2 * kSecond;

int own_channel = -1;  // this backend's database's, once found
char reason_copy[kReasonSize];

void CopyIn(Channel* c, uint64 position, const void* from, Size size) {
  const char* source = static_cast<const char*>(from);
  Size at = position % shared->ring_size;
  Size first = Min(size, shared->ring_size - at);
  memcpy(BytesOf(c) + at, source, first);
  memcpy(BytesOf(c), source + first, size - first);
}

// The lock is held exclusively, and there is room.
void Write(Channel* c, const char* bytes, Size size) {
  uint64 length = size;
  CopyIn(c, c->written, &length, sizeof length);
  CopyIn(c, c->written + sizeof length, bytes, size);
  c->written += FrameSize(size);
}

bool IsUnused(const Channel* c) {
  return c->written == c->taken && c->promised == 0 && c->worker_pid == 0;
}

// The channel of this database, made where there is none; -1 where all are in use.
int FindChannel() {
  if (own_channel >= 0 && ChannelAt(own_channel)->database == MyDatabaseId) return own_channel;
  int found = -1;
  int unused = -1;
  LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
  for (int i = 0; i < shared->count && found < 0; i++) {
    Channel* c = ChannelAt(i);
    LWLockAcquire(&c->lock, LW_SHARED);
    if (c->database == MyDatabaseId) found = i;
    if (IsUnused(c) &&
        (unused < 0 || (OidIsValid(ChannelAt(unused)->database) && !OidIsValid(c->database))))
      unused = i;
    LWLockRelease(&c->lock);
  }
  if (found < 0 && unused >= 0) {
    Channel* c = ChannelAt(unused);
    LWLockAcquire(&c->lock, LW_EXCLUSIVE);
    if (IsUnused(c)) {
      c->database = MyDatabaseId;
      c->known = c->failing = c->leave = c->wanted = false;
      c->no_start_before = 0;
      found = unused;
    }
    LWLockRelease(&c->lock);
  }
  LWLockRelease(&shared->lock);
  own_channel = found;
  return found;
}

enum class Tried { kDone, kFull, kCrowded, kLost };

uint64 own_promised = 0;

// A session may keep so much promised whatever others do; more only while half the ring is not. All
// together that leaves room for records.
uint64 FairShare() {
  uint64 share = shared->ring_size / 4 / static_cast<uint64>(MaxConnections);
  return Max(share, 4 * kEndSize);
}

Tried TryPut(int index, const char* bytes, Size size, uint32 promise, Place* place) {
  Channel* c = ChannelAt(index);
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  if (c->database != MyDatabaseId) {
    LWLockRelease(&c->lock);
    return Tried::kLost;
  }
  uint64 used = c->written - c->taken + c->promised;
  bool fits = used + FrameSize(size) + promise <= shared->ring_size;
  bool crowded = promise != 0 && own_promised + promise > FairShare() &&
                 c->promised + promise > shared->ring_size / 2;
  fits &= !crowded;
  bool wake = false;
  if (fits) {
    // Who waits wakes it: it looks by itself now and then, and one flush does for many.
    wake = c->worker_pid == 0 || used > shared->ring_size / 4;
    Write(c, bytes, size);
    c->promised += promise;
    own_promised += promise;
    *place = {index, c->written};
  }
  LWLockRelease(&c->lock);
  if (crowded) return Tried::kCrowded;
  if (wake || !fits) WakeWorker(c);
  return fits ? Tried::kDone : Tried::kFull;
}

struct Snapshot {
  bool ours;
  uint64 taken;
  bool failing;
  int worker_pid;
};

Snapshot Look(Channel* c) {
  LWLockAcquire(&c->lock, LW_SHARED);
  Snapshot s = {c->database == MyDatabaseId, c->taken, c->failing, c->worker_pid};
  if (s.failing) strlcpy(reason_copy, c->reason, sizeof reason_copy);
  LWLockRelease(&c->lock);
  return s;
}

const char* ReasonFor(const Snapshot& s) {
  if (s.failing) return reason_copy;
  return s.worker_pid == 0 ? "its worker is not running" : "its worker makes no progress";
}

// Sleeps until done(), or until there has been no progress for as long as the settings allow.
template <typename Fn>
bool Await(int index, Fn done, const char** why) {
  Channel* c = ChannelAt(index);
  TimestampTz since = GetCurrentTimestamp();
  uint64 seen = Look(c).taken;
  bool reached = false;
  ConditionVariablePrepareToSleep(&c->progress);
  for (;;) {
    reached = done();
    if (reached) break;
    Snapshot s = Look(c);
    TimestampTz now = GetCurrentTimestamp();
    if (s.taken != seen) {
      seen = s.taken;
      since = now;
    }
    // One that fails tries again each second: it gets the time for that.
    long limit = s.failing ? Min(timeout_ms, 1500) : timeout_ms;
    long left = limit - static_cast<long>((now - since) / 1000);
    if (left <= 0 || !s.ours) {
      *why = ReasonFor(s);
      break;
    }
    WakeWorker(c);
    ConditionVariableTimedSleep(&c->progress, Min(left, 1000L), PG_WAIT_EXTENSION);
  }
  ConditionVariableCancelSleep();
  return reached;
}

}  // namespace

bool Put(const char* bytes, Size size, uint32 promise, bool may_wait, Place* place,
         const char** why) {
  *place = {-1, 0};
  for (int i = 0; i < 3; i++) {
    int index = FindChannel();
    if (index < 0) {
      *why = "more databases are audited than jit_access.audit_databases allows";
      return false;
    }
    Tried tried = TryPut(index, bytes, size, promise, place);
    if (tried == Tried::kFull) {
      *why = "its buffer is full";
      if (!may_wait) return false;
      if (!Await(
              index,
              [&] {
                tried = TryPut(index, bytes, size, promise, place);
                return tried != Tried::kFull;
              },
              why))
        return false;
    }
    if (tried == Tried::kDone) return true;
    if (tried == Tried::kCrowded) {
      *why = "this session has too many statements open; close cursors";
      return false;
    }
    own_channel = -1;  // given to another database meanwhile
  }
  *why = "its buffer was given to other databases";
  return false;
}

bool PutPromised(const char* bytes, Size size, const Place& promised) {
  if (promised.channel < 0) return false;
  Channel* c = ChannelAt(promised.channel);
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  // A promise keeps the channel this database's.
  bool wake = c->worker_pid == 0 || c->written - c->taken > shared->ring_size / 4;
  c->promised -= kEndSize;
  own_promised -= kEndSize;
  Write(c, bytes, size);
  LWLockRelease(&c->lock);
  if (wake) WakeWorker(c);
  return true;
}

void ReleasePromise(const Place& promised, uint32 promise) {
  if (promised.channel < 0) return;
  Channel* c = ChannelAt(promised.channel);
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  c->promised -= promise;
  own_promised -= promise;
  LWLockRelease(&c->lock);
}

bool AwaitDurable(const Place& place, const char** why) {
  if (place.channel < 0) return true;
  Channel* c = ChannelAt(place.channel);
  return Await(
      place.channel,
      [&] {
        Snapshot s = Look(c);
        return s.ours && s.taken >= place.end;
      },
      why);
}

bool IsFailing(const char** why) {
  int index = FindChannel();
  if (index < 0) return false;
  Snapshot s = Look(ChannelAt(index));
  if (s.failing) *why = reason_copy;
  return s.failing;
}

void ReleaseDatabase(Oid database) {
  for (int i = 0; i < shared->count; i++) {
    Channel* c = ChannelAt(i);
    if (c->database != database) continue;
    TimestampTz until = GetCurrentTimestamp() + 5 * kSecond;
    for (;;) {
      LWLockAcquire(&c->lock, LW_EXCLUSIVE);
      bool there = c->database == database && c->worker_pid != 0;
      c->leave = there;
      c->wanted = false;
      c->no_start_before = GetCurrentTimestamp() + kReleaseTime;
      LWLockRelease(&c->lock);
      if (!there || GetCurrentTimestamp() > until) return;
      WakeWorker(c);
      CHECK_FOR_INTERRUPTS();
      pg_usleep(5000);
    }
  }
}

}  // namespace jit::audit
