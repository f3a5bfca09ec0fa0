#include "mask/label_changes.h"

#include "mask/catalog.h"
#include "mask/expression.h"
#include "mask/label.h"
#include "mask/label_text.h"
#include "mask/store.h"
#include "mask/whitelist.h"
#include "pg/installed.h"

extern "C" {
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/seclabel.h"
#include "nodes/nodeFuncs.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace jit::mask {

namespace {

struct Parting {
  Oid child;
  Oid parent;
};

// A column that may outlive what it had its mask from: its parent's column, or the expression that
// computes it from a masked one.
struct Orphan {
  Oid relid;
  AttrNumber attno;
  const char* label;  // that keeps the mask
};

object_access_hook_type previous_object_access = nullptr;

// What the statement under way has touched; in the transaction's memory, gone with it.
List* altered = NIL;       // relations, by OID
List* partings = NIL;      // Parting *: of which some are joinings
List* orphans = NIL;       // Orphan *: of which some are dropped, too
bool all_altered = false;  // a function, type or schema was renamed
bool at_work = false;

void Note(void (*what)(Oid, Oid), Oid a, Oid b) {
  MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
  what(a, b);
  MemoryContextSwitchTo(caller);
}

void NoteAltered(Oid relid, Oid) { altered = list_append_unique_oid(altered, relid); }

void NoteParting(Oid child, Oid parent) {
  Parting* parting = static_cast<Parting*>(palloc(sizeof(Parting)));
  *parting = {child, parent};
  partings = lappend(partings, parting);
}

const char* Render(Relation relation, Node* tree) {
  int pinned = PinMeaning();
  List* context =
      deparse_context_for(RelationGetRelationName(relation), RelationGetRelid(relation));
  char* text = deparse_expression(tree, context, false, false);
  UnpinMeaning(pinned);
  return psprintf("MASKED WITH FUNCTION %s", text);
}

// The label that gives the column of another relation, or itself, the mask that it has now.
const char* LabelFor(Relation relation, const RelationMasks* masks, AttrNumber attno) {
  Node* expression = masks->expressions[attno - 1];
  return IsA(expression, Const) ? "MASKED WITH VALUE NULL" : Render(relation, expression);
}

// By the mask as it is now; nothing where there is none.
void NoteOrphan(Oid relid, AttrNumber attno) {
  Relation relation = RelationIdGetRelation(relid);
  if (!RelationIsValid(relation)) return;
  const RelationMasks* masks = MasksOf(relid);
  if (masks != nullptr && bms_is_member(ColumnMember(attno), masks->columns)) {
    MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
    Orphan* orphan = static_cast<Orphan*>(palloc(sizeof(Orphan)));
    *orphan = {relid, attno, LabelFor(relation, masks, attno)};
    orphans = lappend(orphans, orphan);
    MemoryContextSwitchTo(caller);
  }
  RelationClose(relation);
}

// DROP EXPRESSION leaves a column of its own behind.
void NoteGenerated(Oid relid, AttrNumber attno) {
  HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(attno));
  if (!HeapTupleIsValid(tuple)) return;
  bool generated = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attgenerated != '\0';
  ReleaseSysCache(tuple);
  if (generated) NoteOrphan(relid, attno);
}

// A dropped column's children keep theirs where they have declared it themselves, or under ONLY.
void NoteInheritors(Oid relid, AttrNumber attno) {
  char* name = get_attname(relid, attno, true);
  if (name == nullptr || !has_subclass(relid)) return;
  ListCell* lc;
  foreach (lc, find_all_inheritors(relid, NoLock, nullptr)) {
    AttrNumber inherited = get_attnum(lfirst_oid(lc), name);
    if (lfirst_oid(lc) != relid && inherited != InvalidAttrNumber)
      NoteOrphan(lfirst_oid(lc), inherited);
  }
}

void OnAlter(Oid class_id, Oid object, int sub_id, const ObjectAccessPostAlter* detail) {
  if (at_work) return;
  switch (class_id) {
    case RelationRelationId:
      Note(NoteAltered, object, InvalidOid);
      if (sub_id > 0) NoteGenerated(object, static_cast<AttrNumber>(sub_id));
      break;
    case InheritsRelationId:
      if (detail != nullptr) Note(NoteParting, object, detail->auxiliary_id);
      break;
    case ProcedureRelationId:
      if (MayBeCalled(object)) all_altered = true;
      break;
    case TypeRelationId:
    case NamespaceRelationId:
      all_altered = true;
      break;
  }
}

// Masks that call it hide their columns whole from now on, in every session.
void OnFunctionDrop() {
  ListCell* lc;
  foreach (lc, AllLabels())
    CacheInvalidateRelcacheByRelid(static_cast<LabelledColumn*>(lfirst(lc))->relid);
}

void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void* arg) {
  if (previous_object_access) previous_object_access(access, class_id, object, sub_id, arg);
  // A binary upgrade copies the catalogs as they are.
  if (IsBinaryUpgrade || !IsTransactionState()) return;
  if (access == OAT_DROP && class_id == RelationRelationId && AnyMasks()) {
    if (sub_id > 0) NoteInheritors(object, static_cast<AttrNumber>(sub_id));
    if (ForgetMasks(object, static_cast<AttrNumber>(sub_id)))
      TellLabelListener(object, static_cast<AttrNumber>(sub_id), nullptr);
  }
  if (access == OAT_DROP && class_id == ProcedureRelationId && AnyMasks() && MayBeCalled(object))
    OnFunctionDrop();
  if (access == OAT_POST_ALTER && AnyMasks())
    OnAlter(class_id, object, sub_id, static_cast<const ObjectAccessPostAlter*>(arg));
}

