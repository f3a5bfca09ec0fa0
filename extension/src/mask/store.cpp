#include "mask/store.h"

#include "mask/whitelist.h"
#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_seclabel.h"
#include "catalog/pg_type.h"
#include "commands/seclabel.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace jit::mask {

namespace {

// jit.masks, in the order of its columns.
enum : AttrNumber {
  kRelation = 1,
  kColumn,
  kKind,
  kClass,
  kExpressionText,
  kColumnCount = kExpressionText
};

bool IsOurs(HeapTuple tuple, TupleDesc desc) {
  bool isnull;
  Datum provider = heap_getattr(tuple, Anum_pg_seclabel_provider, desc, &isnull);
  return !isnull && strcmp(TextDatumGetCString(provider), kProvider) == 0;
}

const char* LabelText(HeapTuple tuple, TupleDesc desc) {
  bool isnull;
  Datum label = heap_getattr(tuple, Anum_pg_seclabel_label, desc, &isnull);
  return isnull ? "" : TextDatumGetCString(label);
}

bool IsMissingFunction(Oid function, void*) {
  return !SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(function));
}

// Whether the function is still one that takes such arguments: its OID may be another's by now.
bool HasOtherSignature(const FuncExpr* call) {
  Oid* types = nullptr;
  int count = 0;
  Oid result = get_func_signature(call->funcid, &types, &count);
  int given = list_length(call->args);  // the planner adds defaults
  if (count < given) return true;
  if (result != call->funcresulttype && !IsPolymorphicType(result)) return true;
  for (int i = 0; i < given; i++)
    if (!IsPolymorphicType(types[i]) &&
        types[i] != exprType(static_cast<Node*>(list_nth(call->args, i))))
      return true;
  return false;
}

// Nothing keeps a function that a mask calls from being dropped, and pg_upgrade numbers them anew.
bool CallsMissing(Node* node, void* context) {
  if (node == nullptr) return false;
  if (check_functions_in_node(node, IsMissingFunction, context)) return true;
  if (IsA(node, FuncExpr)) {
    const FuncExpr* call = reinterpret_cast<const FuncExpr*>(node);
    if (call->funcid >= FirstNormalObjectId &&
        (!MayBeCalled(call->funcid) || HasOtherSignature(call)))
      return true;
  }
  return pg::WalkExpression(node, CallsMissing, context);
}

Oid MasksIndex(Relation masks) {
  RelationGetIndexList(masks);
  return RelationGetPrimaryKeyIndex(masks);
}

SysScanDesc ScanMasks(Relation masks, Oid relid, AttrNumber attno, ScanKeyData* keys) {
  ScanKeyInit(&keys[0], kRelation, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
  ScanKeyInit(&keys[1], kColumn, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(attno));
  return systable_beginscan(masks, MasksIndex(masks), true, nullptr,
                            attno == InvalidAttrNumber ? 1 : 2, keys);
}

// Sets kind and tree of the masks that jit.masks knows.
void ReadTrees(Oid relid, List* found) {
  const pg::Installed* here = pg::GetInstalled();
  if (here == nullptr || !OidIsValid(here->masks)) return;
  Relation masks = try_table_open(here->masks, AccessShareLock);
  if (masks == nullptr) return;
  TupleDesc desc = RelationGetDescr(masks);
  ScanKeyData keys[2];
  SysScanDesc scan = ScanMasks(masks, relid, InvalidAttrNumber, keys);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    bool isnull;
    AttrNumber attno = DatumGetInt16(heap_getattr(tuple, kColumn, desc, &isnull));
    char* kind = TextDatumGetCString(heap_getattr(tuple, kKind, desc, &isnull));
    Datum expression = heap_getattr(tuple, kExpressionText, desc, &isnull);
    ListCell* lc;
    foreach (lc, found) {
      StoredMask* mask = static_cast<StoredMask*>(lfirst(lc));
      if (mask->attno != attno) continue;
      if (strcmp(kind, "none") == 0) {
        mask->kind = Kind::kNone;
      } else if (!isnull) {
        Node* tree = static_cast<Node*>(stringToNode(TextDatumGetCString(expression)));
        if (CallsMissing(tree, nullptr)) continue;
        mask->kind = Kind::kExpression;
        mask->tree = tree;
      }
    }
  }
  systable_endscan(scan);
  table_close(masks, AccessShareLock);
}

}  // namespace

