#include "mask/trial.h"

#include "mask/safe_functions.h"
#include "pg/compat.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
}

namespace jit::mask {

namespace {

// Some value of each type that mask functions take.
const char* SampleOf(Oid type) {
  switch (type) {
    case TEXTOID:
      return "sample";
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
    case FLOAT4OID:
    case FLOAT8OID:
      return "1";
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return "2000-01-01";
    case INETOID:
    case CIDROID:
      return "10.0.0.0";
    case JSONOID:
    case JSONBOID:
      return "{}";
    case UUIDOID:
      return "00000000-0000-0000-0000-000000000000";
    default:
      return nullptr;
  }
}

bool IsVariable(Node* node, void* context) {
  if (node == nullptr) return false;
  return IsA(node, Var) || IsA(node, CaseTestExpr) || pg::WalkExpression(node, IsVariable, context);
}

// The call with a sample in the value's place; null where it has other arguments that vary.
FuncExpr* WithSample(const FuncExpr* call) {
  if (call->args == NIL) return nullptr;
  Oid type = exprType(static_cast<Node*>(linitial(call->args)));
  const char* sample = SampleOf(type);
  if (sample == nullptr) return nullptr;
  for (int i = 1; i < list_length(call->args); i++)
    if (IsVariable(static_cast<Node*>(list_nth(call->args, i)), nullptr)) return nullptr;
  Oid input;
  Oid parameter;
  getTypeInputInfo(type, &input, &parameter);
  Datum value = OidInputFunctionCall(input, pstrdup(sample), parameter, -1);
  FuncExpr* copy = static_cast<FuncExpr*>(copyObjectImpl(call));
  linitial(copy->args) = makeConst(type, -1, get_typcollation(type), get_typlen(type), value, false,
                                   get_typbyval(type));
  return copy;
}

// In a subtransaction of its own, since a missing key is no fault of the mask's.
void TryCall(FuncExpr* call) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    evaluate_expr(reinterpret_cast<Expr*>(call), call->funcresulttype, -1, call->funccollid);
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    if (error->sqlerrcode != ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE) ReThrowError(error);
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
}

bool TryCalls(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, FuncExpr)) {
    FuncExpr* call = castNode(FuncExpr, node);
    if (IsMemberFunction(call->funcid)) {
      FuncExpr* sampled = WithSample(call);
      if (sampled != nullptr) {
        MarkAsMaskCalls(reinterpret_cast<Node*>(sampled));
        TryCall(sampled);
      }
    }
  }
  return pg::WalkExpression(node, TryCalls, context);
}

}  // namespace

void TryMask(Node* expression) {
  // As the planner will; what is left is what varies with the value.
  Node* planned = eval_const_expressions(nullptr, static_cast<Node*>(copyObjectImpl(expression)));
  TryCalls(planned, nullptr);
}

}  // namespace jit::mask
