#include "grants/coverage.h"

#include "grants/cache.h"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "utils/syscache.h"
}

namespace jit::grants {

namespace {

// Bound to the object that was approved: by OID, and by name, since an OID can come back.
bool IsOf(const Grant& grant, Oid relid) {
  if (OidIsValid(grant.relation_oid) && grant.relation_oid != relid) return false;
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
  if (!HeapTupleIsValid(tuple)) return false;
  Form_pg_class relation = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  bool same = relation->relnamespace == grant.schema_oid &&
              (!OidIsValid(grant.relation_oid) ||
               strcmp(NameStr(relation->relname), NameStr(grant.relation_name)) == 0);
  ReleaseSysCache(tuple);
  if (!same) return false;
  tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(grant.schema_oid));
  if (!HeapTupleIsValid(tuple)) return false;
  Form_pg_namespace schema = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple));
  same = strcmp(NameStr(schema->nspname), NameStr(grant.schema_name)) == 0;
  ReleaseSysCache(tuple);
  return same;
}

// Takes from `need` what `grant` gives; whether it gave anything.
bool Subtract(Need* need, const Grant& grant, bool explain) {
  PrivilegeMask before = MaskOf(*need);
  if (explain && (grant.mask & kExplain) && !grant.by_column && !(before & kNever)) {
    need->table_mask = 0;
    need->select_cols = need->insert_cols = need->update_cols = need->unmask_cols = nullptr;
    return before != 0;
  }
  bool gave = false;
  PrivilegeMask given = need->table_mask & grant.mask;
  if (grant.by_column) given &= need->any_mask;
  if (given != 0) {
    need->table_mask &= ~given;
    gave = true;
  }
  for (PrivilegeMask bit : {kSelect, kInsert, kUpdate, kUnmask}) {
    Bitmapset** columns = ColumnsFor(need, bit);
    if (bms_is_empty(*columns) || (grant.mask & bit) == 0) continue;
    Bitmapset* rest = grant.by_column ? bms_difference(*columns, grant.columns) : nullptr;
    if (bms_equal(rest, *columns)) continue;
    *columns = rest;
    gave = true;
  }
  return gave;
}

struct Attempt {
  List* uncovered;
  TimestampTz until;
  int count;
  RunningEntry used[kRunningEntries];
};

void Use(Attempt* attempt, const Grant& grant) {
  attempt->until = Min(attempt->until, grant.expires_at);
  for (int i = 0; i < Min(attempt->count, kRunningEntries); i++) {
    RunningEntry& entry = attempt->used[i];
    if (entry.request_id == grant.request_id) {
      entry.expires_at = Min(entry.expires_at, grant.expires_at);
      return;
    }
  }
  if (attempt->count < kRunningEntries)
    attempt->used[attempt->count] = {grant.request_id, 0, grant.expires_at};
  attempt->count++;
}

bool IsActive(const Grant& grant, TimestampTz now) {
  return grant.starts_at <= now && grant.expires_at > now;
}

// Covers with the grants that are active now and last at least until `lasting`.
Attempt TryCover(GrantSet set, List* needs, TimestampTz now, TimestampTz lasting, bool explain) {
  Attempt attempt = {};
  attempt.until = DT_NOEND;
  ListCell* lc;
  foreach (lc, needs) {
    Need* rest = CopyNeed(*static_cast<Need*>(lfirst(lc)));
    for (int i = 0; i < set.count && !IsEmpty(*rest); i++) {
      const Grant& grant = set.grants[i];
      if (!IsActive(grant, now) || grant.expires_at < lasting) continue;
      if ((grant.mask & (MaskOf(*rest) | (explain ? kExplain : 0))) == 0) continue;
      if (!IsOf(grant, rest->relid) || !Subtract(rest, grant, explain)) continue;
      Use(&attempt, grant);
    }
    if (!IsEmpty(*rest)) attempt.uncovered = lappend(attempt.uncovered, rest);
  }
  return attempt;
}

bool LastsLonger(GrantSet set, TimestampTz until) {
  for (int i = 0; i < set.count; i++)
    if (set.grants[i].expires_at > until) return true;
  return false;
}

Coverage CoverWith(Oid userid, List* needs, bool explain) {
  Coverage coverage = {};
  GrantSet set = GrantsOf(userid);
  TimestampTz now = GetCurrentTimestamp();
  Attempt best = TryCover(set, needs, now, now, explain);
  // Leave out the grants that end first, one end after the other, while the rest still suffices.
  while (best.uncovered == NIL && LastsLonger(set, best.until)) {
    Attempt longer = TryCover(set, needs, now, best.until + 1, explain);
    if (longer.uncovered != NIL) break;
    best = longer;
  }
  coverage.uncovered = best.uncovered;
  coverage.until = best.until;
  coverage.reading = Reading();
  coverage.count = best.count;
  memcpy(coverage.used, best.used, sizeof coverage.used);
  return coverage;
}

}  // namespace

Coverage Cover(Oid userid, List* needs) { return CoverWith(userid, needs, false); }

Coverage CoverExplain(Oid userid, List* needs) { return CoverWith(userid, needs, true); }

}  // namespace jit::grants
