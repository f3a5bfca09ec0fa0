#include "mask/statistics.h"

#include "mask/catalog.h"
#include "mask/exemption.h"
#include "pg/installed.h"

extern "C" {
#include "access/parallel.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_statistic_ext_data.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/plancat.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
}

namespace jit::mask {

namespace {

get_attavgwidth_hook_type previous_attavgwidth = nullptr;
get_relation_stats_hook_type previous_relation_stats = nullptr;
get_relation_info_hook_type previous_relation_info = nullptr;

// Masked for the current user, by what it is: statistics do not end when a grant does.
const RelationMasks* MasksForUser(Oid relid) {
  const RelationMasks* masks = MasksOf(relid);
  return masks != nullptr && !IsExempt(GetUserId(), relid) ? masks : nullptr;
}

// Of a relation in a query that is planned.
const RelationMasks* MasksInPlan(Oid relid) {
  return !IsParallelWorker() && relid >= FirstNormalObjectId && AnyMasks() ? MasksForUser(relid)
                                                                           : nullptr;
}

bool IsHidden(Oid relid, AttrNumber attno) {
  const RelationMasks* masks = MasksInPlan(relid);
  return masks != nullptr && bms_is_member(ColumnMember(attno), masks->columns);
}

// How wide the raw values are on average shows in EXPLAIN.
int32 AverageWidth(Oid relid, AttrNumber attno) {
  if (IsHidden(relid, attno)) {
    Oid type;
    int32 typmod;
    Oid collation;
    get_atttypetypmodcoll(relid, attno, &type, &typmod, &collation);
    return get_typavgwidth(type, typmod);
  }
  return previous_attavgwidth ? previous_attavgwidth(relid, attno) : 0;
}

// The number of groups is estimated from the columns that an expression reads: of a mask the raw
// one.
bool RelationStats(PlannerInfo* root, RangeTblEntry* rte, AttrNumber attno,
                   VariableStatData* found) {
  if (rte->rtekind == RTE_RELATION && attno > 0 && IsHidden(rte->relid, attno)) {
    found->statsTuple = nullptr;
    return true;
  }
  return previous_relation_stats && previous_relation_stats(root, rte, attno, found);
}

// Extended statistics combine columns.
void RelationInfo(PlannerInfo* root, Oid relid, bool inhparent, RelOptInfo* rel) {
  if (rel->statlist != NIL && MasksInPlan(relid) != nullptr) rel->statlist = NIL;
  if (previous_relation_info) previous_relation_info(root, relid, inhparent, rel);
}

Expr* ColumnOfStatistics(Index rti, AttrNumber attno, Oid type) {
  return reinterpret_cast<Expr*>(makeVar(static_cast<int>(rti), attno, type, -1, InvalidOid, 0));
}

void AddQual(RangeTblEntry* rte, const char* function, List* arguments, int count,
             const Oid* types) {
  List* name = list_make2(makeString(pstrdup("jit")), makeString(pstrdup(function)));
  Oid oid = LookupFuncName(name, count, types, false);
  FuncExpr* call =
      makeFuncExpr(oid, BOOLOID, arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
  rte->securityQuals = lappend(rte->securityQuals, call);
}

// The column of the table that an index's column is; InvalidAttrNumber for an expression.
AttrNumber ColumnOfIndex(Oid index, AttrNumber attno) {
  HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(tuple)) return InvalidAttrNumber;
  Form_pg_index form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
  AttrNumber column =
      attno > 0 && attno <= form->indnatts ? form->indkey.values[attno - 1] : InvalidAttrNumber;
  ReleaseSysCache(tuple);
  return column;
}

}  // namespace

void InitStatistics() {
  previous_attavgwidth = get_attavgwidth_hook;
  get_attavgwidth_hook = AverageWidth;
  previous_relation_stats = get_relation_stats_hook;
  get_relation_stats_hook = RelationStats;
  previous_relation_info = get_relation_info_hook;
  get_relation_info_hook = RelationInfo;
}

void GuardCatalog(RangeTblEntry* rte, Index rti) {
  bool statistics = rte->relid == StatisticRelationId || rte->relid == StatisticExtDataRelationId;
  bool toast = rte->relkind == RELKIND_TOASTVALUE;
  if ((!statistics && !toast) || IsExemptEverywhere(GetUserId())) return;
  if (toast && !has_privs_of_role(GetUserId(), OwnerOf(rte->relid)))
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("TOAST table \"%s\" may hold masked values", get_rel_name(rte->relid)),
                    errhint("Read the table that it belongs to.")));
  const Oid types[] = {OIDOID, INT2OID};
  if (rte->relid == StatisticRelationId)
    AddQual(rte, "statistics_visible",
            list_make2(ColumnOfStatistics(rti, Anum_pg_statistic_starelid, OIDOID),
                       ColumnOfStatistics(rti, Anum_pg_statistic_staattnum, INT2OID)),
            2, types);
  if (rte->relid == StatisticExtDataRelationId)
    AddQual(rte, "extended_statistics_visible",
            list_make1(ColumnOfStatistics(rti, Anum_pg_statistic_ext_data_stxoid, OIDOID)), 1,
            types);
}

}  // namespace jit::mask

using namespace jit::mask;

JIT_SQL_FUNCTION(jit_statistics_visible)
// jit.statistics_visible(relation oid, column smallint): false where the column, or an expression
// over such a column in an index, is masked for the current user.
Datum jit_statistics_visible(PG_FUNCTION_ARGS) {
  Oid relid = PG_GETARG_OID(0);
  AttrNumber attno = PG_GETARG_INT16(1);
  Oid table =
      get_rel_relkind(relid) == RELKIND_INDEX || get_rel_relkind(relid) == RELKIND_PARTITIONED_INDEX
          ? IndexGetRelation(relid, true)
          : relid;
  if (!OidIsValid(table) || attno <= 0 || !AnyMasks()) PG_RETURN_BOOL(true);
  const RelationMasks* masks = MasksForUser(table);
  if (masks == nullptr) PG_RETURN_BOOL(true);
  if (table != relid) attno = ColumnOfIndex(relid, attno);
  // An expression may combine any columns.
  PG_RETURN_BOOL(attno != InvalidAttrNumber && !bms_is_member(ColumnMember(attno), masks->columns));
}

JIT_SQL_FUNCTION(jit_extended_statistics_visible)
// jit.extended_statistics_visible(statistics oid): false where a column of its table is masked for
// the current user: most common values combine columns.
Datum jit_extended_statistics_visible(PG_FUNCTION_ARGS) {
  HeapTuple tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(PG_GETARG_OID(0)));
  if (!HeapTupleIsValid(tuple)) PG_RETURN_BOOL(false);
  Oid relid = reinterpret_cast<Form_pg_statistic_ext>(GETSTRUCT(tuple))->stxrelid;
  ReleaseSysCache(tuple);
  PG_RETURN_BOOL(!AnyMasks() || MasksForUser(relid) == nullptr);
}
