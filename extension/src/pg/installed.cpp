#include "pg/installed.h"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace jit::pg {

namespace {

Installed installed;
bool looked_up = false;  // `installed` and `present` are current
bool present = false;
InvalidationListener listener = nullptr;
RelationListener relation_listener = nullptr;
// Whom IsGoverned has judged: the session's user and, after SET ROLE, another.
struct {
  Oid user;
  bool governed;
  bool delegate;
} judged[2];
int judged_last = 0;

void ForgetJudged() { judged[0].user = judged[1].user = InvalidOid; }

void OnRelationChange(Datum, Oid relid) {
  // While the extension is not found any new relation may complete it.
  if (relid == InvalidOid || !present || relid == installed.grants) {
    looked_up = false;
    ForgetJudged();
    if (listener) listener();
  }
  if (relation_listener) relation_listener(relid);
}

void OnMembershipChange(Datum, int, uint32) { ForgetJudged(); }

void OnCatalogChange(Datum, int, uint32) {
  looked_up = false;
  ForgetJudged();
  if (listener) listener();
  if (relation_listener) relation_listener(InvalidOid);
}

Oid OwnedRelation(const char* name, Oid schema, Oid extension) {
  Oid relid = get_relname_relid(name, schema);
  // A schema named jit that somebody else made must not hand out grants.
  if (!OidIsValid(relid) || getExtensionOfObject(RelationRelationId, relid) != extension)
    return InvalidOid;
  return relid;
}

Oid SchemaOfExtension(Oid extension) {
  Relation rel = table_open(ExtensionRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(extension));
  SysScanDesc scan = systable_beginscan(rel, ExtensionOidIndexId, true, nullptr, 1, &key);
  HeapTuple tuple = systable_getnext(scan);
  Oid schema = HeapTupleIsValid(tuple)
                   ? reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple))->extnamespace
                   : InvalidOid;
  systable_endscan(scan);
  table_close(rel, AccessShareLock);
  return schema;
}

bool LookUp() {
  installed = {};
  // First what is cached: most databases of a cluster may not have the extension.
  installed.schema = get_namespace_oid("jit", true);
  if (!OidIsValid(installed.schema)) return false;
  Oid extension = get_extension_oid("jit_access", true);
  if (!OidIsValid(extension)) return false;
  installed.grants = OwnedRelation("grants", installed.schema, extension);
  if (!OidIsValid(installed.grants)) return false;
  installed.functions = SchemaOfExtension(extension);
  installed.grants_index = get_relname_relid("grants_by_grantee", installed.schema);
  installed.requester_role = get_role_oid("jit_requester", true);
  installed.delegate_role = get_role_oid("jit_delegate", true);
  installed.elevated_role = get_role_oid("jit_elevated", true);
  installed.unmasked_role = get_role_oid("jit_unmasked", true);
  installed.masks = OwnedRelation("masks", installed.schema, extension);
  Relation rel = RelationIdGetRelation(installed.grants);
  if (!RelationIsValid(rel)) return false;
  bool has_index = list_member_oid(RelationGetIndexList(rel), installed.grants_index);
  RelationClose(rel);
  return has_index && OidIsValid(installed.requester_role) && OidIsValid(installed.elevated_role);
}

}  // namespace

void InitInstalled() {
  // One relcache callback in all: a backend has ten slots for everybody.
  CacheRegisterRelcacheCallback(OnRelationChange, static_cast<Datum>(0));
  CacheRegisterSyscacheCallback(NAMESPACEOID, OnCatalogChange, static_cast<Datum>(0));
  CacheRegisterSyscacheCallback(AUTHOID, OnCatalogChange, static_cast<Datum>(0));
  CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, OnMembershipChange, static_cast<Datum>(0));
}

void SetGrantsInvalidationListener(InvalidationListener l) { listener = l; }

void SetRelationListener(RelationListener l) { relation_listener = l; }

const Installed* GetInstalled() {
  if (!looked_up) {
    if (!IsTransactionState() || !OidIsValid(MyDatabaseId)) return nullptr;
    // Set first: an invalidation that arrives during the look-up makes the next call look again.
    looked_up = true;
    present = false;
    present = LookUp();
  }
  return present ? &installed : nullptr;
}

namespace {

struct Verdict {
  bool governed;
  bool delegate;
};

Verdict Judge(Oid userid) {
  for (const auto& j : judged)
    if (j.user == userid) return {j.governed, j.delegate};
  judged_last = 1 - judged_last;
  auto& j = judged[judged_last];
  // Set first: an invalidation that arrives meanwhile clears it, and the answer is not kept.
  j.user = userid;
  const Installed* here = GetInstalled();
  bool governed = here != nullptr && is_member_of_role_nosuper(userid, here->requester_role) &&
                  !superuser_arg(userid);
  bool delegate = here != nullptr && OidIsValid(here->delegate_role) &&
                  is_member_of_role_nosuper(userid, here->delegate_role);
  j.governed = governed;
  j.delegate = delegate;
  if (!looked_up) j.user = InvalidOid;
  return {governed, delegate};
}

}  // namespace

bool IsGoverned(Oid userid) { return Judge(userid).governed; }

bool IsDelegate(Oid userid) { return Judge(userid).delegate; }

bool RunsAsChosenUser() {
  Oid userid;
  int context;
  GetUserIdAndSecContext(&userid, &context);
  return (context & (SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION |
                     SECURITY_NOFORCE_RLS)) == 0;
}

}  // namespace jit::pg
