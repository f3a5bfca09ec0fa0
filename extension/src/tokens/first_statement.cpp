#include "tokens/first_statement.h"

#include "tokens/secret.h"

extern "C" {
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "nodes/value.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
}

namespace jit::tokens {

namespace {

constexpr int kTooMany = 2;

// How many statements were analysed, those within functions too. Every way to have the server do
// something begins with that, but for function calls by message.
int analysed = 0;

object_access_hook_type previous_object_access = nullptr;

void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void* arg) {
  if (previous_object_access) previous_object_access(access, class_id, object, sub_id, arg);
  if (access == OAT_FUNCTION_EXECUTE && analysed == 0) analysed = kTooMany;
}

bool IsLoginCall(const Node* node) {
  if (node == nullptr || !IsA(node, FuncCall)) return false;
  const FuncCall* call = reinterpret_cast<const FuncCall*>(node);
  return list_length(call->funcname) == 2 && strcmp(strVal(linitial(call->funcname)), "jit") == 0 &&
         strcmp(strVal(lsecond(call->funcname)), "token_login") == 0 && call->args == NIL &&
         call->agg_order == NIL && call->agg_filter == nullptr && call->over == nullptr &&
         !call->agg_star;
}

bool IsColumn(const ResTarget* target) { return IsA(target->val, ColumnRef); }

// SELECT jit.token_login(), or SELECT columns FROM jit.token_login().
bool IsLogin(const SelectStmt* select) {
  if (select->op != SETOP_NONE || select->distinctClause != NIL || select->intoClause != nullptr ||
      select->whereClause != nullptr || select->groupClause != NIL ||
      select->havingClause != nullptr || select->windowClause != NIL ||
      select->valuesLists != NIL || select->sortClause != NIL || select->limitOffset != nullptr ||
      select->limitCount != nullptr || select->lockingClause != NIL ||
      select->withClause != nullptr)
    return false;
  if (select->fromClause == NIL)
    return list_length(select->targetList) == 1 &&
           IsLoginCall(linitial_node(ResTarget, select->targetList)->val);
  if (list_length(select->fromClause) != 1 || !IsA(linitial(select->fromClause), RangeFunction))
    return false;
  const RangeFunction* from = linitial_node(RangeFunction, select->fromClause);
  if (from->is_rowsfrom || from->lateral || from->coldeflist != NIL ||
      list_length(from->functions) != 1 ||
      !IsLoginCall(static_cast<Node*>(linitial(linitial_node(List, from->functions)))))
    return false;
  ListCell* lc;
  foreach (lc, select->targetList)
    if (!IsColumn(lfirst_node(ResTarget, lc))) return false;
  return true;
}

}  // namespace

void InitFirstStatement() {
  previous_object_access = object_access_hook;
  object_access_hook = OnObjectAccess;
}

void NoteAnalysed() {
  if (analysed >= kTooMany) return;
  analysed++;
  if (analysed >= kTooMany) ForgetSecret();
}

bool IsFirstStatement() {
  if (analysed != 1 || debug_query_string == nullptr || IsTransactionBlock() || IsSubTransaction())
    return false;
  List* statements = raw_parser(debug_query_string, RAW_PARSE_DEFAULT);
  if (list_length(statements) != 1) return false;
  const Node* statement = linitial_node(RawStmt, statements)->stmt;
  return IsA(statement, SelectStmt) && IsLogin(reinterpret_cast<const SelectStmt*>(statement));
}

}  // namespace jit::tokens
