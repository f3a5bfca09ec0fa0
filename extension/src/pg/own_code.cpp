#include "pg/own_code.h"

namespace jit::pg {

namespace {

int depth = 0;

}  // namespace

bool InOwnCode() { return depth > 0; }

Datum CallOwnCode(FunctionCallInfo call) {
  int before = depth;
  Datum result = 0;
  PG_TRY();
  {
    depth++;
    result = FunctionCallInvoke(call);
  }
  PG_FINALLY();
  { depth = before; }
  PG_END_TRY();
  return result;
}

}  // namespace jit::pg
