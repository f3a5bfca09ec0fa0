#include "audit/channels.h"

#include "audit/ring.h"
#include "audit/settings.h"

extern "C" {
#include "storage/ipc.h"
#include "storage/shmem.h"
}

namespace jit::audit {

Shared* shared = nullptr;

namespace {

char* channels = nullptr;

Size Stride() {
  return MAXALIGN(add_size(sizeof(Channel), mul_size(static_cast<Size>(buffer_kb), 1024)));
}

Size SharedSize() {
  return add_size(MAXALIGN(sizeof(Shared)), mul_size(Stride(), static_cast<Size>(databases)));
}

}  // namespace

Channel* ChannelAt(int index) {
  return reinterpret_cast<Channel*>(channels + shared->stride * static_cast<Size>(index));
}

void WakeWorker(Channel* c) {
  // Both lie in shared memory for good: a latch whose owner has gone is set in vain. Read once: the
  // owner may go, and say so, at any time.
  Latch* worker = *const_cast<Latch* volatile*>(&c->worker_latch);
  Latch* launcher = *const_cast<Latch* volatile*>(&shared->launcher_latch);
  Latch* latch = worker != nullptr ? worker : launcher;
  if (latch != nullptr) SetLatch(latch);
}

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

}  // namespace jit::audit
