#include "grants/cache.h"

#include "grants/shared.h"
#include "pg/installed.h"
#include "tokens/session.h"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type_d.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/inet.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace jit::grants {

namespace {

MemoryContext cache_context = nullptr;
Grant* cached = nullptr;
int cached_count = 0;
Oid cached_user = InvalidOid;
uint64 cached_change_count = 0;
bool stale = true;
uint64 readings = 0;

// Called from invalidation: flags only.
void OnInvalidation() { stale = true; }

struct Columns {
  AttrNumber request_id, grantee, grantee_oid, mask, schema_oid, schema_name, relation_oid,
      relation_name, column_numbers, starts_at, expires_at, revoked_at, session_pid, session_start,
      client_addr, database_oid, blank_values;
};

AttrNumber Column(Relation rel, const char* name) {
  AttrNumber attno = get_attnum(RelationGetRelid(rel), name);
  if (attno == InvalidAttrNumber)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("column \"%s\" of jit.grants is missing", name),
                    errhint("The extension's tables and its library are of different versions: "
                            "ALTER EXTENSION jit_access UPDATE.")));
  return attno;
}

Columns FindColumns(Relation rel) {
  return {
      Column(rel, "request_id"),     Column(rel, "grantee"),       Column(rel, "grantee_oid"),
      Column(rel, "privilege_mask"), Column(rel, "schema_oid"),    Column(rel, "schema_name"),
      Column(rel, "relation_oid"),   Column(rel, "relation_name"), Column(rel, "column_numbers"),
      Column(rel, "starts_at"),      Column(rel, "expires_at"),    Column(rel, "revoked_at"),
      Column(rel, "session_pid"),    Column(rel, "session_start"), Column(rel, "client_addr"),
      Column(rel, "database_oid"),   Column(rel, "blank_values")};
}

class Row {
 public:
  Row(HeapTuple tuple, TupleDesc desc) : tuple_(tuple), desc_(desc) {}

  Datum Get(AttrNumber attno, bool* isnull) const {
    return heap_getattr(tuple_, attno, desc_, isnull);
  }
  bool IsNull(AttrNumber attno) const {
    bool isnull;
    Get(attno, &isnull);
    return isnull;
  }
  // For columns that are NOT NULL; zero for a NULL all the same.
  Datum Value(AttrNumber attno) const {
    bool isnull;
    Datum value = Get(attno, &isnull);
    return isnull ? static_cast<Datum>(0) : value;
  }
  bool NameIs(AttrNumber attno, const char* name) const {
    bool isnull;
    Datum value = Get(attno, &isnull);
    return !isnull && strcmp(NameStr(*DatumGetName(value)), name) == 0;
  }

 private:
  HeapTuple tuple_;
  TupleDesc desc_;
};

// A grant bound to a session or to an address is nobody else's; a copied database has none.
bool IsForThisSession(const Row& row, const Columns& c) {
  if (DatumGetObjectId(row.Value(c.database_oid)) != MyDatabaseId) return false;
  if (!row.IsNull(c.session_pid)) {
    if (DatumGetInt32(row.Value(c.session_pid)) != MyProcPid || row.IsNull(c.session_start) ||
        DatumGetTimestampTz(row.Value(c.session_start)) != MyStartTimestamp)
      return false;
  }
  if (!row.IsNull(c.client_addr)) {
    LOCAL_FCINFO(fcinfo, 0);
    InitFunctionCallInfoData(*fcinfo, nullptr, 0, InvalidOid, nullptr, nullptr);
    Datum client = inet_client_addr(fcinfo);
    if (fcinfo->isnull) return false;  // a local socket has no address
    if (!DatumGetBool(DirectFunctionCall2(network_subeq, client, row.Value(c.client_addr))))
      return false;
  }
  return true;
}

Bitmapset* ReadColumnNumbers(Datum array) {
  Bitmapset* columns = nullptr;
  Datum* values;
  int count;
  deconstruct_array(DatumGetArrayTypeP(array), INT2OID, sizeof(int16), true, TYPALIGN_SHORT,
                    &values, nullptr, &count);
  for (int i = 0; i < count; i++)
    columns =
        bms_add_member(columns, DatumGetInt16(values[i]) - FirstLowInvalidHeapAttributeNumber);
  return columns;
}

void CopyName(const Row& row, AttrNumber attno, NameData* into) {
  memset(into, 0, sizeof *into);
  if (!row.IsNull(attno)) *into = *DatumGetName(row.Value(attno));
}

