#include "mask/target.h"

#include "mask/exemption.h"
#include "pg/compat.h"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "nodes/makefuncs.h"
#include "rewrite/rewriteManip.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace jit::mask {

namespace {

struct Target {
  Index varno;
  int depth;
  Oid relid;
  TupleDesc desc;
  const RelationMasks* masks;
  const Bitmapset* hidden;
};

bool IsTargetVar(const Node* node, const Target* target) {
  if (!IsA(node, Var)) return false;
  const Var* var = reinterpret_cast<const Var*>(node);
  return var->varno == static_cast<int>(target->varno) &&
         static_cast<int>(var->varlevelsup) == target->depth;
}

const char* CommandName(CmdType command) {
  switch (command) {
    case CMD_INSERT:
      return "INSERT";
    case CMD_UPDATE:
      return "UPDATE";
    case CMD_DELETE:
      return "DELETE";
    default:
      return "MERGE";
  }
}

void Refuse(const Query* query, Oid relid, int member) {
  AttrNumber attno = ColumnOf(member);
  const char* table = get_rel_name(relid);
  const char* column = attno > 0 ? get_attname(relid, attno, false) : nullptr;
  const char* qualified =
      quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), table);
  const char* ask =
      column != nullptr
          ? psprintf("SELECT jit_request('UNMASK (%s) ON %s', '30 minutes', 'reason')",
                     quote_identifier(column), qualified)
          : nullptr;
  ereport(
      ERROR,
      (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
       column != nullptr ? errmsg("%s reads column \"%s\" of \"%s\", which is masked",
                                  CommandName(query->commandType), column, table)
                         : errmsg("%s reads whole rows of \"%s\", which has masked columns",
                                  CommandName(query->commandType), table),
       ask != nullptr && GrantsCount(GetUserId())
           ? errhint("Choose the rows by columns that are not masked, or ask to see it: %s", ask)
           : errhint("Choose the rows by columns that are not masked, and set columns to "
                     "values that do not come from masked ones.")));
}

struct Reading {
  Target target;
  const Query* query;
};

bool RefuseReads(Node* node, void* context) {
  if (node == nullptr) return false;
  Reading* reading = static_cast<Reading*>(context);
  if (IsA(node, Query)) {
    reading->target.depth++;
    pg::WalkQueryTree(castNode(Query, node), RefuseReads, context);
    reading->target.depth--;
    return false;
  }
  if (IsTargetVar(node, &reading->target)) {
    int member = ColumnMember(reinterpret_cast<Var*>(node)->varattno);
    if (member == ColumnMember(InvalidAttrNumber) || bms_is_member(member, reading->target.hidden))
      Refuse(reading->query, reading->target.relid, member);
    return false;
  }
  return pg::WalkExpression(node, RefuseReads, context);
}

// ON CONFLICT ON CONSTRAINT names no column.
void RefuseArbiter(const Query* query, const Target& target) {
  if (query->onConflict == nullptr || !OidIsValid(query->onConflict->constraint)) return;
  char* name = get_constraint_name(query->onConflict->constraint);
  if (name == nullptr) return;
  Oid found = InvalidOid;
  Bitmapset* key = get_relation_constraint_attnos(target.relid, name, true, &found);
  int member = bms_next_member(bms_intersect(key, target.hidden), -1);
  if (member >= 0) Refuse(query, target.relid, member);
}

Node* MaskOf(const Target* target, AttrNumber attno) {
  Node* mask = static_cast<Node*>(copyObjectImpl(target->masks->expressions[attno - 1]));
  ChangeVarNodes(mask, 1, static_cast<int>(target->varno), 0);
  IncrementVarSublevelsUp(mask, target->depth, 0);
  return mask;
}

Node* MaskedRow(const Target* target, const Var* row) {
  RowExpr* masked = makeNode(RowExpr);
  masked->row_typeid = row->vartype;
  masked->row_format = COERCE_IMPLICIT_CAST;
  masked->location = -1;
  for (int i = 0; i < target->desc->natts; i++) {
    const FormData_pg_attribute* attribute = TupleDescAttr(target->desc, i);
    AttrNumber attno = attribute->attnum;
    Node* value = nullptr;
    if (attribute->attisdropped)
      value = reinterpret_cast<Node*>(
          makeConst(INT4OID, -1, InvalidOid, sizeof(int32), static_cast<Datum>(0), true, true));
    else if (bms_is_member(ColumnMember(attno), target->hidden))
      value = MaskOf(target, attno);
    else
      value = reinterpret_cast<Node*>(
          makeVar(static_cast<int>(target->varno), attno, attribute->atttypid, attribute->atttypmod,
                  attribute->attcollation, static_cast<Index>(target->depth)));
    masked->args = lappend(masked->args, value);
    masked->colnames = lappend(masked->colnames, makeString(pstrdup(NameStr(attribute->attname))));
  }
  return reinterpret_cast<Node*>(masked);
}

