// jit_request_for: asks for exactly what a statement needs.

#include "access/parse_error.h"
#include "access/request.h"
#include "enforce/needs.h"
#include "settings.h"

extern "C" {
#include "access/xact.h"
#include "commands/defrem.h"
#include "parser/analyze.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
}

namespace jit::access {

namespace {

// What is to be analysed, and what it needs beyond reading and writing.
struct Wanted {
  Node* query;            // a raw statement; nullptr: a kind that is not supported
  PrivilegeMask besides;  // EXPORT
  bool explain_only;      // EXPLAIN without ANALYZE
};

bool HasAnalyze(const ExplainStmt* explain) {
  bool analyze = false;
  ListCell* lc;
  foreach (lc, explain->options) {
    DefElem* option = lfirst_node(DefElem, lc);
    if (strcmp(option->defname, "analyze") == 0) analyze = defGetBoolean(option);
  }
  return analyze;
}

// COPY t (a, b) TO as the query that reads the same, ONLY t as COPY does.
Node* CopyAsSelect(const CopyStmt* copy) {
  SelectStmt* select = makeNode(SelectStmt);
  ListCell* lc;
  List* names = copy->attlist != NIL ? copy->attlist : list_make1(nullptr);
  foreach (lc, names) {
    ColumnRef* column = makeNode(ColumnRef);
    column->fields = copy->attlist != NIL ? list_make1(lfirst(lc)) : list_make1(makeNode(A_Star));
    column->location = -1;
    ResTarget* target = makeNode(ResTarget);
    target->val = reinterpret_cast<Node*>(column);
    target->location = -1;
    select->targetList = lappend(select->targetList, target);
  }
  RangeVar* from = static_cast<RangeVar*>(copyObjectImpl(copy->relation));
  from->inh = false;
  select->fromClause = list_make1(from);
  return reinterpret_cast<Node*>(select);
}

Wanted WantedBy(Node* statement) {
  switch (nodeTag(statement)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
      return {statement, 0, false};
    case T_ExplainStmt: {
      const ExplainStmt* explain = castNode(ExplainStmt, statement);
      Wanted inner = IsA(explain->query, ExplainStmt) || IsA(explain->query, CopyStmt)
                         ? Wanted{nullptr, 0, false}
                         : WantedBy(explain->query);
      inner.explain_only = !HasAnalyze(explain);
      return inner;
    }
    case T_CopyStmt: {
      const CopyStmt* copy = castNode(CopyStmt, statement);
      if (copy->is_from || copy->is_program || copy->filename != nullptr)
        return {nullptr, 0, false};
      return {copy->query != nullptr ? copy->query : CopyAsSelect(copy), kExport, false};
    }
    default:
      return {nullptr, 0, false};
  }
}

// Analysed and rewritten as the caller; nothing runs. The needs live in the current context.
List* NeedsOf(const Source& source, Node* statement, const RawStmt* whole) {
  RawStmt* raw = makeNode(RawStmt);
  raw->stmt = statement;
  raw->stmt_location = whole->stmt_location;
  raw->stmt_len = whole->stmt_len;
  Oid* types = nullptr;
  int count = 0;
  ErrorContextCallback callback;
  RedirectErrors(&callback, &source);
  Query* query = parse_analyze_varparams(raw, source.text, &types, &count, nullptr);
  RestoreErrors(&callback);
  if (query->commandType == CMD_UTILITY) return NIL;
  List* needs = NIL;
  ListCell *lc, *need;
  foreach (lc, QueryRewrite(query))
    foreach (need, enforce::NeedsOfQuery(lfirst_node(Query, lc), GetUserId()))
      needs = grants::AddNeed(needs, *static_cast<const Need*>(lfirst(need)));
  return needs;
}

// The same without keeping the locks that analysis takes on the tables: those of an INSERT would
// otherwise be held, without any privilege on the table, until the caller's transaction ends.
List* NeedsWithoutLocks(const Source& source, Node* statement, const RawStmt* whole) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  List* volatile needs = NIL;
  BeginInternalSubTransaction("jit_request_for");
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    needs = NeedsOf(source, statement, whole);
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    ReThrowError(error);
  }
  PG_END_TRY();
  return needs;
}

void CheckNeeds(List* needs) {
  ListCell* lc;
  foreach (lc, needs) {
    const Need* need = static_cast<const Need*>(lfirst(lc));
    if (need->table_mask & kNever)
      ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
                      errmsg("access to \"%s\" cannot be asked for", get_rel_name(need->relid)),
                      errhint("System catalogs, foreign tables, temporary tables and the tables of "
                              "jit_access are outside just-in-time access.")));
  }
  if (needs == NIL)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("there is nothing to ask for: you may run this already"),
                    errhint("Just run it.")));
}

}  // namespace

List* SpecsForStatement(const char* text) {
  constexpr const char* kHint = "Give one statement, as you would run it.";
  const Source source = {text, text, 0, kHint};
  List* statements = ParseSource(source);
  if (list_length(statements) != 1)
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
                    statements == NIL ? errmsg("statement is empty")
                                      : errmsg("statement holds more than one statement"),
                    errhint("%s", kHint)));
  const RawStmt* whole = linitial_node(RawStmt, statements);
  Wanted wanted = WantedBy(whole->stmt);
  if (wanted.query == nullptr ||
      (IsA(wanted.query, SelectStmt) && castNode(SelectStmt, wanted.query)->intoClause != nullptr))
    ereport(
        ERROR,
        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
         errmsg("access cannot be worked out for a statement of this kind"),
         errhint("Give a SELECT, INSERT, UPDATE, DELETE, MERGE, EXPLAIN or COPY ... TO STDOUT, or "
                 "name the access with jit_request.")));

  const Source analysed = {text, text, 0, nullptr};
  List* needs = NeedsWithoutLocks(analysed, wanted.query, whole);
  if (wanted.explain_only) {
    if (default_explain) needs = NIL;
    ListCell* lc;
    foreach (lc, needs) {
      Need* need = static_cast<Need*>(lfirst(lc));
      *need = {need->relid, kExplain | (need->table_mask & kNever), 0, nullptr, nullptr, nullptr,
               nullptr};
    }
  }
  enforce::AddToEach(needs, wanted.besides);
  CheckNeeds(needs);

  List* specs = NIL;
  ListCell* lc;
  foreach (lc, enforce::RenderNeedSpecs(needs))
    specs = lappend(specs, ReadSpec(static_cast<const char*>(lfirst(lc))));
  return specs;
}

}  // namespace jit::access

JIT_SQL_FUNCTION(jit_request_for)
Datum jit_request_for(PG_FUNCTION_ARGS) {
  using namespace jit::access;
  Options options = OptionsOf(fcinfo);
  const char* statement =
      RequiredText(fcinfo, 0, "statement", "Give the statement that you want to run.");
  return File("jit_request_for", options, SpecsForStatement(statement), statement, statement);
}
