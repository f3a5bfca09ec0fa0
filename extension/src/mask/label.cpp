#include "mask/label.h"

#include "mask/expression.h"
#include "mask/label_changes.h"
#include "mask/label_text.h"
#include "mask/store.h"
#include "pg/installed.h"

extern "C" {
#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/seclabel.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace jit::mask {

namespace {

void RequireInstalled() {
  const pg::Installed* here = pg::GetInstalled();
  if (here != nullptr && OidIsValid(here->masks)) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("extension jit_access is not installed in this database"),
                  errhint("CREATE EXTENSION jit_access")));
}

// Until the transaction ends: labels, classes and trusted functions of sessions that do not see
// each other's would not come together, as a parallel pg_restore sets them.
void WaitForOtherChanges() { LockRelationOid(pg::GetInstalled()->masks, ShareUpdateExclusiveLock); }

void RefuseObject(const char* what, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("%s cannot be masked", what),
                  errhint("%s", hint)));
}

constexpr const char* kOnColumns =
    "Label columns of tables: SECURITY LABEL FOR jit_access ON COLUMN table.column IS '...'";

void RequireMaskable(Relation relation, AttrNumber attno) {
  const char* name = RelationGetRelationName(relation);
  switch (relation->rd_rel->relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_MATVIEW:
      break;
    case RELKIND_VIEW:
      RefuseObject(psprintf("view \"%s\"", name),
                   "Label the columns of the tables that it reads: views show masks, too.");
      break;
    case RELKIND_FOREIGN_TABLE:
      RefuseObject(psprintf("foreign table \"%s\"", name),
                   "Mask the table on the server that holds it.");
      break;
    default:
      RefuseObject(psprintf("\"%s\"", name), kOnColumns);
  }
  const pg::Installed* here = pg::GetInstalled();
  // Of initdb's tables some are no catalogs: information_schema's.
  bool of_system = IsCatalogRelation(relation) || RelationGetRelid(relation) < FirstNormalObjectId;
  if (of_system || RelationGetNamespace(relation) == here->schema)
    RefuseObject(psprintf("system table \"%s\"", name), kOnColumns);
  if (attno < 0) RefuseObject("a system column", kOnColumns);
  const FormData_pg_attribute* attribute = TupleDescAttr(RelationGetDescr(relation), attno - 1);
  if (get_typtype(getBaseType(attribute->atttypid)) == TYPTYPE_PSEUDO)
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("column \"%s\" is of pseudo-type %s, which cannot be masked",
                           NameStr(attribute->attname), format_type_be(attribute->atttypid)),
                    errhint("Give the column a type first.")));
}

// The mask of a class for a type, with the word `value` for the column; null: no such class.
char* ClassMask(const char* mask_class, Oid type) {
  Oid types[] = {TEXTOID, REGTYPEOID};
  List* name = list_make2(makeString(pstrdup("jit")), makeString(pstrdup("class_mask")));
  Oid function = LookupFuncName(name, 2, types, false);
  LOCAL_FCINFO(fcinfo, 2);
  FmgrInfo info;
  fmgr_info(function, &info);
  InitFunctionCallInfoData(*fcinfo, &info, 2, DEFAULT_COLLATION_OID, nullptr, nullptr);
  fcinfo->args[0] = {CStringGetTextDatum(mask_class), false};
  fcinfo->args[1] = {ObjectIdGetDatum(type), false};
  // What was committed while this waited for others counts.
  PushActiveSnapshot(GetLatestSnapshot());
  Datum result = FunctionCallInvoke(fcinfo);
  PopActiveSnapshot();
  return fcinfo->isnull ? nullptr : TextDatumGetCString(result);
}

void ApplyClass(Relation relation, AttrNumber attno, const char* mask_class) {
  Oid relid = RelationGetRelid(relation);
  Oid type = TupleDescAttr(RelationGetDescr(relation), attno - 1)->atttypid;
  char* mask = ClassMask(mask_class, getBaseType(type));
  Node* tree = nullptr;
  if (mask != nullptr)
    tree = BindFunction(relation, attno, mask, "value");
  else
    ereport(WARNING, (errcode(ERRCODE_UNDEFINED_OBJECT),
                      errmsg("class \"%s\" does not exist: column \"%s\" of \"%s\" is hidden whole",
                             mask_class, get_attname(relid, attno, false),
                             RelationGetRelationName(relation)),
                      errhint("jit.mask_classes lists the classes, and takes new ones.")));
  StoreMask(relid, attno, "class", mask_class, tree);
}