Node* MaskReturning(Node* node, void* context) {
  if (node == nullptr) return nullptr;
  Target* target = static_cast<Target*>(context);
  if (IsA(node, Query)) {
    target->depth++;
    Query* inner = query_tree_mutator(
        castNode(Query, node),
        reinterpret_cast<Node* (*)()>(reinterpret_cast<void (*)()>(MaskReturning)), context, 0);
    target->depth--;
    return reinterpret_cast<Node*>(inner);
  }
  if (IsTargetVar(node, target)) {
    const Var* var = reinterpret_cast<const Var*>(node);
    if (var->varattno == InvalidAttrNumber && !bms_is_empty(target->hidden))
      return MaskedRow(target, var);
    if (var->varattno > 0 && bms_is_member(ColumnMember(var->varattno), target->hidden))
      return MaskOf(target, var->varattno);
  }
  return pg::MutateExpression(node, MaskReturning, context);
}

// No native right on any column; behind a view it is the view's owner who has the rights.
bool ReadsByGrantsAlone(const RangeTblEntry* rte) {
  Oid userid = GetUserId();
  return !OidIsValid(rte->checkAsUser) && GrantsCount(userid) &&
         pg_class_aclcheck(rte->relid, userid, ACL_SELECT) != ACLCHECK_OK &&
         pg_attribute_aclcheck_all(rte->relid, userid, ACL_SELECT, ACLMASK_ANY) != ACLCHECK_OK;
}

bool IsBarrier(Oid view) {
  Relation relation = RelationIdGetRelation(view);
  if (!RelationIsValid(relation)) return true;
  bool barrier = RelationIsSecurityView(relation);
  RelationClose(relation);
  return barrier;
}

// Other views' conditions stand in the WHERE clause.
bool ThroughBarrierView(const Query* query) {
  ListCell* lc;
  foreach (lc, query->rtable) {
    const RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    if (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_VIEW && IsBarrier(rte->relid))
      return true;
  }
  return false;
}

// Everything but RETURNING, which yields masks, and the policies' own conditions.
void RefuseReadsOf(Query* query, RangeTblEntry* rte, const Target& target) {
  Reading reading = {target, query};
  List* returning = query->returningList;
  List* checks = query->withCheckOptions;
  List* quals = rte->securityQuals;
  query->returningList = NIL;
  query->withCheckOptions = NIL;
  if (!MayHoldViewQuals(query, rte)) rte->securityQuals = NIL;
  pg::WalkQueryTree(query, RefuseReads, &reading);
  query->returningList = returning;
  query->withCheckOptions = checks;
  rte->securityQuals = quals;
  ListCell* lc;
  foreach (lc, checks) {
    WithCheckOption* check = lfirst_node(WithCheckOption, lc);
    if (check->kind == WCO_VIEW_CHECK) RefuseReads(check->qual, &reading);
  }
  RefuseArbiter(query, target);
}

}  // namespace

bool IsExcluded(const Query* query, Index rti) {
  return query->onConflict != nullptr && query->onConflict->exclRelIndex == static_cast<int>(rti);
}

bool MayHoldViewQuals(const Query* query, const RangeTblEntry* rte) {
  return query->resultRelation > 0 &&
         rte == list_nth_node(RangeTblEntry, query->rtable, query->resultRelation - 1) &&
         ThroughBarrierView(query);
}

Bitmapset* ColumnsToAsk(const RangeTblEntry* rte, TupleDesc desc, const Bitmapset* hidden) {
  Bitmapset* columns = bms_copy(rte->selectedCols);
  if (ReadsByGrantsAlone(rte)) return columns;
  int whole_row = ColumnMember(InvalidAttrNumber);
  if (bms_is_member(whole_row, columns)) {
    columns = bms_del_member(columns, whole_row);
    for (int i = 0; i < desc->natts; i++)
      if (!TupleDescAttr(desc, i)->attisdropped)
        columns = bms_add_member(columns, ColumnMember(static_cast<AttrNumber>(i + 1)));
  }
  return bms_del_members(columns, hidden);
}

void ProtectTarget(Query* query, Index rti, RangeTblEntry* rte, const RelationMasks* masks,
                   const Marker& marker) {
  Mark(rte, marker);
  if (bms_is_empty(marker.hidden)) return;
  Relation relation = RelationIdGetRelation(rte->relid);
  if (!RelationIsValid(relation))
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", rte->relid)));
  Target target = {rti, 0, rte->relid, RelationGetDescr(relation), masks, marker.hidden};
  RefuseReadsOf(query, rte, target);
  query->returningList = reinterpret_cast<List*>(
      MaskReturning(reinterpret_cast<Node*>(query->returningList), &target));
  rte->selectedCols = ColumnsToAsk(rte, target.desc, marker.hidden);
  RelationClose(relation);
}

}  // namespace jit::mask
