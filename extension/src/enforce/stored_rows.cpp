#include "enforce/stored_rows.h"

#include "grants/cache.h"
#include "grants/coverage.h"
#include "grants/shared.h"
#include "pg/installed.h"

extern "C" {
#include "port/atomics.h"
#include "tcop/pquery.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/portal.h"
}

namespace jit::enforce {

namespace {

// While such a portal waits for its client, nobody tells this backend of a revocation.
constexpr TimestampTz kLookEvery = 50 * (USECS_PER_SEC / 1000);

// Lives in the portal's own memory.
struct KnownPortal {
  KnownPortal* next;
  Portal portal;
  bool bound;  // some of its rows were read by grants
  Oid userid;
  List* needs;  // Need *: what those grants must go on covering
  TimestampTz until;
  uint64 change_count;
};

// Read by a signal handler: items are complete before they are linked, and unlinked before they go.
KnownPortal* portals = nullptr;

void Unlink(void* arg) {
  for (KnownPortal** link = &portals; *link != nullptr; link = &(*link)->next) {
    if (*link == arg) {
      *link = (*link)->next;
      break;
    }
  }
  pg_compiler_barrier();
}

// Whether the portal computes all its rows at its first execution.
bool ComputesAtOnce(Portal portal) {
  switch (portal->strategy) {
    case PORTAL_ONE_RETURNING:
    case PORTAL_ONE_MOD_WITH:
    case PORTAL_UTIL_SELECT:
      return true;
    default:
      return false;
  }
}

void Bind(KnownPortal* p, const Elevated& e) {
  MemoryContext caller = MemoryContextSwitchTo(p->portal->portalContext);
  ListCell* lc;
  foreach (lc, e.needs) p->needs = grants::AddNeed(p->needs, *static_cast<Need*>(lfirst(lc)));
  MemoryContextSwitchTo(caller);
  p->until = p->bound ? Min(p->until, e.coverage.until) : e.coverage.until;
  if (!p->bound) {
    p->userid = e.userid;
    p->change_count = grants::ChangeCount(e.userid);
  }
  pg_compiler_barrier();
  p->bound = true;
}

}  // namespace

void NotePortal() {
  if (ActivePortal == nullptr) return;
  for (KnownPortal* p = portals; p != nullptr; p = p->next)
    if (p->portal == ActivePortal) return;
  MemoryContext context = ActivePortal->portalContext;
  KnownPortal* p = static_cast<KnownPortal*>(MemoryContextAllocZero(context, sizeof(KnownPortal)));
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

void BindPortals(const Elevated& statement) {
  for (KnownPortal* p = portals; p != nullptr; p = p->next) {
    // Around what has run; its own portal is watched as the statement itself.
    if (p->portal->status == PORTAL_ACTIVE && p->portal->queryDesc != statement.desc)
      Bind(p, statement);
  }
}

List* UncoveredRowsOf(const QueryDesc* desc) {
  for (KnownPortal* p = portals; p != nullptr; p = p->next) {
    if (!p->bound || p->portal->queryDesc != desc) continue;
    AcceptInvalidationMessages();
    if (!pg::IsGoverned(p->userid)) return p->needs;
    return grants::Cover(p->userid, p->needs).uncovered;
  }
  return NIL;
}

TimestampTz CloseEndedPortals(TimestampTz now) {
  TimestampTz next = DT_NOEND;
  for (KnownPortal* p = portals; p != nullptr; p = p->next) {
    if (!p->bound || p->portal->status == PORTAL_DONE || !ComputesAtOnce(p->portal)) continue;
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