List* MasksOnRelation(Oid relid) {
  List* found = NIL;
  Relation labels = table_open(SecLabelRelationId, AccessShareLock);
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_seclabel_objoid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relid));
  ScanKeyInit(&keys[1], Anum_pg_seclabel_classoid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(RelationRelationId));
  SysScanDesc scan = systable_beginscan(labels, SecLabelObjectIndexId, true, nullptr, 2, keys);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    int32 attno = reinterpret_cast<FormData_pg_seclabel*>(GETSTRUCT(tuple))->objsubid;
    if (attno <= 0 || !IsOurs(tuple, RelationGetDescr(labels))) continue;
    StoredMask* mask = static_cast<StoredMask*>(palloc0(sizeof(StoredMask)));
    mask->attno = static_cast<AttrNumber>(attno);
    mask->kind = Kind::kHidden;
    mask->text = LabelText(tuple, RelationGetDescr(labels));
    found = lappend(found, mask);
  }
  systable_endscan(scan);
  table_close(labels, AccessShareLock);
  if (found != NIL) ReadTrees(relid, found);
  return found;
}

namespace {

List* Labels(bool only_first) {
  List* found = NIL;
  Relation labels = table_open(SecLabelRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(labels, InvalidOid, false, nullptr, 0, nullptr);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    const FormData_pg_seclabel* label = reinterpret_cast<FormData_pg_seclabel*>(GETSTRUCT(tuple));
    if (label->classoid != RelationRelationId || label->objsubid <= 0 ||
        !IsOurs(tuple, RelationGetDescr(labels)))
      continue;
    LabelledColumn* column = static_cast<LabelledColumn*>(palloc0(sizeof(LabelledColumn)));
    column->relid = label->objoid;
    column->attno = static_cast<AttrNumber>(label->objsubid);
    column->text = LabelText(tuple, RelationGetDescr(labels));
    found = lappend(found, column);
    if (only_first) break;
  }
  systable_endscan(scan);
  table_close(labels, AccessShareLock);
  return found;
}

}  // namespace

bool AnyLabels() { return Labels(true) != NIL; }

List* AllLabels() { return Labels(false); }

void StoreMask(Oid relid, AttrNumber attno, const char* kind, const char* mask_class, Node* tree) {
  Relation masks = table_open(pg::GetInstalled()->masks, RowExclusiveLock);
  Datum values[kColumnCount] = {ObjectIdGetDatum(relid), Int16GetDatum(attno),
                                CStringGetTextDatum(kind)};
  bool nulls[kColumnCount] = {};
  bool replaces[kColumnCount] = {true, true, true, true, true};
  nulls[kClass - 1] = mask_class == nullptr;
  nulls[kExpressionText - 1] = tree == nullptr;
  if (mask_class != nullptr) values[kClass - 1] = CStringGetTextDatum(mask_class);
  if (tree != nullptr) values[kExpressionText - 1] = CStringGetTextDatum(nodeToString(tree));
  ScanKeyData keys[2];
  SysScanDesc scan = ScanMasks(masks, relid, attno, keys);
  HeapTuple before = systable_getnext(scan);
  if (HeapTupleIsValid(before)) {
    HeapTuple tuple = heap_modify_tuple(before, RelationGetDescr(masks), values, nulls, replaces);
    CatalogTupleUpdate(masks, &before->t_self, tuple);
  } else {
    CatalogTupleInsert(masks, heap_form_tuple(RelationGetDescr(masks), values, nulls));
  }
  systable_endscan(scan);
  // pg_seclabel itself tells nobody.
  CacheInvalidateRelcache(masks);
  table_close(masks, NoLock);
  CacheInvalidateRelcacheByRelid(relid);
  CommandCounterIncrement();
}

bool ForgetMasks(Oid relid, AttrNumber attno) {
  const pg::Installed* here = pg::GetInstalled();
  if (here == nullptr || !OidIsValid(here->masks)) return false;
  // DROP EXTENSION drops it together with the others.
  Relation masks = try_table_open(here->masks, RowExclusiveLock);
  if (masks == nullptr) return false;
  ScanKeyData keys[2];
  SysScanDesc scan = ScanMasks(masks, relid, attno, keys);
  HeapTuple tuple;
  bool found = false;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    CatalogTupleDelete(masks, &tuple->t_self);
    found = true;
  }
  systable_endscan(scan);
  if (found) CacheInvalidateRelcache(masks);
  table_close(masks, NoLock);
  return found;
}

}  // namespace jit::mask
