#include "mask/substitute.h"

#include "mask/catalog.h"
#include "mask/exemption.h"
#include "mask/marker.h"
#include "mask/statistics.h"
#include "mask/target.h"
#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "access/sysattr.h"
#include "catalog/heap.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace jit::mask {

namespace {

struct Walk {
  Oid role;  // for whom; InvalidOid: for the current user
  bool met;  // a relation with masks
};

void SubstituteQuery(Query* query, Walk* walk);

bool SubstituteIn(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, Query)) {
    SubstituteQuery(castNode(Query, node), static_cast<Walk*>(context));
    return false;
  }
  return pg::WalkExpression(node, SubstituteIn, context);
}

// Vars of one range table entry that name system columns: they become columns of the sub-select.
struct SystemColumns {
  Index varno;
  int depth;
  Query* inner;
};

AttrNumber ColumnForSystem(Query* inner, AttrNumber attno) {
  ListCell* lc;
  foreach (lc, inner->targetList) {
    const TargetEntry* entry = lfirst_node(TargetEntry, lc);
    if (entry->resjunk && castNode(Var, entry->expr)->varattno == attno) return entry->resno;
  }
  const FormData_pg_attribute* attribute = SystemAttributeDefinition(attno);
  Var* var =
      makeVar(1, attno, attribute->atttypid, attribute->atttypmod, attribute->attcollation, 0);
  AttrNumber resno = static_cast<AttrNumber>(list_length(inner->targetList) + 1);
  // Junk, so that a whole row does not have it.
  inner->targetList =
      lappend(inner->targetList, makeTargetEntry(reinterpret_cast<Expr*>(var), resno,
                                                 pstrdup(NameStr(attribute->attname)), true));
  return resno;
}

bool MoveSystemColumns(Node* node, void* context) {
  if (node == nullptr) return false;
  SystemColumns* columns = static_cast<SystemColumns*>(context);
  if (IsA(node, Var)) {
    Var* var = reinterpret_cast<Var*>(node);
    if (var->varno == static_cast<int>(columns->varno) &&
        static_cast<int>(var->varlevelsup) == columns->depth && var->varattno < 0) {
      var->varattno = ColumnForSystem(columns->inner, var->varattno);
      var->varattnosyn = var->varattno;
    }
    return false;
  }
  if (IsA(node, Query)) {
    columns->depth++;
    pg::WalkQueryTree(castNode(Query, node), MoveSystemColumns, context);
    columns->depth--;
    return false;
  }
  return pg::WalkExpression(node, MoveSystemColumns, context);
}

Expr* OutputFor(const FormData_pg_attribute* attribute, const RelationMasks* masks,
                const Bitmapset* hidden) {
  AttrNumber attno = attribute->attnum;
  if (attribute->attisdropped)
    return reinterpret_cast<Expr*>(
        makeConst(INT4OID, -1, InvalidOid, sizeof(int32), static_cast<Datum>(0), true, true));
  if (bms_is_member(ColumnMember(attno), hidden))
    return static_cast<Expr*>(copyObjectImpl(masks->expressions[attno - 1]));
  return reinterpret_cast<Expr*>(
      makeVar(1, attno, attribute->atttypid, attribute->atttypmod, attribute->attcollation, 0));
}

List* TargetsFor(TupleDesc desc, const RelationMasks* masks, const Bitmapset* hidden) {
  List* targets = NIL;
  for (int i = 0; i < desc->natts; i++) {
    const FormData_pg_attribute* attribute = TupleDescAttr(desc, i);
    targets = lappend(targets, makeTargetEntry(OutputFor(attribute, masks, hidden),
                                               static_cast<AttrNumber>(i + 1),
                                               pstrdup(NameStr(attribute->attname)), false));
  }
  return targets;
}

// A view made before a column was added knows fewer names.
void CompleteNames(RangeTblEntry* rte, TupleDesc desc) {
  Alias* eref = static_cast<Alias*>(copyObjectImpl(rte->eref));
  for (int i = list_length(eref->colnames); i < desc->natts; i++) {
    const FormData_pg_attribute* attribute = TupleDescAttr(desc, i);
    const char* name = attribute->attisdropped ? "" : NameStr(attribute->attname);
    eref->colnames = lappend(eref->colnames, makeString(pstrdup(name)));
  }
  rte->eref = eref;
}

