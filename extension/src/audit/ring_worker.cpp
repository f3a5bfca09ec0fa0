#include "audit/ring_worker.h"

#include "audit/channels.h"

extern "C" {
#include "storage/ipc.h"
}

namespace jit::audit {

namespace {

// How long a launched worker may take to arrive before another one is tried.
constexpr TimestampTz kStartTime = 5 * kSecond;

int worker_channel = -1;

}  // namespace

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
