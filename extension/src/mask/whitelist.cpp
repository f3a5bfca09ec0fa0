#include "mask/whitelist.h"

#include "mask/safe_functions.h"
#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace jit::mask {

namespace {

struct Check {
  AttrNumber attno;
  bool reads_column;
  Oid keyed;      // a keyed function that it calls
  bool converts;  // in a cast through text
};

void RefuseConstruct(const char* what) {
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), errmsg("a mask cannot contain %s", what),
           errhint("A mask is an expression over its own column, constants and functions.")));
}

bool IsTrusted(Oid function) {
  const pg::Installed* here = pg::GetInstalled();
  Oid trusted = here != nullptr ? get_relname_relid("trusted_functions", here->schema) : InvalidOid;
  if (!OidIsValid(trusted)) return false;
  Relation rel = table_open(trusted, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(function));
  SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, nullptr, 1, &key);
  bool found = HeapTupleIsValid(systable_getnext(scan));
  systable_endscan(scan);
  table_close(rel, AccessShareLock);
  return found;
}

void RefuseFunction(Oid function, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                  errmsg("a mask cannot call function %s", format_procedure(function)),
                  errhint("%s", hint)));
}

bool CheckFunction(Oid function, void* context) {
  Check* check = static_cast<Check*>(context);
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", function);
  Form_pg_proc proc = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  bool plain = proc->prokind == PROKIND_FUNCTION && !proc->proretset;
  bool built_in = function < FirstNormalObjectId && proc->pronamespace == PG_CATALOG_NAMESPACE;
  bool is_mask = strncmp(NameStr(proc->proname), "jit_mask_", 9) == 0;
  char volatility = proc->provolatile;
  ReleaseSysCache(tuple);
  if (!plain) RefuseConstruct("aggregates, window functions or functions that return sets");
  if (IsMemberFunction(function) && is_mask) {
    if (volatility == PROVOLATILE_STABLE) check->keyed = function;
    return false;
  }
  if (built_in && volatility == PROVOLATILE_IMMUTABLE) return false;
  // What a date looks like depends on a setting; it tells nothing for that.
  if (built_in && volatility == PROVOLATILE_STABLE && check->converts) return false;
  if (volatility != PROVOLATILE_VOLATILE && IsTrusted(function)) return false;
  if (volatility == PROVOLATILE_VOLATILE)
    RefuseFunction(function,
                   "It is volatile: a value must have one mask. Use jit_mask_pseudonym, "
                   "jit_mask_hash or jit_mask_noise, whose result depends on the value and a key.");
  RefuseFunction(function,
                 built_in ? "It is not immutable. A superuser can allow it: INSERT INTO "
                            "jit.trusted_functions VALUES ('name(types)')."
                          : "Masks call jit_mask_* functions and immutable built-in ones. A "
                            "superuser can allow others: INSERT INTO jit.trusted_functions VALUES "
                            "('name(types)').");
  return false;
}

void CheckVar(const Var* var, Check* check) {
  if (var->varlevelsup != 0 || var->varattno != check->attno)
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("a mask can read only the column that it masks"),
                    errhint("Another column's value would show in this one's place.")));
  check->reads_column = true;
}

bool CheckNode(Node* node, void* context) {
  if (node == nullptr) return false;
  Check* check = static_cast<Check*>(context);
  bool converts = check->converts;
  check->converts = false;
  switch (nodeTag(node)) {
    case T_Var:
      CheckVar(reinterpret_cast<Var*>(node), check);
      break;
    case T_CoerceViaIO:
      check->converts = true;
      break;
    case T_Const:
    case T_FuncExpr:
    case T_NamedArgExpr:
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr:
    case T_ScalarArrayOpExpr:
    case T_BoolExpr:
    case T_RelabelType:
    case T_ArrayCoerceExpr:
    case T_CollateExpr:
    case T_CaseExpr:
    case T_CaseWhen:
    case T_CaseTestExpr:
    case T_ArrayExpr:
    case T_CoalesceExpr:
    case T_MinMaxExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_SubscriptingRef:
    case T_List:
      break;
    case T_SubLink:
      RefuseConstruct("a subquery");
      break;
    case T_Aggref:
    case T_WindowFunc:
    case T_GroupingFunc:
      RefuseConstruct("aggregates, window functions or functions that return sets");
      break;
    case T_Param:
      RefuseConstruct("a parameter");
      break;
    case T_SQLValueFunction:
      RefuseConstruct("CURRENT_USER, CURRENT_DATE and the like");
      break;
    case T_CoerceToDomain:
      RefuseConstruct("a cast to a domain, whose error would name the value");
      break;
    default:
      RefuseConstruct("this kind of expression");
  }
  check_functions_in_node(node, CheckFunction, context);
  check->converts = false;
  bool stop = pg::WalkExpression(node, CheckNode, context);
  check->converts = converts;
  return stop;
}

}  // namespace

bool MayBeCalled(Oid function) { return IsMemberFunction(function) || IsTrusted(function); }

void CheckExpression(Node* expression, AttrNumber attno) {
  Check check = {attno, false, InvalidOid, false};
  CheckNode(expression, &check);
  if (OidIsValid(check.keyed) && !check.reads_column)
    RefuseFunction(check.keyed, "Its argument is to be the column that is masked.");
}

}  // namespace jit::mask
