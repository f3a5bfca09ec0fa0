#include "grants/shared.h"

#include <signal.h>

#include "pg/compat.h"

extern "C" {
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "common/hashfn.h"
#include "port/atomics.h"
#include "replication/walreceiver.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
}

namespace jit::grants {

namespace {

// More grantees than counters share one: they read their grants again a little more often.
constexpr int kCounters = 4096;

struct Slot {
  LWLock lock;  // held exclusively to write, shared to read by others
  int pid;
  Oid database;
  Oid grantee;
  int count;
  RunningEntry entries[kRunningEntries];
};

struct Shared {
  pg_atomic_uint64 counters[kCounters];
  pg_atomic_uint64 waiting_for;    // what a replica had received and not replayed; 0 if nothing
  pg_atomic_uint64 waiting_since;  // when that was noticed
  int slot_count;
  Slot slots[FLEXIBLE_ARRAY_MEMBER];
};

Shared* shared = nullptr;

Size SharedSize() { return add_size(offsetof(Shared, slots), mul_size(sizeof(Slot), MaxBackends)); }

pg_atomic_uint64* Counter(Oid grantee) {
  uint32 hash = hash_combine(murmurhash32(MyDatabaseId), murmurhash32(grantee));
  return &shared->counters[hash % kCounters];
}

Slot* MySlot() {
  int slot = pg::BackendSlot();
  // Auxiliary processes have no slot; they run no statements.
  return shared != nullptr && slot >= 0 && slot < shared->slot_count ? &shared->slots[slot]
                                                                     : nullptr;
}

// Whether the entry is listed now. Writes it first and counts it then: this backend's own timer may
// look in between.
bool AddEntry(Slot* slot, const RunningEntry& entry) {
  for (int i = 0; i < slot->count; i++)
    if (slot->entries[i].request_id == entry.request_id &&
        slot->entries[i].expires_at == entry.expires_at)
      return true;
  if (slot->count >= kRunningEntries) return false;
  slot->entries[slot->count] = entry;
  slot->count++;
  return true;
}

}  // namespace

void RequestSharedMemory() { RequestAddinShmemSpace(SharedSize()); }

void InitSharedMemory() {
  bool found;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  shared = static_cast<Shared*>(ShmemInitStruct("jit_access", SharedSize(), &found));
  if (!found) {
    int tranche = LWLockNewTrancheId();
    memset(static_cast<void*>(shared), 0, SharedSize());
    for (pg_atomic_uint64& counter : shared->counters) pg_atomic_init_u64(&counter, 1);
    pg_atomic_init_u64(&shared->waiting_for, 0);
    pg_atomic_init_u64(&shared->waiting_since, 0);
    shared->slot_count = MaxBackends;
    for (int i = 0; i < MaxBackends; i++) LWLockInitialize(&shared->slots[i].lock, tranche);
    LWLockRegisterTranche(tranche, "jit_access");
  }
  LWLockRelease(AddinShmemInitLock);
}

uint64 ChangeCount(Oid grantee) { return pg_atomic_read_u64(Counter(grantee)); }

void CountChange(Oid grantee) { pg_atomic_fetch_add_u64(Counter(grantee), 1); }

void CountChangeForAll() {
  for (pg_atomic_uint64& counter : shared->counters) pg_atomic_fetch_add_u64(&counter, 1);
}

bool IsReplayHeldUp() {
  constexpr TimestampTz kPatience = 2 * USECS_PER_SEC;
  XLogRecPtr received = GetWalRcvFlushRecPtr(nullptr, nullptr);
  XLogRecPtr replayed = GetXLogReplayRecPtr(nullptr);
  TimestampTz now = GetCurrentTimestamp();
  XLogRecPtr waiting_for = pg_atomic_read_u64(&shared->waiting_for);
  if (waiting_for != 0 && replayed < waiting_for)
    return now - static_cast<TimestampTz>(pg_atomic_read_u64(&shared->waiting_since)) > kPatience;
  // Two backends may both begin to wait: either's mark will do.
  pg_atomic_write_u64(&shared->waiting_since, static_cast<uint64>(now));
  pg_atomic_write_u64(&shared->waiting_for, replayed < received ? received : 0);
  return false;
}

int EnterRunning(Oid grantee, const RunningEntry* entries, int count) {
  Slot* slot = MySlot();
  if (slot == nullptr)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("a grant can be used in a client's session only")));
  LWLockAcquire(&slot->lock, LW_EXCLUSIVE);
  int mark = slot->count;
  if (mark == 0) {
    slot->pid = MyProcPid;
    slot->database = MyDatabaseId;
  }
  slot->grantee = grantee;
  bool fits = count <= kRunningEntries;
  for (int i = 0; i < count && fits; i++) fits = AddEntry(slot, entries[i]);
  if (!fits) slot->count = mark;
  LWLockRelease(&slot->lock);
  if (!fits)
    ereport(ERROR,
            (errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
             errmsg("statements that run one inside the other use more than %d requests",
                    kRunningEntries),
             errhint("Ask for what they need in fewer requests: jit_request takes several tables, "
                     "and ALL TABLES IN SCHEMA.")));
  return mark;
}

