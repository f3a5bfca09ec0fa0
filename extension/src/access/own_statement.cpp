#include "access/own_statement.h"

#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace jit::access {

namespace {

struct Search {
  const char* function;
  bool calls_it;
};

const char* LastName(const List* names) { return strVal(llast(names)); }

// The schema that a name is qualified with; null if none.
const char* SchemaOf(const List* names) {
  return list_length(names) > 1 ? strVal(list_nth(names, list_length(names) - 2)) : nullptr;
}

bool IsPostgresOwn(const char* schema) { return strcmp(schema, "pg_catalog") == 0; }

// Found in pg_catalog first, whatever the search_path.
bool IsPostgresFunction(const List* names) {
  const char* schema = SchemaOf(names);
  if (schema != nullptr) return IsPostgresOwn(schema);
  CatCList* functions = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(LastName(names)));
  bool found = false;
  for (int i = 0; i < functions->n_members; i++) {
    HeapTuple tuple = &functions->members[i]->tuple;
    bool isnull;
    Datum schema_oid = SysCacheGetAttr(PROCNAMEARGSNSP, tuple, Anum_pg_proc_pronamespace, &isnull);
    if (!isnull && DatumGetObjectId(schema_oid) == PG_CATALOG_NAMESPACE) found = true;
  }
  ReleaseSysCacheList(functions);
  return found;
}

// A function of jit_access, as far as its name tells; unqualified it is found by search_path.
bool IsOurs(const List* names) {
  const char* name = LastName(names);
  if (strncmp(name, "jit_", 4) != 0 && strcmp(name, "review") != 0) return false;
  const char* schema = SchemaOf(names);
  if (schema == nullptr || strcmp(schema, "jit") == 0) return true;
  const pg::Installed* here = pg::GetInstalled();
  const char* functions = here != nullptr ? get_namespace_name(here->functions) : nullptr;
  return functions != nullptr && strcmp(schema, functions) == 0;
}

// Finds what could be somebody else's; true ends the walk.
bool FindForeign(Node* node, void* context) {
  if (node == nullptr) return false;
  Search* search = static_cast<Search*>(context);
  if (IsA(node, FuncCall)) {
    const List* names = castNode(FuncCall, node)->funcname;
    if (IsOurs(names))
      search->calls_it |= strcmp(LastName(names), search->function) == 0;
    else if (!IsPostgresFunction(names))
      return true;
  } else if (IsA(node, RangeVar)) {
    const char* schema = castNode(RangeVar, node)->schemaname;
    return schema == nullptr || strcmp(schema, "jit") != 0;
  } else if (IsA(node, TypeName)) {
    const List* names = castNode(TypeName, node)->names;
    const char* schema = SchemaOf(names);
    if (schema != nullptr && !IsPostgresOwn(schema)) return true;
  } else if (IsA(node, A_Expr)) {
    const List* names = castNode(A_Expr, node)->name;
    const char* schema = names != NIL ? SchemaOf(names) : nullptr;
    if (schema != nullptr && !IsPostgresOwn(schema)) return true;
  } else if (IsA(node, SelectStmt) && castNode(SelectStmt, node)->intoClause != nullptr) {
    return true;
  }
  return pg::WalkRawExpression(node, FindForeign, context);
}

// A function that is neither PostgreSQL's nor ours: whoever may create functions in a schema of the
// search_path can have one that fits better.
bool IsForeignFunction(Oid function, void*) {
  if (get_func_namespace(function) == PG_CATALOG_NAMESPACE) return false;
  return getExtensionOfObject(ProcedureRelationId, function) !=
         get_extension_oid("jit_access", true);
}

bool CallsForeign(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, Query)) return pg::WalkQueryTree(castNode(Query, node), CallsForeign, context);
  if (check_functions_in_node(node, IsForeignFunction, nullptr)) return true;
  if (IsA(node, CoerceToDomain)) return true;  // its conditions are its owner's
  return pg::WalkExpression(node, CallsForeign, context);
}

// As the names in it are found now.
bool MeansForeign(const RawStmt* statement, const char* text, ParamListInfo params) {
  int count = params != nullptr ? params->numParams : 0;
  Oid* types = static_cast<Oid*>(palloc0(sizeof(Oid) * (count + 1)));
  for (int i = 0; i < count; i++) types[i] = params->params[i].ptype;
  Query* query = parse_analyze_fixedparams(static_cast<RawStmt*>(copyObjectImpl(statement)), text,
                                           types, count, nullptr);
  return CallsForeign(reinterpret_cast<Node*>(query), nullptr);
}

// A DO block is the client's own text as well; it is taken at its word.
bool CallsInBlock(const DoStmt* block, const char* function) {
  ListCell* lc;
  foreach (lc, block->args) {
    const DefElem* argument = lfirst_node(DefElem, lc);
    if (strcmp(argument->defname, "as") == 0 && strstr(strVal(argument->arg), function) != nullptr)
      return true;
  }
  return false;
}

bool IsHarmless(const Node* statement) {
  return IsA(statement, TransactionStmt) || IsA(statement, VariableSetStmt) ||
         IsA(statement, VariableShowStmt);
}

}  // namespace

bool IsOwnDecision(const char* text, const char* function, ParamListInfo params) {
  Search search = {function, false};
  ListCell* lc;
  foreach (lc, raw_parser(text, RAW_PARSE_DEFAULT)) {
    const RawStmt* raw = lfirst_node(RawStmt, lc);
    Node* statement = raw->stmt;
    if (IsHarmless(statement)) continue;
    if (IsA(statement, DoStmt)) {
      if (!CallsInBlock(castNode(DoStmt, statement), function)) return false;
      search.calls_it = true;
    } else if (!IsA(statement, SelectStmt) || FindForeign(statement, &search) ||
               MeansForeign(raw, text, params)) {
      return false;
    }
  }
  return search.calls_it;
}

}  // namespace jit::access
