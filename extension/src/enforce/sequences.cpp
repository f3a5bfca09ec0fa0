#include "enforce/sequences.h"

#include "pg/compat.h"

extern "C" {
#include "catalog/dependency.h"
#include "catalog/partition.h"
#include "catalog/pg_type_d.h"
#include "nodes/primnodes.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace jit::enforce {

namespace {

struct Target {
  Oid relid;
  AttrNumber attno;
  bool* replaced;
};

// Whether the sequence belongs to the column, or to the same column of an ancestor of a partition.
bool Owns(const Target& target, Oid sequence) {
  Oid owner;
  int32 column;
  if (!sequenceIsOwned(sequence, DEPENDENCY_AUTO, &owner, &column)) return false;
  if (owner == target.relid) return column == target.attno;
  if (!get_rel_relispartition(target.relid) ||
      !list_member_oid(get_partition_ancestors(target.relid), owner))
    return false;
  const char* name = get_attname(target.relid, target.attno, true);
  return name != nullptr && get_attnum(owner, name) == column;
}

Node* Mutate(Node* node, void* context) {
  if (node == nullptr) return nullptr;
  Target* target = static_cast<Target*>(context);
  if (IsA(node, FuncExpr)) {
    FuncExpr* call = castNode(FuncExpr, node);
    if (call->funcid == F_NEXTVAL && list_length(call->args) == 1 &&
        IsA(linitial(call->args), Const)) {
      Const* sequence = castNode(Const, linitial(call->args));
      if (!sequence->constisnull && Owns(*target, DatumGetObjectId(sequence->constvalue))) {
        NextValueExpr* next = makeNode(NextValueExpr);
        next->seqid = DatumGetObjectId(sequence->constvalue);
        next->typeId = INT8OID;
        *target->replaced = true;
        return reinterpret_cast<Node*>(next);
      }
    }
  }
  // A subquery has columns of its own.
  if (IsA(node, Query)) return node;
  return pg::MutateExpression(node, Mutate, context);
}

// The defaults of a multi-row VALUES stand in its rows.
void MutateValuesColumn(Query* query, const Var* var, Target target) {
  if (var->varlevelsup != 0 || var->varattno <= 0) return;
  RangeTblEntry* rte = rt_fetch(var->varno, query->rtable);
  if (rte->rtekind != RTE_VALUES) return;
  ListCell* lc;
  foreach (lc, rte->values_lists) {
    List* row = lfirst_node(List, lc);
    if (var->varattno > list_length(row)) continue;
    ListCell* cell = list_nth_cell(row, var->varattno - 1);
    lfirst(cell) = Mutate(static_cast<Node*>(lfirst(cell)), &target);
  }
}

void MutateTargets(Query* query, List* target_list, bool* replaced) {
  Oid relid = rt_fetch(query->resultRelation, query->rtable)->relid;
  ListCell* lc;
  foreach (lc, target_list) {
    TargetEntry* entry = lfirst_node(TargetEntry, lc);
    if (entry->resjunk) continue;
    Target target = {relid, entry->resno, replaced};
    Node* expr = reinterpret_cast<Node*>(entry->expr);
    // A cast may stand between the column and the row of VALUES.
    if (IsA(expr, FuncExpr) && list_length(castNode(FuncExpr, expr)->args) == 1 &&
        IsA(linitial(castNode(FuncExpr, expr)->args), Var))
      MutateValuesColumn(query, castNode(Var, linitial(castNode(FuncExpr, expr)->args)), target);
    if (IsA(expr, Var)) MutateValuesColumn(query, castNode(Var, expr), target);
    entry->expr = reinterpret_cast<Expr*>(Mutate(expr, &target));
  }
}

bool WalkQuery(Node* node, void* context) {
  if (node == nullptr) return false;
  if (!IsA(node, Query)) return pg::WalkExpression(node, WalkQuery, context);
  bool* replaced = static_cast<bool*>(context);
  Query* query = castNode(Query, node);
  if (query->resultRelation > 0 && query->commandType != CMD_DELETE) {
    if (query->commandType != CMD_MERGE) MutateTargets(query, query->targetList, replaced);
    if (query->onConflict) MutateTargets(query, query->onConflict->onConflictSet, replaced);
    ListCell* lc;
    foreach (lc, query->mergeActionList)
      MutateTargets(query, lfirst_node(MergeAction, lc)->targetList, replaced);
  }
  return pg::WalkQueryTree(query, WalkQuery, context);
}

}  // namespace

bool UseOwnedSequences(Query* query) {
  bool replaced = false;
  WalkQuery(reinterpret_cast<Node*>(query), &replaced);
  return replaced;
}

}  // namespace jit::enforce