void LeaveRunning(int mark) {
  Slot* slot = MySlot();
  if (slot == nullptr) return;
  LWLockAcquire(&slot->lock, LW_EXCLUSIVE);
  slot->count = mark;
  LWLockRelease(&slot->lock);
}

void ForgetRunning() {
  Slot* slot = MySlot();
  if (slot != nullptr && slot->pid == MyProcPid && slot->count != 0) {
    LWLockAcquire(&slot->lock, LW_EXCLUSIVE);
    slot->count = 0;
    LWLockRelease(&slot->lock);
  }
}

TimestampTz EarliestEnd() {
  const Slot* slot = MySlot();
  TimestampTz earliest = DT_NOEND;
  if (slot == nullptr || slot->pid != MyProcPid) return earliest;
  // Aligned 64-bit reads; only this backend shrinks the list.
  for (int i = 0; i < slot->count; i++) earliest = Min(earliest, slot->entries[i].expires_at);
  return earliest;
}

bool FirstToEnd(int mark, RunningEntry* entry) {
  const Slot* slot = MySlot();
  if (slot == nullptr || slot->pid != MyProcPid) return false;
  bool found = false;
  for (int i = mark; i < slot->count; i++) {
    if (found && slot->entries[i].expires_at >= entry->expires_at) continue;
    *entry = slot->entries[i];
    found = true;
  }
  return found;
}

namespace {

// Calls fn(slot) for each slot with running entries, its lock held.
template <typename Fn>
void ForEachSlotAnywhere(LWLockMode mode, Fn fn) {
  for (int i = 0; i < shared->slot_count; i++) {
    Slot* slot = &shared->slots[i];
    // Unlocked look: who starts now reads the grants after the change that made us look.
    if (slot->count == 0) continue;
    LWLockAcquire(&slot->lock, mode);
    if (slot->count > 0) fn(slot);
    LWLockRelease(&slot->lock);
  }
}

// The same for the slots of this database.
template <typename Fn>
void ForEachSlot(LWLockMode mode, Fn fn) {
  ForEachSlotAnywhere(mode, [&](Slot* slot) {
    if (slot->database == MyDatabaseId) fn(slot);
  });
}

// Ends the slot's entries of a request (0: all), and interrupts the backend. The lock is held: the
// backend cannot have left the statement, since leaving takes the lock, so no later one is hit.
bool End(Slot* slot, int64 request_id) {
  bool hit = false;
  bool all = request_id == 0;
  for (int i = 0; i < slot->count; i++) {
    RunningEntry& entry = slot->entries[i];
    if (!all && entry.request_id != request_id && entry.extension_id != request_id) continue;
    entry.expires_at = DT_NOBEGIN;
    hit = true;
  }
  if (hit) kill(slot->pid, SIGINT);
  return hit;
}

}  // namespace

int CancelRunning(int64 request_id, int pid) {
  int cancelled = 0;
  ForEachSlot(LW_EXCLUSIVE, [&](Slot* slot) {
    if ((pid == 0 || slot->pid == pid) && End(slot, request_id)) cancelled++;
  });
  return cancelled;
}

void CancelAllRunning() {
  ForEachSlot(LW_EXCLUSIVE, [](Slot* slot) { End(slot, 0); });
}

void CancelRunningOf(Oid grantee) {
  ForEachSlotAnywhere(LW_EXCLUSIVE, [&](Slot* slot) {
    if (slot->grantee == grantee) End(slot, 0);
  });
}

void ProlongRunning(int64 request_id, int64 extension_id, TimestampTz expires_at) {
  ForEachSlot(LW_EXCLUSIVE, [&](Slot* slot) {
    for (int i = 0; i < slot->count; i++) {
      RunningEntry& entry = slot->entries[i];
      if (entry.request_id != request_id && entry.extension_id != request_id) continue;
      if (entry.expires_at == DT_NOBEGIN) continue;  // revoked
      entry.extension_id = extension_id;
      entry.expires_at = Max(entry.expires_at, expires_at);
    }
  });
}

void VisitRunning(RunningVisitor fn, void* arg) {
  for (int i = 0; i < shared->slot_count; i++) {
    RunningEntry entries[kRunningEntries];
    Slot* slot = &shared->slots[i];
    LWLockAcquire(&slot->lock, LW_SHARED);
    int count = slot->database == MyDatabaseId ? slot->count : 0;
    int pid = slot->pid;
    Oid grantee = slot->grantee;
    memcpy(entries, slot->entries, sizeof(RunningEntry) * count);
    LWLockRelease(&slot->lock);
    // The visitor may raise: no lock is held here.
    for (int e = 0; e < count; e++) fn(arg, pid, grantee, entries[e]);
  }
}

void VisitGrantees(GranteeVisitor fn, void* arg) {
  for (int i = 0; i < shared->slot_count; i++) {
    Slot* slot = &shared->slots[i];
    if (slot->count == 0) continue;
    LWLockAcquire(&slot->lock, LW_SHARED);
    Oid grantee = slot->count > 0 ? slot->grantee : InvalidOid;
    LWLockRelease(&slot->lock);
    // The visitor may raise: no lock is held here.
    if (OidIsValid(grantee)) fn(arg, grantee);
  }
}

}  // namespace jit::grants