void ForgetAll() {
  altered = NIL;
  partings = NIL;
  orphans = NIL;
  all_altered = false;
  at_work = false;
}

void OnTransaction(XactEvent event, void*) {
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
    ForgetAll();
}

// An error caught in PL/pgSQL leaves the list: what it names is looked at once too often.
void OnSubtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
  if (event == SUBXACT_EVENT_ABORT_SUB) at_work = false;
}

void WriteLabel(Oid relid, AttrNumber attno, const char* text) {
  ObjectAddress column = {RelationRelationId, relid, attno};
  SetSecurityLabel(&column, kProvider, text);
}

// Whether the text still comes to the same expression.
bool StillSays(Relation relation, const StoredMask* mask, const char* text) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  volatile bool same = false;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    same = equal(BindFunction(relation, mask->attno, text, nullptr), mask->tree);
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  return same;
}

bool HasTypeOf(Relation relation, const StoredMask* mask) {
  const FormData_pg_attribute* attribute =
      TupleDescAttr(RelationGetDescr(relation), mask->attno - 1);
  return exprType(mask->tree) == attribute->atttypid &&
         exprTypmod(mask->tree) == attribute->atttypmod &&
         exprCollation(mask->tree) == attribute->attcollation;
}

void ApplyToNewType(Relation relation, const StoredMask* mask) {
  MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  { ApplyLabel(RelationGetRelid(relation), mask->attno, mask->text); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    const char* column = get_attname(RelationGetRelid(relation), mask->attno, false);
    error->hint = psprintf(
        "Column \"%s\" is masked, and the mask does not fit its new type: label "
        "it anew in the same transaction before the type changes, first with "
        "MASKED WITH VALUE NULL.",
        column);
    ReThrowError(error);
  }
  PG_END_TRY();
}

void RefreshColumn(Relation relation, const StoredMask* mask) {
  if (TupleDescAttr(RelationGetDescr(relation), mask->attno - 1)->attisdropped) return;
  Label label = ReadLabel(mask->text);
  if (mask->kind != Kind::kExpression) {
    if (label.form != Form::kNotMasked && label.form != Form::kClass)
      ApplyToNewType(relation, mask);
    return;
  }
  if (!HasTypeOf(relation, mask)) {
    ApplyToNewType(relation, mask);
    return;
  }
  if (label.form == Form::kFunction && !StillSays(relation, mask, label.rest))
    WriteLabel(RelationGetRelid(relation), mask->attno, Render(relation, mask->tree));
}

void RefreshRelation(Oid relid) {
  List* masks = MasksOnRelation(relid);
  if (masks == NIL) return;
  Relation relation = try_relation_open(relid, AccessShareLock);
  if (relation == nullptr) return;
  ListCell* lc;
  foreach (lc, masks) RefreshColumn(relation, static_cast<const StoredMask*>(lfirst(lc)));
  relation_close(relation, NoLock);
}

