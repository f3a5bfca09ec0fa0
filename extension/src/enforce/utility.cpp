#include "enforce/utility.h"

#include "enforce/context.h"
#include "enforce/copy.h"

extern "C" {
#include "commands/defrem.h"
}

namespace jit::enforce {

namespace {

UtilityContext current = {false, CopyTarget::kNone};

}  // namespace

bool IsCopyTo(const Node* statement) {
  return IsA(statement, CopyStmt) && !reinterpret_cast<const CopyStmt*>(statement)->is_from;
}

namespace {

bool IsAnalyze(const ExplainStmt* statement) {
  bool analyze = false;
  ListCell* lc;
  foreach (lc, statement->options) {
    DefElem* option = lfirst_node(DefElem, lc);
    if (strcmp(option->defname, "analyze") == 0) analyze = defGetBoolean(option);
  }
  return analyze;
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
    statement = AsQueryCopy(statement, a.read_only_tree, true);
  }
  Run(a, statement, context);
}

}  // namespace jit::enforce
