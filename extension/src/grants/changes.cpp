#include "grants/changes.h"

#include "grants/shared.h"
#include "pg/installed.h"
#include "pg/subtransactions.h"

extern "C" {
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace jit::grants {

namespace {

enum class Kind { kRead, kCancel, kCancelGrantee, kProlong, kEverything };

// One thing to do at commit. Kept in TopTransactionContext, newest first.
struct Pending {
  Pending* next = nullptr;
  SubTransactionId subid = InvalidSubTransactionId;
  Kind kind = Kind::kRead;
  Oid grantee = InvalidOid;
  int64 request_id = 0;
  int64 extension_id = 0;
  TimestampTz expires_at = 0;
};

Pending* pending = nullptr;
bool membership_changed = false;
object_access_hook_type previous_object_access = nullptr;

void Add(Pending what) {
  // A request of many objects changes as many rows: one note of each kind is enough.
  for (Pending* p = pending; p != nullptr; p = p->next)
    if (p->subid == GetCurrentSubTransactionId() && p->kind == what.kind &&
        p->grantee == what.grantee && p->request_id == what.request_id &&
        p->extension_id == what.extension_id && p->expires_at == what.expires_at)
      return;
  Pending* p = static_cast<Pending*>(MemoryContextAlloc(TopTransactionContext, sizeof(Pending)));
  *p = what;
  p->subid = GetCurrentSubTransactionId();
  p->next = pending;
  pending = p;
}

void AtCommit() {
  // First the counters: who starts a statement from now on reads the grants as they are.
  for (Pending* p = pending; p != nullptr; p = p->next) {
    if (p->kind == Kind::kEverything)
      CountChangeForAll();
    else
      CountChange(p->grantee);
  }
  for (Pending* p = pending; p != nullptr; p = p->next)
    if (p->kind == Kind::kProlong) ProlongRunning(p->request_id, p->extension_id, p->expires_at);
  for (Pending* p = pending; p != nullptr; p = p->next) {
    if (p->kind == Kind::kCancel) CancelRunning(p->request_id);
    if (p->kind == Kind::kCancelGrantee) CancelRunningOf(p->grantee);
    if (p->kind == Kind::kEverything) CancelAllRunning();
  }
  pending = nullptr;
}

// The role's OID is the same in every database; the extension need not be in this one.
void CheckMembership(void*, Oid grantee) {
  Oid requester_role = get_role_oid("jit_requester", true);
  Oid delegate_role = get_role_oid("jit_delegate", true);
  if (!OidIsValid(requester_role) || !is_member_of_role_nosuper(grantee, requester_role) ||
      (OidIsValid(delegate_role) && is_member_of_role_nosuper(grantee, delegate_role)))
    Add({.kind = Kind::kCancelGrantee, .grantee = grantee});
}

void OnTransaction(XactEvent event, void*) {
  if (membership_changed && event == XACT_EVENT_PRE_COMMIT) VisitGrantees(CheckMembership, nullptr);
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
    membership_changed = false;
  if (pending == nullptr) return;
  switch (event) {
    case XACT_EVENT_COMMIT:
      AtCommit();
      break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
      pending = nullptr;
      break;
    case XACT_EVENT_PRE_PREPARE:
      // COMMIT PREPARED calls no callback: nobody would be cancelled.
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("cannot PREPARE a transaction that has changed jit_access grants"),
                      errhint("Use COMMIT.")));
      break;
    default:
      break;
  }
}

void OnSubtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void*) {
  pg::FollowSubtransaction(&pending, event, subid, parent);
}

// With the table goes every grant: DROP EXTENSION.
void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void* arg) {
  if (previous_object_access) previous_object_access(access, class_id, object_id, sub_id, arg);
  if (access != OAT_DROP || class_id != RelationRelationId || sub_id != 0) return;
  // By name: half of the extension may be gone already.
  const char* name = get_rel_name(object_id);
  if (name == nullptr || strcmp(name, "grants") != 0) return;
  const char* schema = get_namespace_name(get_rel_namespace(object_id));
  if (schema != nullptr && strcmp(schema, "jit") == 0) Add({.kind = Kind::kEverything});
}

