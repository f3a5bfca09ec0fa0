#include "mask/exemption.h"

#include "grants/coverage.h"
#include "pg/installed.h"

extern "C" {
#include "access/parallel.h"
#include "catalog/pg_class.h"
#include "utils/acl.h"
#include "utils/syscache.h"
}

namespace jit::mask {

Oid OwnerOf(Oid relid) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

bool IsExemptEverywhere(Oid userid) {
  const pg::Installed* here = pg::GetInstalled();
  if (superuser_arg(userid)) return true;
  return here != nullptr && OidIsValid(here->unmasked_role) &&
         has_privs_of_role(userid, here->unmasked_role);
}

bool IsExempt(Oid userid, Oid relid) {
  if (superuser_arg(userid)) return true;
  Oid owner = OwnerOf(relid);
  return (OidIsValid(owner) && has_privs_of_role(userid, owner)) || IsExemptEverywhere(userid);
}

bool GrantsCount(Oid userid) {
  return !IsParallelWorker() && pg::IsGoverned(userid) && pg::RunsAsChosenUser();
}

// The owner of a table reads through it what others own, but not past the labels of these.
bool IsExemptThrough(Oid userid, const RelationMasks* masks) {
  if (!IsExempt(userid, masks->relid)) return false;
  ListCell* lc;
  foreach (lc, masks->labelled_below)
    if (!IsExempt(userid, lfirst_oid(lc))) return false;
  return true;
}

Sight SightOf(Oid userid, const RelationMasks* masks) {
  Sight sight = {false, nullptr, nullptr};
  if (IsExemptThrough(userid, masks)) {
    sight.exempt = true;
    return sight;
  }
  sight.hidden = bms_copy(masks->columns);
  if (userid != GetUserId() || !GrantsCount(userid)) return sight;
  Need need = {};
  need.relid = masks->relid;
  need.unmask_cols = bms_copy(masks->columns);
  ListCell* lc;
  Bitmapset* left = nullptr;
  foreach (lc, grants::Cover(userid, list_make1(&need)).uncovered)
    left = bms_add_members(left, static_cast<Need*>(lfirst(lc))->unmask_cols);
  sight.raw = bms_difference(masks->columns, left);
  sight.hidden = bms_intersect(masks->columns, left);
  return sight;
}

}  // namespace jit::mask
