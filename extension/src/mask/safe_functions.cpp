#include "mask/safe_functions.h"

#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "nodes/primnodes.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace jit::mask {

bool IsMemberFunction(Oid function) {
  const pg::Installed* here = pg::GetInstalled();
  return function >= FirstNormalObjectId && here != nullptr &&
         get_func_namespace(function) == here->functions &&
         getExtensionOfObject(ProcedureRelationId, function) ==
             get_extension_oid("jit_access", true);
}

namespace {

bool IsUnsafeFunction(Oid function, void*) {
  switch (function) {
    case F_TEXTCAT:
    case F_LEFT:
    case F_RIGHT:
    case F_UPPER_TEXT:
    case F_LOWER_TEXT:
    case F_INITCAP:
    case F_REPEAT:
    case F_REPLACE:
    case F_TRANSLATE:
    case F_REVERSE:
    case F_MD5_TEXT:
    case F_LENGTH_TEXT:
    case F_CHAR_LENGTH_TEXT:
    case F_SUBSTR_TEXT_INT4:
    case F_SUBSTR_TEXT_INT4_INT4:
    case F_SUBSTRING_TEXT_INT4:
    case F_SUBSTRING_TEXT_INT4_INT4:
    case F_LPAD_TEXT_INT4_TEXT:
    case F_RPAD_TEXT_INT4_TEXT:
    case F_TEXTEQ:
    case F_TEXTNE:
    case F_VARCHAR_VARCHAR_INT4_BOOL:
    case F_BPCHAR_BPCHAR_INT4_BOOL:
    case F_TEXT_BPCHAR:
    case F_NUMERIC_NUMERIC_INT4:
    case F_INT4PL:
    case F_INT4MI:
    case F_INT4MUL:
    case F_INT4DIV:
    case F_INT4GT:
    case F_INT4LT:
    case F_INT4EQ:
    case F_BROADCAST:
    case F_NETMASK:
    case F_DATE_TRUNC_TEXT_TIMESTAMP:
      return false;
  }
  return !IsMemberFunction(function);
}

bool IsUnsafe(Node* node, void* context) {
  if (node == nullptr) return false;
  // Casts through text name what they cannot read.
  if (IsA(node, CoerceViaIO) || IsA(node, CoerceToDomain)) return true;
  if (check_functions_in_node(node, IsUnsafeFunction, context)) return true;
  return pg::WalkExpression(node, IsUnsafe, context);
}

bool MarkCall(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, FuncExpr)) {
    FuncExpr* call = reinterpret_cast<FuncExpr*>(node);
    if (IsMemberFunction(call->funcid)) call->funcformat = COERCE_SQL_SYNTAX;
  }
  return pg::WalkExpression(node, MarkCall, context);
}

}  // namespace

bool IsSafeExpression(Node* expression) { return !IsUnsafe(expression, nullptr); }

void MarkAsMaskCalls(Node* expression) { MarkCall(expression, nullptr); }

}  // namespace jit::mask
