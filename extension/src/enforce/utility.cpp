#include "enforce/utility.h"

#include "enforce/context.h"

extern "C" {
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace jit::enforce {

namespace {

UtilityContext current = {false, CopyTarget::kNone};

bool IsCopyTo(const Node* statement) {
  return IsA(statement, CopyStmt) && !reinterpret_cast<const CopyStmt*>(statement)->is_from;
}

bool IsAnalyze(const ExplainStmt* statement) {
  bool analyze = false;
  ListCell* lc;
  foreach (lc, statement->options) {
    DefElem* option = lfirst_node(DefElem, lc);
    if (strcmp(option->defname, "analyze") == 0) analyze = defGetBoolean(option);
  }
  return analyze;
}

ResTarget* ColumnTarget(const char* name) {
  ColumnRef* column = makeNode(ColumnRef);
  column->fields = list_make1(makeString(pstrdup(name)));
  column->location = -1;
  ResTarget* target = makeNode(ResTarget);
  target->val = reinterpret_cast<Node*>(column);
  target->location = -1;
  return target;
}

// What COPY writes where it names no columns: the live ones that are not generated.
List* TargetsOf(const CopyStmt* copy, Relation rel) {
  List* targets = NIL;
  ListCell* lc;
  foreach (lc, copy->attlist) targets = lappend(targets, ColumnTarget(strVal(lfirst(lc))));
  if (copy->attlist != NIL) return targets;
  TupleDesc desc = RelationGetDescr(rel);
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute attribute = TupleDescAttr(desc, i);
    if (!attribute->attisdropped && attribute->attgenerated == '\0')
      targets = lappend(targets, ColumnTarget(NameStr(attribute->attname)));
  }
  return targets;
}

void RefuseKind(Relation rel) {
  const char* kind = nullptr;
  switch (rel->rd_rel->relkind) {
    case RELKIND_VIEW:
      kind = "view";
      break;
    case RELKIND_MATVIEW:
      kind = "materialized view";
      break;
    case RELKIND_PARTITIONED_TABLE:
      kind = "partitioned table";
      break;
  }
  if (kind != nullptr)
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("cannot copy from %s \"%s\"", kind, RelationGetRelationName(rel)),
                    errhint("Try the COPY (SELECT ...) TO variant.")));
}

// COPY table TO meets neither planner nor executor: it becomes COPY (SELECT …) TO, as PostgreSQL
// itself does for row-level security. Returns the statement unchanged where the user may read the
// table natively, or where PostgreSQL is to refuse it.
PlannedStmt* AsQueryCopy(PlannedStmt* statement, bool read_only_tree) {
  CopyStmt* copy = castNode(CopyStmt, statement->utilityStmt);
  Oid relid = RangeVarGetRelid(copy->relation, AccessShareLock, true);
  if (!OidIsValid(relid) || pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
    return statement;
  Relation rel = relation_open(relid, NoLock);
  RefuseKind(rel);
  if (rel->rd_rel->relkind == RELKIND_RELATION) {
    if (read_only_tree) {
      statement = static_cast<PlannedStmt*>(copyObjectImpl(statement));
      copy = castNode(CopyStmt, statement->utilityStmt);
    }
    SelectStmt* select = makeNode(SelectStmt);
    select->targetList = TargetsOf(copy, rel);
    RangeVar* from = makeRangeVar(get_namespace_name(RelationGetNamespace(rel)),
                                  pstrdup(RelationGetRelationName(rel)), -1);
    from->inh = false;  // ONLY
    select->fromClause = list_make1(from);
    copy->query = reinterpret_cast<Node*>(select);
    copy->relation = nullptr;
    copy->attlist = NIL;
  }
  relation_close(rel, NoLock);  // the lock stays until the end of the transaction
  return statement;
}

void Run(const UtilityArguments& a, PlannedStmt* statement, UtilityContext context) {
  UtilityContext before = current;
  PG_TRY();
  {
    current = context;
    a.next(statement, a.source, a.read_only_tree, a.context, a.params, a.environment, a.dest,
           a.completion);
  }
  PG_FINALLY();
  { current = before; }
  PG_END_TRY();
}

}  // namespace

bool InExplain() { return current.explain; }

CopyTarget CopyingTo() { return current.copy; }

bool IsHandledUtility(const Node* statement) {
  return IsA(statement, ExplainStmt) || IsCopyTo(statement);
}

bool RunsStatements(const Node* statement) {
  return IsA(statement, ExecuteStmt) || IsA(statement, FetchStmt) || IsA(statement, CallStmt);
}

bool ChangesMembership(const Node* statement) {
  return IsA(statement, GrantRoleStmt) || IsA(statement, AlterRoleStmt) ||
         IsA(statement, DropRoleStmt);
}

void ProcessGoverned(UtilityArguments a) {
  UtilityContext context = current;
  PlannedStmt* statement = a.statement;
  if (IsA(statement->utilityStmt, ExplainStmt)) {
    context.explain = !IsAnalyze(castNode(ExplainStmt, statement->utilityStmt));
  } else if (IsCopyTo(statement->utilityStmt)) {
    CopyStmt* copy = castNode(CopyStmt, statement->utilityStmt);
    bool to_client = copy->filename == nullptr && !copy->is_program;
    context.copy = to_client ? CopyTarget::kClient : CopyTarget::kServer;
    if (copy->relation != nullptr) statement = AsQueryCopy(statement, a.read_only_tree);
  }
  Run(a, statement, context);
}

}  // namespace jit::enforce
