#include "enforce/stored_rows.h"

#include "grants/shared.h"

extern "C" {
#include "port/atomics.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"
}

namespace jit::enforce {

namespace {

// While such a portal waits for its client, nobody tells this backend of a revocation.
constexpr TimestampTz kLookEvery = 50 * (USECS_PER_SEC / 1000);

// Lives in the portal's own memory.
struct StoringPortal {
  StoringPortal* next;
  Portal portal;
  bool bound;  // some of its rows were read by grants
  Oid userid;
  TimestampTz until;
  uint64 change_count;
};

// Read by a signal handler: items are complete before they are linked, and unlinked before they go.
StoringPortal* portals = nullptr;

void Unlink(void* arg) {
  for (StoringPortal** link = &portals; *link != nullptr; link = &(*link)->next) {
    if (*link == arg) {
      *link = (*link)->next;
      break;
    }
  }
  pg_compiler_barrier();
}

}  // namespace

bool StoresRows() {
  if (ActivePortal == nullptr) return false;
  switch (ActivePortal->strategy) {
    case PORTAL_ONE_RETURNING:
    case PORTAL_ONE_MOD_WITH:
    case PORTAL_UTIL_SELECT:
      return true;
    default:
      return false;
  }
}

void NoteStoringPortal() {
  if (!StoresRows()) return;
  for (StoringPortal* p = portals; p != nullptr; p = p->next)
    if (p->portal == ActivePortal) return;
  MemoryContext context = ActivePortal->portalContext;
  StoringPortal* p =
      static_cast<StoringPortal*>(MemoryContextAllocZero(context, sizeof(StoringPortal)));
  MemoryContextCallback* callback = static_cast<MemoryContextCallback*>(
      MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
  callback->func = Unlink;
  callback->arg = p;
  MemoryContextRegisterResetCallback(context, callback);
  p->portal = ActivePortal;
  p->next = portals;
  pg_compiler_barrier();
  portals = p;
}

void BindStoredRows(Oid userid, TimestampTz until) {
  for (StoringPortal* p = portals; p != nullptr; p = p->next) {
    if (p->portal->status != PORTAL_ACTIVE) continue;  // not around what runs
    // Of several users' rows those bound first decide as well: their change count is kept.
    p->until = p->bound ? Min(p->until, until) : until;
    if (!p->bound) {
      p->userid = userid;
      p->change_count = grants::ChangeCount(userid);
    }
    pg_compiler_barrier();
    p->bound = true;
  }
}

TimestampTz CloseEndedPortals(TimestampTz now) {
  TimestampTz next = DT_NOEND;
  for (StoringPortal* p = portals; p != nullptr; p = p->next) {
    if (!p->bound || p->portal->status == PORTAL_DONE) continue;
    bool over = now >= p->until || grants::ChangeCount(p->userid) != p->change_count;
    if (over && p->portal->status == PORTAL_READY) {
      // The server refuses to run it again: "portal cannot be run".
      p->portal->status = PORTAL_DONE;
      continue;
    }
    next = Min(next, over ? now + kLookEvery : Min(p->until, now + kLookEvery));
  }
  return next;
}

}  // namespace jit::enforce