// What does not depend on other objects: the form, and what is labelled.
void RequireSound(Oid relid, AttrNumber attno, const char* text) {
  RequireInstalled();
  Relation relation = relation_open(relid, AccessShareLock);
  RequireMaskable(relation, attno);
  relation_close(relation, NoLock);
  (void)ReadLabel(text);
}

// Of a label that does not bind: its error as a warning, and the column hidden.
bool TryApply(const LabelledColumn* column) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  volatile bool bound = true;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    ApplyLabel(column->relid, column->attno, column->text);
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    ereport(WARNING, (errcode(error->sqlerrcode),
                      errmsg("column \"%s\" of \"%s\" is hidden whole: %s",
                             get_attname(column->relid, column->attno, true),
                             get_rel_name(column->relid), error->message),
                      error->hint != nullptr ? errhint("%s", error->hint) : 0));
    bound = false;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  return bound;
}

LabelListener listener = nullptr;

void Check(const ObjectAddress* object, const char* label) {
  if (object->classId != RelationRelationId || object->objectSubId == 0) {
    if (label == nullptr) return;
    RefuseObject("this kind of object", kOnColumns);
  }
  AttrNumber attno = static_cast<AttrNumber>(object->objectSubId);
  TellLabelListener(object->objectId, attno, label);
  if (label == nullptr) {
    const pg::Installed* here = pg::GetInstalled();
    if (here != nullptr && OidIsValid(here->masks)) WaitForOtherChanges();
    ForgetMasks(object->objectId, attno);
    CacheInvalidateRelcacheByRelid(object->objectId);
    return;
  }
  RequireSound(object->objectId, attno, label);
  WaitForOtherChanges();
  // As pg_dump sets it: the functions that a superuser trusts come behind the labels.
  if (!check_function_bodies) {
    const LabelledColumn column = {object->objectId, attno, label};
    if (!TryApply(&column)) StoreMask(column.relid, attno, "function", nullptr, nullptr);
    return;
  }
  MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  { ApplyLabel(object->objectId, attno, label); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    // The parser's own errors say what is wrong, not what would be right.
    if (error->hint == nullptr)
      error->hint = pstrdup(
          "A mask is an expression or constant of the column's type, as in: MASKED WITH FUNCTION "
          "jit_mask_partial(ssn, 0, '***-**-', 4), or MASKED WITH VALUE NULL.");
    ReThrowError(error);
  }
  PG_END_TRY();
}

}  // namespace

void SetLabelListener(LabelListener l) { listener = l; }

void TellLabelListener(Oid relid, AttrNumber attno, const char* text) {
  if (listener) listener(relid, attno, text);
}

void ApplyLabel(Oid relid, AttrNumber attno, const char* text) {
  RequireSound(relid, attno, text);
  Relation relation = relation_open(relid, AccessShareLock);
  Label label = ReadLabel(text);
  switch (label.form) {
    case Form::kFunction:
      StoreMask(relid, attno, "function", nullptr,
                BindFunction(relation, attno, label.rest, nullptr));
      break;
    case Form::kValue:
      StoreMask(relid, attno, "value", nullptr, BindValue(relation, attno, label.rest));
      break;
    case Form::kClass:
      ApplyClass(relation, attno, label.rest);
      break;
    case Form::kNotMasked:
      StoreMask(relid, attno, "none", nullptr, nullptr);
      break;
  }
  relation_close(relation, NoLock);
}

void RefreshLabels(const char* mask_class) {
  WaitForOtherChanges();
  ListCell* lc;
  foreach (lc, AllLabels()) {
    const LabelledColumn* column = static_cast<const LabelledColumn*>(lfirst(lc));
    if (mask_class != nullptr) {
      Label label = ReadLabel(column->text);
      if (label.form != Form::kClass || strcmp(label.rest, mask_class) != 0) continue;
    }
    if (get_attname(column->relid, column->attno, true) == nullptr) continue;
    if (!TryApply(column)) StoreMask(column->relid, column->attno, "function", nullptr, nullptr);
  }
}

void InitLabels() {
  register_label_provider(kProvider, Check);
  InitLabelChanges();
}

}  // namespace jit::mask

JIT_SQL_FUNCTION(jit_refresh_masks)
// jit.refresh_masks(class text): binds the labels anew, all of them or, with a class, its own.
Datum jit_refresh_masks(PG_FUNCTION_ARGS) {
  if (jit::pg::GetInstalled() != nullptr && OidIsValid(jit::pg::GetInstalled()->masks))
    jit::mask::RefreshLabels(PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0)));
  PG_RETURN_VOID();
}
