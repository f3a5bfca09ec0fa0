#include "mask/side_doors.h"

#include "mask/catalog.h"
#include "mask/exemption.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace jit::mask {

namespace {

object_access_hook_type previous_object_access = nullptr;

void Refuse(const char* what, Oid relid) {
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("cannot create a %s \"%s\", which has columns that are masked for you",
                         what, get_rel_name(relid)),
                  errhint("Its owner can create it, having seen what it does.")));
}

const RelationMasks* MasksForUser(Oid relid) {
  const RelationMasks* masks = MasksOf(relid);
  return masks != nullptr && !IsExempt(GetUserId(), relid) ? masks : nullptr;
}

// The row is new: no syscache has it yet.
HeapTuple NewRow(Oid catalog, Oid index, AttrNumber oid_column, Oid object) {
  Relation rel = table_open(catalog, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, oid_column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
  SysScanDesc scan = systable_beginscan(rel, index, true, SnapshotSelf, 1, &key);
  HeapTuple tuple = systable_getnext(scan);
  if (HeapTupleIsValid(tuple)) tuple = heap_copytuple(tuple);
  systable_endscan(scan);
  table_close(rel, AccessShareLock);
  return tuple;
}

// Foreign keys run as the owner of a table. What they run of the user's own, triggers where they
// cascade and casts where they compare, would see what the owner sees.
bool IsAnothers(Oid relid) { return !IsExempt(GetUserId(), relid); }

void RefuseCode(const char* what, Oid relid) {
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("cannot create a %s \"%s\", which is another's", what, get_rel_name(relid)),
           errdetail("There are masked columns, and it could run with the rights of who sees "
                     "them raw."),
           errhint("Its owner can create it, having seen what it does.")));
}

void CheckTrigger(Oid trigger) {
  HeapTuple tuple = NewRow(TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, trigger);
  if (!HeapTupleIsValid(tuple)) return;
  Form_pg_trigger form = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
  if (form->tgisinternal) return;
  if (MasksForUser(form->tgrelid) != nullptr) Refuse("trigger on", form->tgrelid);
  if (IsAnothers(form->tgrelid)) RefuseCode("trigger on", form->tgrelid);
}

// The comparison's operator is the referenced key's own; what brings a value to its type need not
// be.
bool IsComparedBySomebodysCast(Oid conrelid, AttrNumber attno, Oid equality) {
  Oid left;
  Oid right;
  op_input_types(equality, &left, &right);
  Oid cast = InvalidOid;
  CoercionPathType path = find_coercion_pathway(right, getBaseType(get_atttype(conrelid, attno)),
                                                COERCION_IMPLICIT, &cast);
  return path == COERCION_PATH_FUNC && cast >= FirstNormalObjectId;
}

// A new constraint of a domain is tried on what the tables hold, by its author's functions.
void CheckDomain(Oid domain) {
  check_stack_depth();
  Relation depend = table_open(DependRelationId, AccessShareLock);
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(TypeRelationId));
  ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(domain));
  SysScanDesc scan = systable_beginscan(depend, DependReferenceIndexId, true, nullptr, 2, keys);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    Form_pg_depend user = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
    if (user->classid == TypeRelationId && get_typtype(user->objid) == TYPTYPE_DOMAIN)
      CheckDomain(user->objid);
    if (user->classid != RelationRelationId || user->objsubid == 0) continue;
    const RelationMasks* masks = MasksForUser(user->objid);
    AttrNumber attno = static_cast<AttrNumber>(user->objsubid);
    if (masks != nullptr && bms_is_member(ColumnMember(attno), masks->columns))
      Refuse("constraint of a domain of", user->objid);
  }
  systable_endscan(scan);
  table_close(depend, AccessShareLock);
}

void CheckConstraint(Oid constraint) {
  HeapTuple tuple =
      NewRow(ConstraintRelationId, ConstraintOidIndexId, Anum_pg_constraint_oid, constraint);
  if (!HeapTupleIsValid(tuple)) return;
  Form_pg_constraint form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
  if (OidIsValid(form->contypid)) CheckDomain(form->contypid);
  if (form->contype != CONSTRAINT_FOREIGN) return;
  if (!IsAnothers(form->confrelid)) return;
  const RelationMasks* masks = MasksOf(form->confrelid);
  AttrNumber key[INDEX_MAX_KEYS];
  int count = 0;
  AttrNumber referencing[INDEX_MAX_KEYS];
  Oid equality[INDEX_MAX_KEYS];
  DeconstructFkConstraintRow(tuple, &count, referencing, key, equality, nullptr, nullptr, nullptr,
                             nullptr);
  for (int i = 0; i < count; i++) {
    if (masks != nullptr && bms_is_member(ColumnMember(key[i]), masks->columns))
      Refuse("foreign key to", form->confrelid);
    if (IsComparedBySomebodysCast(form->conrelid, referencing[i], equality[i]))
      RefuseCode("foreign key that casts its values to", form->confrelid);
  }
}

void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void* arg) {
  if (previous_object_access) previous_object_access(access, class_id, object, sub_id, arg);
  if (access != OAT_POST_CREATE || IsBinaryUpgrade ||
      (class_id != TriggerRelationId && class_id != ConstraintRelationId) || !AnyMasks())
    return;
  if (class_id == TriggerRelationId)
    CheckTrigger(object);
  else
    CheckConstraint(object);
}

}  // namespace

void InitSideDoors() {
  previous_object_access = object_access_hook;
  object_access_hook = OnObjectAccess;
}

}  // namespace jit::mask
