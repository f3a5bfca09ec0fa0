#include "tokens/shared.h"

#include <signal.h>

#include "pg/compat.h"

extern "C" {
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
}

namespace jit::tokens {

namespace {

struct Slot {
  int pid;
  Oid database;
  int64 token_id;  // 0: runs by none
};

struct Shared {
  LWLock lock;  // held exclusively to write, shared to read by others
  int slot_count;
  Slot slots[FLEXIBLE_ARRAY_MEMBER];
};

Shared* shared = nullptr;
bool exit_registered = false;

Size SharedSize() { return add_size(offsetof(Shared, slots), mul_size(sizeof(Slot), MaxBackends)); }

void Write(const Slot& content) {
  int slot = pg::BackendSlot();
  if (shared == nullptr || slot < 0 || slot >= shared->slot_count) return;
  LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
  shared->slots[slot] = content;
  LWLockRelease(&shared->lock);
}

void OnExit(int, Datum) { Write({}); }

}  // namespace

void RequestSharedMemory() { RequestAddinShmemSpace(SharedSize()); }

void InitSharedMemory() {
  bool found;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  shared = static_cast<Shared*>(ShmemInitStruct("jit_access tokens", SharedSize(), &found));
  if (!found) {
    int tranche = LWLockNewTrancheId();
    memset(static_cast<void*>(shared), 0, SharedSize());
    shared->slot_count = MaxBackends;
    LWLockInitialize(&shared->lock, tranche);
    LWLockRegisterTranche(tranche, "jit_access_tokens");
  }
  LWLockRelease(AddinShmemInitLock);
}

void Publish(int64 token_id) {
  // Before the backend's number is given to another, which must not be ended in its place.
  if (!exit_registered) before_shmem_exit(OnExit, static_cast<Datum>(0));
  exit_registered = true;
  Write({MyProcPid, MyDatabaseId, token_id});
}

void EndSessionsOf(int64 token_id) {
  if (shared == nullptr) return;
  // The lock is held: a backend that exits waits to take itself off the list.
  LWLockAcquire(&shared->lock, LW_SHARED);
  for (int i = 0; i < shared->slot_count; i++) {
    const Slot& slot = shared->slots[i];
    if (slot.token_id == 0 || slot.database != MyDatabaseId) continue;
    if (token_id != 0 && slot.token_id != token_id) continue;
    kill(slot.pid, SIGTERM);
  }
  LWLockRelease(&shared->lock);
}

}  // namespace jit::tokens