// Locking clauses go to the sub-select, marked as those that a view passes on.
List* InnerRowMarks(const Query* query, Index rti) {
  List* marks = NIL;
  ListCell* lc;
  foreach (lc, query->rowMarks) {
    const RowMarkClause* mark = lfirst_node(RowMarkClause, lc);
    if (mark->rti != rti) continue;
    RowMarkClause* inner = static_cast<RowMarkClause*>(copyObjectImpl(mark));
    inner->rti = 1;
    inner->pushedDown = true;
    marks = lappend(marks, inner);
  }
  return marks;
}

RangeTblEntry* InnerEntry(RangeTblEntry* rte, Index rti) {
  RangeTblEntry* inner = makeNode(RangeTblEntry);
  *inner = *rte;
  inner->lateral = false;
  inner->inFromCl = true;
  ChangeVarNodes(reinterpret_cast<Node*>(inner->securityQuals), static_cast<int>(rti), 1, 0);
  IncrementVarSublevelsUp(reinterpret_cast<Node*>(inner->tablesample), 1, 0);
  return inner;
}

void BecomeSubquery(RangeTblEntry* rte, Query* inner) {
  rte->lateral = contain_vars_of_level(
      reinterpret_cast<Node*>(linitial_node(RangeTblEntry, inner->rtable)->tablesample), 1);
  rte->rtekind = RTE_SUBQUERY;
  rte->subquery = inner;
  rte->security_barrier = false;
  rte->relid = InvalidOid;
  rte->relkind = 0;
  rte->rellockmode = 0;
  rte->tablesample = nullptr;
  rte->inh = false;
  rte->requiredPerms = 0;
  rte->checkAsUser = InvalidOid;
  rte->selectedCols = rte->insertedCols = rte->updatedCols = rte->extraUpdatedCols = nullptr;
  rte->securityQuals = NIL;
  rte->enrname = nullptr;
}

void Replace(Query* query, Index rti, RangeTblEntry* rte, const RelationMasks* masks,
             const Marker& marker) {
  Relation relation = RelationIdGetRelation(rte->relid);
  if (!RelationIsValid(relation))
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", rte->relid)));
  RangeTblEntry* entry = InnerEntry(rte, rti);
  entry->selectedCols = ColumnsToAsk(rte, RelationGetDescr(relation), marker.hidden);
  Mark(entry, marker);
  Query* inner = makeNode(Query);
  inner->commandType = CMD_SELECT;
  inner->querySource = QSRC_ORIGINAL;
  inner->canSetTag = true;
  inner->rtable = list_make1(entry);
  RangeTblRef* from = makeNode(RangeTblRef);
  from->rtindex = 1;
  inner->jointree = makeFromExpr(list_make1(from), nullptr);
  inner->targetList = TargetsFor(RelationGetDescr(relation), masks, marker.hidden);
  inner->rowMarks = InnerRowMarks(query, rti);
  inner->hasRowSecurity = query->hasRowSecurity;
  inner->hasSubLinks = checkExprHasSubLink(reinterpret_cast<Node*>(entry->securityQuals)) ||
                       checkExprHasSubLink(reinterpret_cast<Node*>(entry->tablesample));
  CompleteNames(rte, RelationGetDescr(relation));
  RelationClose(relation);
  BecomeSubquery(rte, inner);
  SystemColumns columns = {rti, 0, inner};
  pg::WalkQueryTree(query, MoveSystemColumns, &columns);
}