class RowOf {
 public:
  RowOf(HeapTuple tuple, TupleDesc desc) : tuple_(tuple), desc_(desc) {}

  Datum Get(const char* column, bool* isnull) const {
    int attno = SPI_fnumber(desc_, column);
    if (attno <= 0)
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                      errmsg("column \"%s\" of jit.grants is missing", column)));
    return heap_getattr(tuple_, attno, desc_, isnull);
  }
  Oid Grantee() const { return DatumGetObjectId(Value("grantee_oid")); }
  int64 RequestId() const { return DatumGetInt64(Value("request_id")); }
  TimestampTz ExpiresAt() const { return DatumGetTimestampTz(Value("expires_at")); }
  bool IsRevoked() const {
    bool isnull;
    Get("revoked_at", &isnull);
    return !isnull;
  }

 private:
  Datum Value(const char* column) const {
    bool isnull;
    Datum value = Get(column, &isnull);
    return isnull ? static_cast<Datum>(0) : value;
  }

  HeapTuple tuple_;
  TupleDesc desc_;
};

// The request that this one prolongs; 0 if none.
int64 ExtendedRequest(int64 request_id) {
  int64 extends = 0;
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(request_id)};
  SPI_connect();
  if (SPI_execute_with_args("SELECT extends FROM jit.requests WHERE id OPERATOR(pg_catalog.=) $1",
                            1, types, values, nullptr, true, 1) == SPI_OK_SELECT &&
      SPI_processed == 1) {
    bool isnull;
    Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
    if (!isnull) extends = DatumGetInt64(value);
  }
  SPI_finish();
  return extends;
}

void NoteInsert(const RowOf& row) {
  Add({.kind = Kind::kRead, .grantee = row.Grantee()});
  int64 extended = ExtendedRequest(row.RequestId());
  if (extended != 0)
    Add({.kind = Kind::kProlong,
         .grantee = row.Grantee(),
         .request_id = extended,
         .extension_id = row.RequestId(),
         .expires_at = row.ExpiresAt()});
}

void NoteUpdate(const RowOf& before, const RowOf& after) {
  Add({.kind = Kind::kRead, .grantee = before.Grantee()});
  Add({.kind = Kind::kRead, .grantee = after.Grantee()});
  // Any other change than a prolongation may have taken something away.
  if (!before.IsRevoked())
    Add({.kind = Kind::kCancel, .grantee = before.Grantee(), .request_id = before.RequestId()});
}

void NoteDelete(const RowOf& row) {
  Add({.kind = Kind::kRead, .grantee = row.Grantee()});
  Add({.kind = Kind::kCancel, .grantee = row.Grantee(), .request_id = row.RequestId()});
}

void Note(const TriggerData* data) {
  TupleDesc desc = RelationGetDescr(data->tg_relation);
  CacheInvalidateRelcache(data->tg_relation);
  if (!TRIGGER_FIRED_FOR_ROW(data->tg_event)) {
    Add({.kind = Kind::kEverything});
    return;
  }
  RowOf row(data->tg_trigtuple, desc);
  if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
    NoteInsert(row);
  else if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
    NoteUpdate(row, RowOf(data->tg_newtuple, desc));
  else
    NoteDelete(row);
}

}  // namespace

void NoteMembershipChange() { membership_changed = true; }

void InitChanges() {
  RegisterXactCallback(OnTransaction, nullptr);
  RegisterSubXactCallback(OnSubtransaction, nullptr);
  previous_object_access = object_access_hook;
  object_access_hook = OnObjectAccess;
}

}  // namespace jit::grants

JIT_SQL_FUNCTION(jit_grants_changed)
// AFTER trigger of jit.grants, for each row, and for each statement on TRUNCATE.
Datum jit_grants_changed(PG_FUNCTION_ARGS) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("jit.grants_changed must be called as a trigger")));
  TriggerData* data = reinterpret_cast<TriggerData*>(fcinfo->context);
  const jit::pg::Installed* here = jit::pg::GetInstalled();
  // While the extension is being created its tables are not found yet, and hold no grant.
  if (here != nullptr && RelationGetRelid(data->tg_relation) == here->grants)
    jit::grants::Note(data);
  return PointerGetDatum(nullptr);
}