Grant ReadGrant(const Row& row, const Columns& c) {
  Grant grant = {};
  grant.request_id = DatumGetInt64(row.Value(c.request_id));
  grant.mask = static_cast<PrivilegeMask>(DatumGetInt32(row.Value(c.mask)));
  grant.schema_oid = DatumGetObjectId(row.Value(c.schema_oid));
  grant.relation_oid = DatumGetObjectId(row.Value(c.relation_oid));
  CopyName(row, c.schema_name, &grant.schema_name);
  CopyName(row, c.relation_name, &grant.relation_name);
  grant.starts_at = DatumGetTimestampTz(row.Value(c.starts_at));
  grant.expires_at = DatumGetTimestampTz(row.Value(c.expires_at));
  grant.blank_values = DatumGetBool(row.Value(c.blank_values));
  grant.by_column = !row.IsNull(c.column_numbers);
  if (grant.by_column) grant.columns = ReadColumnNumbers(row.Value(c.column_numbers));
  return grant;
}

// Reads the user's grants into a new context, which replaces the old one only when all is read.
void Load(const pg::Installed& here, Oid userid) {
  MemoryContext context =
      AllocSetContextCreate(CacheMemoryContext, "jit_access grants", ALLOCSET_SMALL_SIZES);
  // Whatever fails leaves the context under the transaction's: freed with it.
  MemoryContextSetParent(context, CurTransactionContext);
  MemoryContext caller = MemoryContextSwitchTo(context);

  const char* user_name = GetUserNameFromId(userid, false);
  Relation rel = table_open(here.grants, AccessShareLock);
  Columns c = FindColumns(rel);
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], c.grantee_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(userid));
  ScanKeyInit(&keys[1], c.expires_at, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT,
              TimestampTzGetDatum(GetCurrentTimestamp()));
  // A NULL snapshot is the newest one, whatever the transaction's isolation level.
  SysScanDesc scan = systable_beginscan(rel, here.grants_index, true, nullptr, 2, keys);

  int capacity = 8;
  int count = 0;
  Grant* grants = static_cast<Grant*>(palloc(capacity * sizeof(Grant)));
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    Row row(tuple, RelationGetDescr(rel));
    if (!row.IsNull(c.revoked_at)) continue;
    // A grant of this very transaction would be gone with its ROLLBACK, and what it was used for
    // not.
    if (TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data))) continue;
    if (!row.NameIs(c.grantee, user_name) || !IsForThisSession(row, c)) continue;
    if (count == capacity) {
      capacity *= 2;
      grants = static_cast<Grant*>(repalloc_huge(grants, capacity * sizeof(Grant)));
    }
    grants[count++] = ReadGrant(row, c);
  }
  systable_endscan(scan);
  table_close(rel, AccessShareLock);
  MemoryContextSwitchTo(caller);

  MemoryContextSetParent(context, CacheMemoryContext);
  if (cache_context) MemoryContextDelete(cache_context);
  cache_context = context;
  cached = grants;
  cached_count = count;
  cached_user = userid;
  readings++;
}

}  // namespace

void InitCache() { pg::SetGrantsInvalidationListener(OnInvalidation); }

bool IsCurrent(Oid userid) {
  return !stale && cached_user == userid && cached_change_count == ChangeCount(userid);
}

uint64 Reading() { return readings; }

namespace {

// The grants there are, whether or not this session may use them.
GrantSet Held(Oid userid) {
  // On a replica nobody counts changes here, and invalidations wait for the next lock.
  bool reload = !IsCurrent(userid) || RecoveryInProgress();
  if (reload) AcceptInvalidationMessages();  // the change may have been DROP EXTENSION
  const pg::Installed* here = pg::GetInstalled();
  if (here == nullptr || (RecoveryInProgress() && IsReplayHeldUp())) return {nullptr, 0};
  if (reload) {
    // Both marks are taken before reading: a change that comes meanwhile makes the next call read
    // again.
    stale = false;
    cached_user = InvalidOid;
    uint64 change_count = ChangeCount(userid);
    Load(*here, userid);
    cached_change_count = change_count;
  }
  return {cached, cached_count};
}

}  // namespace

GrantSet GrantsOf(Oid userid) {
  GrantSet held = Held(userid);
  if (held.count != 0 && (pg::IsDelegate(userid) || !tokens::HasScope(tokens::kQuery)))
    return {nullptr, 0};
  return held;
}

bool HoldsBlanking(Oid userid) {
  GrantSet set = Held(userid);
  TimestampTz now = GetCurrentTimestamp();
  for (int i = 0; i < set.count; i++) {
    const Grant& grant = set.grants[i];
    if (grant.blank_values && grant.starts_at <= now && grant.expires_at > now) return true;
  }
  return false;
}

}  // namespace jit::grants
