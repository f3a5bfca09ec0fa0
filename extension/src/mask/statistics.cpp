#include "mask/statistics.h"

#include "mask/catalog.h"
#include "mask/exemption.h"
#include "mask/marker.h"
#include "pg/installed.h"

extern "C" {
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_statistic_ext_data.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
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

// Its columns that are masked for the current user. Belongs to the catalog.
const Bitmapset* MaskedForUser(Oid relid) {
  if (relid < FirstNormalObjectId || !AnyMasks()) return nullptr;
  const RelationMasks* masks = MasksForUser(relid);
  return masks != nullptr ? masks->columns : nullptr;
}

// How wide the raw values are on average shows in EXPLAIN.
int32 AverageWidth(Oid relid, AttrNumber attno) {
  if (bms_is_member(ColumnMember(attno), MaskedForUser(relid))) {
    Oid type;
    int32 typmod;
    Oid collation;
    get_atttypetypmodcoll(relid, attno, &type, &typmod, &collation);
    return get_typavgwidth(type, typmod);
  }
  return previous_attavgwidth ? previous_attavgwidth(relid, attno) : 0;
}

// The columns of a planned relation that the statement sees masked, null for none. A partition
// bears its parent's mark.
Bitmapset* HiddenIn(const RangeTblEntry* rte) {
  Marker marker = {};
  if (!ReadMark(rte, &marker) || marker.relid == rte->relid) return marker.hidden;
  Bitmapset* hidden = nullptr;
  int member = -1;
  while ((member = bms_next_member(marker.hidden, member)) >= 0) {
    const char* name = get_attname(marker.relid, ColumnOf(member), true);
    AttrNumber attno = name != nullptr ? get_attnum(rte->relid, name) : InvalidAttrNumber;
    if (attno > 0) hidden = bms_add_member(hidden, ColumnMember(attno));
  }
  return hidden;
}

// Those of which no statistics count: what the statement sees masked, and what the user does, in
// policies or under a grant.
Bitmapset* WithoutStatistics(const RangeTblEntry* rte) {
  return bms_add_members(HiddenIn(rte), MaskedForUser(rte->relid));
}

// How many different values there are shows in the estimate for a GROUP BY of their masks.
bool RelationStats(PlannerInfo* root, RangeTblEntry* rte, AttrNumber attno,
                   VariableStatData* found) {
  if (rte->rtekind == RTE_RELATION && bms_is_member(ColumnMember(attno), WithoutStatistics(rte))) {
    found->statsTuple = nullptr;
    found->acl_ok = false;
    return true;
  }
  return previous_relation_stats && previous_relation_stats(root, rte, attno, found);
}

bool Reads(Index rti, const Bitmapset* columns, Node* expressions) {
  Bitmapset* read = nullptr;
  pull_varattnos(expressions, rti, &read);
  return bms_overlap(read, columns) || bms_is_member(ColumnMember(InvalidAttrNumber), read);
}

bool IsSortedBy(const IndexOptInfo* index, const Bitmapset* hidden) {
  for (int i = 0; i < index->nkeycolumns; i++)
    if (bms_is_member(ColumnMember(static_cast<AttrNumber>(index->indexkeys[i])), hidden))
      return true;
  return Reads(index->rel->relid, hidden, reinterpret_cast<Node*>(index->indexprs));
}

bool Combines(const StatisticExtInfo* statistics, Index rti, const Bitmapset* columns) {
  int attno = -1;
  while ((attno = bms_next_member(statistics->keys, attno)) >= 0)
    if (bms_is_member(ColumnMember(static_cast<AttrNumber>(attno)), columns)) return true;
  return Reads(rti, columns, reinterpret_cast<Node*>(statistics->exprs));
}

// Rows that come in the order of an index tell the order of its columns' values. A bitmap scan
// returns them as they lie in the table, and finds them by the index's other columns as before.
void LeaveUnordered(RelOptInfo* rel, const Bitmapset* hidden) {
  if (bms_is_empty(hidden)) return;
  ListCell* lc;
  foreach (lc, rel->indexlist) {
    IndexOptInfo* index = lfirst_node(IndexOptInfo, lc);
    if (!IsSortedBy(index, hidden)) continue;
    index->amhasgettuple = false;
    index->amcanparallel = false;
  }
}

// Extended statistics combine columns.
void LeaveOutStatistics(RelOptInfo* rel, const Bitmapset* columns) {
  if (bms_is_empty(columns)) return;
  ListCell* lc;
  foreach (lc, rel->statlist) {
    if (Combines(lfirst_node(StatisticExtInfo, lc), rel->relid, columns))
      rel->statlist = foreach_delete_current(rel->statlist, lc);
  }
}

void RelationInfo(PlannerInfo* root, Oid relid, bool inhparent, RelOptInfo* rel) {
  if (previous_relation_info) previous_relation_info(root, relid, inhparent, rel);
  const RangeTblEntry* rte = root->simple_rte_array[rel->relid];
  LeaveUnordered(rel, HiddenIn(rte));
  if (rel->statlist != NIL) LeaveOutStatistics(rel, WithoutStatistics(rte));
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

bool IsStatistics(Oid relid) {
  return relid == StatisticRelationId || relid == StatisticExtDataRelationId;
}

void GuardCatalog(RangeTblEntry* rte, Index rti) {
  bool statistics = IsStatistics(rte->relid);
  bool toast = rte->relkind == RELKIND_TOASTVALUE;
  if ((!statistics && !toast) || IsExemptEverywhere(GetUserId())) return;
  if (toast && !has_privs_of_role(GetUserId(), OwnerOf(rte->relid)))
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("TOAST table \"%s\" may hold masked values", get_rel_name(rte->relid)),
                    errhint("Read the table that it belongs to.")));
  if (statistics) Mark(rte, {rte->relid, InvalidOid, nullptr, nullptr, Errors::kPass});
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