void SubstituteEntry(Query* query, Index rti, RangeTblEntry* rte, Walk* walk) {
  const RelationMasks* masks = MasksOf(rte->relid);
  if (masks == nullptr) return;
  walk->met = true;
  Sight sight = SightOf(OidIsValid(walk->role) ? walk->role : GetUserId(), masks);
  Marker marker = {rte->relid, walk->role, nullptr, nullptr, Errors::kPass};
  if (sight.exempt) {
    // Within a policy it counts what its table's owner sees, whoever runs the statement; in
    // partitions, which may be another's, what is seen of the table.
    if (OidIsValid(walk->role) || has_subclass(rte->relid)) Mark(rte, marker);
    return;
  }
  // What the statement does not name it does not see raw either, and does not depend on a grant.
  bool whole_row = bms_is_member(ColumnMember(InvalidAttrNumber), rte->selectedCols);
  marker.raw = whole_row ? sight.raw : bms_intersect(sight.raw, rte->selectedCols);
  marker.hidden = bms_difference(masks->columns, marker.raw);
  if (masks->may_fail) marker.errors = Errors::kMasksMayFail;
  if (static_cast<int>(rti) == query->resultRelation) {
    // Of the target's masks only RETURNING has any use.
    bool masks_may_fail = masks->may_fail && query->returningList != NIL;
    if (!bms_is_empty(marker.hidden))
      marker.errors = masks_may_fail ? Errors::kWritesAndMasksMayFail : Errors::kWrites;
    ProtectTarget(query, rti, rte, masks, marker);
  } else if (IsExcluded(query, rti) || bms_is_empty(marker.hidden)) {
    Mark(rte, marker);
  } else {
    Replace(query, rti, rte, masks, marker);
  }
}

// Sublinks in a policy's conditions see what the owner of its table sees: owners write policies.
// A view's conditions on the target of a change are the user's own, and stand in the same list.
void SubstituteInQuals(const Query* query, const RangeTblEntry* rte, List* quals, Walk* walk) {
  if (quals == NIL) return;
  Walk policy = *walk;
  if (!MayHoldViewQuals(query, rte)) policy.role = OwnerOf(rte->relid);
  SubstituteIn(reinterpret_cast<Node*>(quals), &policy);
  walk->met |= policy.met;
}

void SubstituteQuery(Query* query, Walk* walk) {
  check_stack_depth();
  int count = list_length(query->rtable);
  List** quals = static_cast<List**>(palloc0(Max(1, count) * sizeof(List*)));
  for (int i = 0; i < count; i++) {
    RangeTblEntry* rte = list_nth_node(RangeTblEntry, query->rtable, i);
    quals[i] = rte->securityQuals;
    rte->securityQuals = NIL;
  }
  List* checks = query->withCheckOptions;
  query->withCheckOptions = NIL;
  pg::WalkQueryTree(query, SubstituteIn, walk);
  query->withCheckOptions = checks;
  if (checks != NIL && query->resultRelation > 0) {
    ListCell* lc;
    const RangeTblEntry* target =
        list_nth_node(RangeTblEntry, query->rtable, query->resultRelation - 1);
    foreach (lc, checks) {
      WithCheckOption* check = lfirst_node(WithCheckOption, lc);
      Walk own = *walk;
      if (check->kind != WCO_VIEW_CHECK) own.role = OwnerOf(target->relid);
      SubstituteIn(check->qual, &own);
      walk->met |= own.met;
    }
  }
  for (int i = 0; i < count; i++) {
    RangeTblEntry* rte = list_nth_node(RangeTblEntry, query->rtable, i);
    SubstituteInQuals(query, rte, quals[i], walk);
    rte->securityQuals = quals[i];
    if (rte->rtekind != RTE_RELATION) continue;
    if (CanBeMasked(rte->relkind)) SubstituteEntry(query, static_cast<Index>(i + 1), rte, walk);
    GuardCatalog(rte, static_cast<Index>(i + 1));
  }
  pfree(quals);
}

}  // namespace

PlannedStmt* PlanMasked(Query* query, const char* source, int cursor_options, ParamListInfo params,
                        planner_hook_type next) {
  CatchUp();
  if (!AnyMasks()) return next(query, source, cursor_options, params);
  Walk walk = {InvalidOid, false};
  SubstituteQuery(query, &walk);
  PlannedStmt* plan = next(query, source, cursor_options, params);
  if (!walk.met) return plan;
  plan->dependsOnRole = true;
  // A grant that begins or ends changes what such a user sees.
  if (GrantsCount(GetUserId()))
    plan->relationOids = list_append_unique_oid(plan->relationOids, pg::GetInstalled()->grants);
  return plan;
}

}  // namespace jit::mask
