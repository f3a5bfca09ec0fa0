#include "audit/ring.h"

#include "audit/settings.h"

extern "C" {
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
}

namespace jit::audit {

namespace {

constexpr TimestampTz kSecond = USECS_PER_SEC;
// How long a launched worker may take to arrive before another one is tried.
constexpr TimestampTz kStartTime = 5 * kSecond;
constexpr TimestampTz kReleaseTime = 2 * kSecond;
constexpr int kReasonSize = 200;

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

Shared* shared = nullptr;
char* channels = nullptr;
int own_channel = -1;  // this backend's database's, once found
int worker_channel = -1;
char reason_copy[kReasonSize];

Size Stride() {
  return MAXALIGN(add_size(sizeof(Channel), mul_size(static_cast<Size>(buffer_kb), 1024)));
}

Size SharedSize() {
  return add_size(MAXALIGN(sizeof(Shared)), mul_size(Stride(), static_cast<Size>(databases)));
}

Channel* ChannelAt(int index) {
  return reinterpret_cast<Channel*>(channels + shared->stride * static_cast<Size>(index));
}

char* BytesOf(Channel* c) { return reinterpret_cast<char*>(c) + sizeof(Channel); }

// Frames are a length and the record, rounded up.
uint64 FrameSize(Size size) { return MAXALIGN(sizeof(uint64) + size); }

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

void WakeWorker(Channel* c) {
  // Both lie in shared memory for good: a latch whose owner has gone is set in vain.
  if (c->worker_pid != 0 && c->worker_latch != nullptr)
    SetLatch(c->worker_latch);
  else if (shared->launcher_latch != nullptr)
    SetLatch(shared->launcher_latch);
}

enum class Tried { kDone, kFull, kCrowded, kLost };

// A session may keep so much promised whatever others do; more only while half the ring is not.
constexpr uint64 kFairShare = 32 * kEndSize;
uint64 own_promised = 0;

Tried TryPut(int index, const char* bytes, Size size, uint32 promise, Place* place) {
  Channel* c = ChannelAt(index);
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  if (c->database != MyDatabaseId) {
    LWLockRelease(&c->lock);
    return Tried::kLost;
  }
  uint64 used = c->written - c->taken + c->promised;
  bool fits = used + FrameSize(size) + promise <= shared->ring_size;
  bool crowded = promise != 0 && own_promised + promise > kFairShare &&
                 c->promised + promise > shared->ring_size / 2;
  fits &= !crowded;
  bool wake = false;
  if (fits) {
    // Only for who is going to wait: the worker looks by itself now and then, and one flush of the
    // log does for many.
    wake =
        (promise != 0 && mode == kModeSync) || c->worker_pid == 0 || used > shared->ring_size / 4;
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

void RequestRingMemory() { RequestAddinShmemSpace(SharedSize()); }

void InitRing() {
  bool found;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  shared = static_cast<Shared*>(ShmemInitStruct("jit_access audit", SharedSize(), &found));
  channels = reinterpret_cast<char*>(shared) + MAXALIGN(sizeof(Shared));
  if (!found) {
    int tranche = LWLockNewTrancheId();
    memset(static_cast<void*>(shared), 0, sizeof(Shared));
    LWLockInitialize(&shared->lock, tranche);
    // Later than every number of the server's lives before, unless those took more than a thousand
    // in each microsecond.
    shared->first_id = static_cast<uint64>(GetCurrentTimestamp()) << 10;
    pg_atomic_init_u64(&shared->next_id, shared->first_id);
    shared->count = databases;
    shared->ring_size = static_cast<Size>(buffer_kb) * 1024;
    shared->stride = Stride();
    for (int i = 0; i < shared->count; i++) {
      Channel* c = ChannelAt(i);
      memset(static_cast<void*>(c), 0, sizeof(Channel));
      LWLockInitialize(&c->lock, tranche);
      ConditionVariableInit(&c->progress);
    }
    LWLockRegisterTranche(tranche, "jit_access audit");
  }
  LWLockRelease(AddinShmemInitLock);
}

int64 NextStatementId() { return static_cast<int64>(pg_atomic_fetch_add_u64(&shared->next_id, 1)); }

int64 FirstStatementId() { return static_cast<int64>(shared->first_id); }

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

bool IsWorker() { return worker_channel >= 0; }

namespace {

void OnWorkerExit(int, Datum) { LeaveWorker(); }

void OnLauncherExit(int, Datum) { shared->launcher_latch = nullptr; }

Channel* Mine() { return ChannelAt(worker_channel); }

}  // namespace

bool EnterWorker(int channel, Oid* database) {
  if (channel < 0 || channel >= shared->count) return false;
  Channel* c = ChannelAt(channel);
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  bool free = c->worker_pid == 0 && OidIsValid(c->database);
  if (free) {
    c->worker_pid = MyProcPid;
    c->worker_latch = MyLatch;
    c->leave = false;
    c->wanted = false;
    *database = c->database;
  }
  LWLockRelease(&c->lock);
  if (!free) return false;
  worker_channel = channel;
  before_shmem_exit(OnWorkerExit, static_cast<Datum>(0));
  return true;
}

void LeaveWorker() {
  if (worker_channel < 0) return;
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  c->worker_pid = 0;
  c->worker_latch = nullptr;
  bool left = c->leave;
  c->leave = false;
  TimestampTz now = GetCurrentTimestamp();
  // One that could not work is not started over and over.
  if (c->failing)
    c->no_start_before = now + kSecond;
  else if (!left)
    c->no_start_before = 0;
  LWLockRelease(&c->lock);
  ConditionVariableBroadcast(&c->progress);
  worker_channel = -1;
}

uint64 Peek(StringInfo out, Size most) {
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_SHARED);
  uint64 from = c->taken;
  uint64 written = c->written;
  LWLockRelease(&c->lock);
  resetStringInfo(out);
  // What lies before `written` does not change until it is taken.
  uint64 to = from;
  while (to < written) {
    uint64 length;
    Size at = to % shared->ring_size;  // frames are aligned, so that a length is never split
    memcpy(&length, BytesOf(c) + at, sizeof length);
    uint64 next = to + FrameSize(length);
    if (to > from && next - from > most) break;
    to = next;
  }
  Size size = to - from;
  enlargeStringInfo(out, static_cast<int>(size));
  Size at = from % shared->ring_size;
  Size first = Min(size, shared->ring_size - at);
  appendBinaryStringInfo(out, BytesOf(c) + at, static_cast<int>(first));
  appendBinaryStringInfo(out, BytesOf(c), static_cast<int>(size - first));
  return to;
}

void VisitRecords(const StringInfoData& copied, RecordVisitor fn, void* arg) {
  for (Size at = 0; at < static_cast<Size>(copied.len);) {
    uint64 length;
    memcpy(&length, copied.data + at, sizeof length);
    fn(arg, copied.data + at + sizeof length, length);
    at += FrameSize(length);
  }
}

void Advance(uint64 position) {
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  c->taken = position;
  LWLockRelease(&c->lock);
  ConditionVariableBroadcast(&c->progress);
}

void SetFailing(const char* reason) {
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  c->failing = true;
  strlcpy(c->reason, reason, sizeof c->reason);
  LWLockRelease(&c->lock);
  ConditionVariableBroadcast(&c->progress);
}

void ClearFailing() {
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  c->failing = false;
  c->reason[0] = '\0';
  LWLockRelease(&c->lock);
}

bool IsAskedToLeave() { return Mine()->leave; }

bool IsIdle() {
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_SHARED);
  bool idle = c->written == c->taken && c->promised == 0;
  LWLockRelease(&c->lock);
  return idle;
}

double Fill() {
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_SHARED);
  double used = static_cast<double>(c->written - c->taken);
  LWLockRelease(&c->lock);
  return used / static_cast<double>(shared->ring_size);
}

bool IsFirstStart() {
  Channel* c = Mine();
  LWLockAcquire(&c->lock, LW_EXCLUSIVE);
  bool first = !c->known;
  c->known = true;
  LWLockRelease(&c->lock);
  return first;
}

void EnterLauncher() {
  shared->launcher_latch = MyLatch;
  before_shmem_exit(OnLauncherExit, static_cast<Datum>(0));
}

void StartWorkers(Starter fn) {
  TimestampTz now = GetCurrentTimestamp();
  for (int i = 0; i < shared->count; i++) {
    Channel* c = ChannelAt(i);
    LWLockAcquire(&c->lock, LW_EXCLUSIVE);
    bool start = OidIsValid(c->database) && c->worker_pid == 0 &&
                 (c->written != c->taken || c->wanted) && now >= c->no_start_before;
    if (start) c->no_start_before = now + kStartTime;
    LWLockRelease(&c->lock);
    if (!start) continue;
    const char* reason = fn(i);
    if (reason == nullptr) continue;
    LWLockAcquire(&c->lock, LW_EXCLUSIVE);
    c->failing = true;
    strlcpy(c->reason, reason, sizeof c->reason);
    c->no_start_before = now + kSecond;
    LWLockRelease(&c->lock);
    ConditionVariableBroadcast(&c->progress);
  }
}

void WantAllWorkers() {
  for (int i = 0; i < shared->count; i++) {
    Channel* c = ChannelAt(i);
    LWLockAcquire(&c->lock, LW_EXCLUSIVE);
    if (OidIsValid(c->database)) c->wanted = true;
    LWLockRelease(&c->lock);
  }
}

}  // namespace jit::audit