bool IsChild(Oid child, Oid parent) {
  ListCell* lc;
  foreach (lc, find_inheritance_children(parent, NoLock))
    if (lfirst_oid(lc) == child) return true;
  return false;
}

bool HasLabel(Oid relid, AttrNumber attno) {
  ObjectAddress column = {RelationRelationId, relid, attno};
  return GetSecurityLabel(&column, kProvider) != nullptr;
}

// What only the parent's label masked must not show because it is a table of its own now.
void TakeLabelsAlong(Oid child, Oid parent) {
  const RelationMasks* masks = MasksOf(parent);
  Relation relation = masks != nullptr ? try_relation_open(child, AccessShareLock) : nullptr;
  if (relation == nullptr) return;
  int taken = 0;
  Bitmapset* columns = bms_copy(masks->columns);
  int member = -1;
  while ((member = bms_next_member(columns, member)) >= 0) {
    AttrNumber from = ColumnOf(member);
    AttrNumber to = get_attnum(child, get_attname(parent, from, false));
    if (to == InvalidAttrNumber || HasLabel(child, to)) continue;
    Relation source = relation_open(parent, AccessShareLock);
    masks = MasksOf(parent);
    const char* text = LabelFor(source, masks, from);
    relation_close(source, NoLock);
    WriteLabel(child, to, text);
    ApplyLabel(child, to, text);
    taken++;
  }
  relation_close(relation, NoLock);
  if (taken > 0)
    ereport(NOTICE, (errmsg_plural("\"%s\" keeps the mask of %d column that it had from \"%s\"",
                                   "\"%s\" keeps the masks of %d columns that it had from \"%s\"",
                                   taken, get_rel_name(child), taken, get_rel_name(parent))));
}

void Adopt(const Orphan* orphan) {
  Relation relation = try_relation_open(orphan->relid, AccessShareLock);
  if (relation == nullptr) return;
  const FormData_pg_attribute* attribute =
      TupleDescAttr(RelationGetDescr(relation), orphan->attno - 1);
  const RelationMasks* masks = MasksOf(orphan->relid);
  bool masked = masks != nullptr && bms_is_member(ColumnMember(orphan->attno), masks->columns);
  if (!attribute->attisdropped && !masked && !HasLabel(orphan->relid, orphan->attno)) {
    WriteLabel(orphan->relid, orphan->attno, orphan->label);
    ApplyLabel(orphan->relid, orphan->attno, orphan->label);
    ereport(NOTICE, (errmsg("column \"%s\" of \"%s\" keeps its mask", NameStr(attribute->attname),
                            RelationGetRelationName(relation))));
  }
  relation_close(relation, NoLock);
}

void Work() {
  List* relations = altered;
  List* parted = partings;
  List* orphaned = orphans;
  bool all = all_altered;
  altered = partings = orphans = NIL;
  all_altered = false;
  if (all) {
    ListCell* lc;
    foreach (lc, AllLabels())
      relations =
          list_append_unique_oid(relations, static_cast<LabelledColumn*>(lfirst(lc))->relid);
  }
  ListCell* lc;
  foreach (lc, relations) RefreshRelation(lfirst_oid(lc));
  foreach (lc, parted) {
    const Parting* parting = static_cast<const Parting*>(lfirst(lc));
    if (!IsChild(parting->child, parting->parent)) TakeLabelsAlong(parting->child, parting->parent);
  }
  foreach (lc, orphaned) Adopt(static_cast<const Orphan*>(lfirst(lc)));
}

}  // namespace

void InitLabelChanges() {
  previous_object_access = object_access_hook;
  object_access_hook = OnObjectAccess;
  RegisterXactCallback(OnTransaction, nullptr);
  RegisterSubXactCallback(OnSubtransaction, nullptr);
}

void AfterUtility() {
  bool idle = altered == NIL && partings == NIL && orphans == NIL && !all_altered;
  if (idle || at_work || !IsTransactionState()) return;
  at_work = true;
  CommandCounterIncrement();
  Work();
  at_work = false;
}

}  // namespace jit::mask
