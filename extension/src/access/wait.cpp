// jit_wait: blocks until a request is decided.

#include "pg/installed.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace jit::access {

namespace {

constexpr long kPollMilliseconds = 50;
// Once approved, a request becomes active within moments, if a coordinator runs.
constexpr int64 kPushMicroseconds = 2 * USECS_PER_SEC;

// What of a row of jit.requests decides how long to wait.
struct State {
  bool found;
  bool ours;  // written by this very transaction, so that nobody else can see it
  Oid requester;
  Oid requested_by;  // InvalidOid where the requester asked
  char status[16];
  TimestampTz lapse_at;
  TimestampTz starts_at;   // DT_NOEND where NULL
  TimestampTz expires_at;  // DT_NOEND where NULL
  bool pushed;
  bool scheduled;  // starts_at is set
};

struct RequestsTable {
  Oid table;
  Oid by_id;
  AttrNumber id, requester, requested_by, status, lapse_at, starts_at, pushed_at, expires_at,
      requirements;
};

AttrNumber Column(Oid table, const char* name) {
  AttrNumber number = get_attnum(table, name);
  if (number == InvalidAttrNumber) elog(ERROR, "jit.requests has no column \"%s\"", name);
  return number;
}

RequestsTable FindTable() {
  Oid schema = get_namespace_oid("jit", false);
  Oid table = get_relname_relid("requests", schema);
  Oid index = get_relname_relid("requests_pkey", schema);
  if (!OidIsValid(table) || !OidIsValid(index)) elog(ERROR, "jit.requests does not exist");
  return {table,
          index,
          Column(table, "id"),
          Column(table, "requester_oid"),
          Column(table, "requested_by_oid"),
          Column(table, "status"),
          Column(table, "lapse_at"),
          Column(table, "starts_at"),
          Column(table, "pushed_at"),
          Column(table, "expires_at"),
          Column(table, "requirements")};
}

TimestampTz TimeOr(HeapTuple tuple, AttrNumber column, TupleDesc desc, TimestampTz otherwise,
                   bool* present = nullptr) {
  bool is_null;
  Datum value = heap_getattr(tuple, column, desc, &is_null);
  if (present != nullptr) *present = !is_null;
  return is_null ? otherwise : DatumGetTimestampTz(value);
}

// Newest committed version, whatever snapshot the transaction has. With `requirements`, copies that
// column.
State ReadState(const RequestsTable& where, int64 id, Datum* requirements) {
  State state = {};
  Relation table = table_open(where.table, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, where.id, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
  SysScanDesc scan = systable_beginscan(table, where.by_id, true, nullptr, 1, &key);
  HeapTuple tuple = systable_getnext(scan);
  if (HeapTupleIsValid(tuple)) {
    TupleDesc desc = RelationGetDescr(table);
    bool is_null;
    state.found = true;
    state.ours = TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
    state.requester = DatumGetObjectId(heap_getattr(tuple, where.requester, desc, &is_null));
    Datum requested_by = heap_getattr(tuple, where.requested_by, desc, &is_null);
    state.requested_by = is_null ? InvalidOid : DatumGetObjectId(requested_by);
    char* status = TextDatumGetCString(heap_getattr(tuple, where.status, desc, &is_null));
    strlcpy(state.status, status, sizeof(state.status));
    pfree(status);
    state.lapse_at = TimeOr(tuple, where.lapse_at, desc, DT_NOEND);
    state.starts_at = TimeOr(tuple, where.starts_at, desc, DT_NOEND, &state.scheduled);
    state.expires_at = TimeOr(tuple, where.expires_at, desc, DT_NOEND);
    TimeOr(tuple, where.pushed_at, desc, 0, &state.pushed);
    if (requirements != nullptr)
      *requirements = PointerGetDatum(
          PG_DETOAST_DATUM_COPY(heap_getattr(tuple, where.requirements, desc, &is_null)));
  }
  systable_endscan(scan);
  table_close(table, AccessShareLock);
  return state;
}

bool IsMember(Oid member, const char* group) {
  Oid group_oid = get_role_oid(group, true);
  return OidIsValid(group_oid) && is_member_of_role(member, group_oid);
}

// Member of a role that the request's rules name as approver.
bool IsNamedApprover(Oid role, Datum requirements) {
  JsonbIterator* it = JsonbIteratorInit(&DatumGetJsonbP(requirements)->root);
  JsonbValue value;
  bool approver_follows = false;
  for (JsonbIteratorToken token = JsonbIteratorNext(&it, &value, false); token != WJB_DONE;
       token = JsonbIteratorNext(&it, &value, false)) {
    if (token == WJB_KEY) {
      approver_follows =
          value.val.string.len == 8 && memcmp(value.val.string.val, "approver", 8) == 0;
    } else if (token == WJB_VALUE && approver_follows && value.type == jbvString) {
      if (IsMember(role, pnstrdup(value.val.string.val, value.val.string.len))) return true;
    }
  }
  return false;
}

bool MaySee(Oid role, const State& state, Datum requirements) {
  bool decides = !pg::IsDelegate(role) &&
                 (IsMember(role, "jit_approver") || IsNamedApprover(role, requirements));
  return state.requester == role || state.requested_by == role || decides ||
         IsMember(role, "jit_auditor") || IsMember(role, "jit_coordinator");
}

// The status as of the clock, as jit.status_now has it.
const char* StatusNow(const State& state, TimestampTz now) {
  if (strcmp(state.status, "pending") == 0 && state.lapse_at <= now) return "lapsed";
  bool approved = strcmp(state.status, "approved") == 0;
  if ((approved || strcmp(state.status, "active") == 0) && state.pushed && state.expires_at <= now)
    return "expired";
  if (approved && state.pushed && (!state.scheduled || state.starts_at <= now)) return "active";
  return state.status;
}

TimestampTz Deadline(Interval* timeout, TimestampTz now) {
  Interval zero = {};
  if (DatumGetInt32(DirectFunctionCall2(interval_cmp, IntervalPGetDatum(timeout),
                                        IntervalPGetDatum(&zero))) < 0)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("timeout must not be negative"), errhint("Zero answers at once.")));
  return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now),
                                                 IntervalPGetDatum(timeout)));
}

