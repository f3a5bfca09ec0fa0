#include "mask/errors.h"

#include "mask/catalog.h"
#include "mask/exemption.h"
#include "mask/marker.h"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
}

namespace jit::mask {

namespace {

emit_log_hook_type previous_emit_log = nullptr;

// This transaction has written to masked columns' tables: what is deferred fails at COMMIT, where
// no catalog can be asked.
bool has_written = false;
// The error on its way out has been found to hold no masked value.
bool is_harmless = false;

bool IsOfClass(int sqlstate, const char* code) {
  return ERRCODE_TO_CATEGORY(sqlstate) == MAKE_SQLSTATE(code[0], code[1], '0', '0', '0');
}

bool IsConstraintError(int sqlstate) {
  return IsOfClass(sqlstate, "23") || IsOfClass(sqlstate, "44");
}

// What says nothing of values: of transactions, resources, settings, operators and privileges.
bool IsOfServer(int sqlstate) {
  constexpr const char* kClasses[] = {"25", "40", "53", "54", "55", "57", "58"};
  for (const char* code : kClasses)
    if (IsOfClass(sqlstate, code)) return true;
  return sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE;
}

// Whether an error's text may name a value that only a mask, or the change of a row, has read. A
// cast through text names what it did not find in the catalogs, too, and a trusted function may say
// anything; what triggers raise on purpose is their owner's message.
bool MayNameValue(int sqlstate, Errors errors) {
  if (MasksMayFail(errors) && !IsOfServer(sqlstate)) return true;
  return Writes(errors) &&
         (IsOfClass(sqlstate, "22") || (IsOfClass(sqlstate, "42") && !IsOfServer(sqlstate)));
}

Errors Together(Errors a, Errors b) {
  bool writes = Writes(a) || Writes(b);
  if (!MasksMayFail(a) && !MasksMayFail(b)) return writes ? Errors::kWrites : Errors::kPass;
  return writes ? Errors::kWritesAndMasksMayFail : Errors::kMasksMayFail;
}

Errors ErrorsOf(const PlannedStmt* plan) {
  Errors errors = Errors::kPass;
  ListCell* lc;
  foreach (lc, plan->rtable) errors = Together(errors, ReadErrors(lfirst_node(RangeTblEntry, lc)));
  return errors;
}

bool IsMasked(Oid relid, Oid userid) {
  return MasksOf(relid) != nullptr && !IsExempt(userid, relid);
}

// The table that a foreign key of `relid` leads to.
Oid ReferencedBy(Oid relid, const char* foreign_key) {
  Oid constraint =
      foreign_key != nullptr ? get_relation_constraint_oid(relid, foreign_key, true) : InvalidOid;
  HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  Oid referenced = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->confrelid;
  ReleaseSysCache(tuple);
  return referenced;
}

// Constraints name their table; whoever raised the error has just read its catalog entries, so that
// they can be read here. A foreign key names the referencing table, and tells values of either.
bool MayHoldMasked(const ErrorData* error, Oid userid) {
  if (error->schema_name == nullptr || error->table_name == nullptr) return true;
  Oid schema = get_namespace_oid(error->schema_name, true);
  Oid relid = OidIsValid(schema) ? get_relname_relid(error->table_name, schema) : InvalidOid;
  if (!OidIsValid(relid) || IsMasked(relid, userid)) return true;
  if (error->sqlerrcode != ERRCODE_FOREIGN_KEY_VIOLATION) return false;
  Oid referenced = ReferencedBy(relid, error->constraint_name);
  return !OidIsValid(referenced) || IsMasked(referenced, userid);
}

void DropDetail(ErrorData* error) {
  error->detail = nullptr;
  error->detail_log = nullptr;
}

// Called with the error on the stack; does not return.
void Rethrow(MemoryContext context, Oid userid, Errors errors) {
  int sqlstate = geterrcode();
  bool constraint = IsConstraintError(sqlstate);
  bool data = MayNameValue(sqlstate, errors);
  if (!constraint && !data) PG_RE_THROW();
  MemoryContextSwitchTo(context);
  ErrorData* error = CopyErrorData();
  FlushErrorState();
  if (constraint) {
    is_harmless = !MayHoldMasked(error, userid);
    if (!is_harmless) DropDetail(error);
  } else {
    DropDetail(error);
    error->message =
        psprintf("a value cannot be processed (SQLSTATE %s)", unpack_sql_state(sqlstate));
    error->hint = Writes(errors)
                      ? pstrdup(
                            "The message is withheld: the statement changes a table with "
                            "masked columns, and it may name their values.")
                      : pstrdup(
                            "The message is withheld: a mask in the statement calls functions "
                            "whose errors may name masked values.");
    error->context = nullptr;
    error->internalquery = nullptr;
    error->internalpos = 0;
    error->cursorpos = 0;
  }
  ReThrowError(error);
}

void Run(void (*body)(void* arg), void* arg, Oid userid, Errors errors) {
  MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  { body(arg); }
  PG_CATCH();
  { Rethrow(context, userid, errors); }
  PG_END_TRY();
  is_harmless = false;  // had there been such an error, it was caught
}

bool IsConcerned(Oid userid) { return AnyMasks() && !IsExemptEverywhere(userid); }

void OnEmitLog(ErrorData* error) {
  if (has_written && !is_harmless && error->elevel >= ERROR && IsConstraintError(error->sqlerrcode))
    DropDetail(error);
  if (error->elevel >= ERROR) is_harmless = false;
  if (previous_emit_log) previous_emit_log(error);
}

void OnTransaction(XactEvent event, void*) {
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
    has_written = is_harmless = false;
}

}  // namespace

void InitErrors() {
  previous_emit_log = emit_log_hook;
  emit_log_hook = OnEmitLog;
  RegisterXactCallback(OnTransaction, nullptr);
}

void NoteWrite() { has_written = true; }

void RunGuarded(const QueryDesc* desc, void (*body)(void* arg), void* arg) {
  Oid userid = GetUserId();
  if (!IsConcerned(userid)) {
    body(arg);
    return;
  }
  Errors errors = ErrorsOf(desc->plannedstmt);
  Run(body, arg, userid, errors);
}

void RunUtilityGuarded(void (*body)(void* arg), void* arg) {
  Oid userid = GetUserId();
  if (IsConcerned(userid))
    Run(body, arg, userid, Errors::kPass);
  else
    body(arg);
}

}  // namespace jit::mask
