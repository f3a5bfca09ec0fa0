#include "enforce/copy.h"

#include "mask/catalog.h"
#include "mask/exemption.h"

extern "C" {
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_statistic_ext_data.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace jit::enforce {

namespace {

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
    case RELKIND_FOREIGN_TABLE:
      kind = "foreign table";
      break;
  }
  if (kind != nullptr)
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("cannot copy from %s \"%s\"", kind, RelationGetRelationName(rel)),
                    errhint("Try the COPY (SELECT ...) TO variant.")));
}

bool IsMasked(Oid relid, Oid userid) {
  if (!mask::AnyMasks() || mask::IsExemptEverywhere(userid)) return false;
  if (relid == StatisticRelationId || relid == StatisticExtDataRelationId) return true;
  return mask::MasksOf(relid) != nullptr && !mask::IsExempt(userid, relid);
}

bool NeedsQuery(Oid relid, Oid userid, bool governed) {
  return (governed && pg_class_aclcheck(relid, userid, ACL_SELECT) != ACLCHECK_OK) ||
         IsMasked(relid, userid);
}

}  // namespace

PlannedStmt* AsQueryCopy(PlannedStmt* statement, bool read_only_tree, bool governed) {
  CopyStmt* copy = castNode(CopyStmt, statement->utilityStmt);
  if (copy->relation == nullptr) return statement;
  Oid relid = RangeVarGetRelid(copy->relation, AccessShareLock, true);
  if (!OidIsValid(relid) || !NeedsQuery(relid, GetUserId(), governed)) return statement;
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

}  // namespace jit::enforce