const char* Wait(int64 id, Interval* timeout) {
  const Oid me = GetSessionUserId();
  const RequestsTable where = FindTable();
  const TimestampTz deadline = Deadline(timeout, GetCurrentTimestamp());
  TimestampTz approved_until = DT_NOEND;
  Datum requirements = 0;
  for (bool first = true;; first = false) {
    State state = ReadState(where, id, first ? &requirements : nullptr);
    if (!state.found || (first && !MaySee(me, state, requirements)))
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                      errmsg("request " INT64_FORMAT " does not exist", id),
                      errhint("jit.my_requests lists your own requests.")));
    TimestampTz now = GetCurrentTimestamp();
    const char* status = StatusNow(state, now);
    bool pending = strcmp(status, "pending") == 0;
    bool to_push = strcmp(status, "approved") == 0 && !state.scheduled;
    if (!pending && !to_push) return pstrdup(status);
    if (state.ours)
      ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                      errmsg("request " INT64_FORMAT " was written by this transaction", id),
                      errhint("Nobody can see it before you COMMIT: commit first, then wait.")));
    if (to_push && approved_until == DT_NOEND) approved_until = now + kPushMicroseconds;
    if (pending) approved_until = DT_NOEND;
    if (now >= deadline || now >= approved_until) return pstrdup(status);

    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kPollMilliseconds,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
}

}  // namespace
}  // namespace jit::access

JIT_SQL_FUNCTION(jit_wait)
Datum jit_wait(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("%s must not be NULL", PG_ARGISNULL(0) ? "request_id" : "timeout"),
                    errhint("Give the number that jit_request returned.")));
  PG_RETURN_TEXT_P(cstring_to_text(jit::access::Wait(PG_GETARG_INT64(0), PG_GETARG_INTERVAL_P(1))));
}
