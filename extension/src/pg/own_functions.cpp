#include "pg/own_functions.h"

#include "pg/installed.h"
#include "pg/server.h"

extern "C" {
#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace jit::pg {

namespace {

fmgr_hook_type previous_hook = nullptr;
bool in_own = false;

// What is kept from one event of a function's call to the next.
struct Call {
  bool own;
  bool outer;  // what `in_own` was around it
  int depth;   // a call may come back to itself
  Datum previous;
};

bool IsOwn(Oid function) {
  const Installed* here = GetInstalled();
  return here != nullptr && get_func_namespace(function) == here->schema;
}

void OnFunction(FmgrHookEventType event, FmgrInfo* function, Datum* kept) {
  Call* call = reinterpret_cast<Call*>(DatumGetPointer(*kept));
  if (call == nullptr) {
    call = static_cast<Call*>(MemoryContextAllocZero(function->fn_mcxt, sizeof(Call)));
    call->own = IsOwn(function->fn_oid);
    *kept = PointerGetDatum(call);
  }
  if (previous_hook) previous_hook(event, function, &call->previous);
  if (event == FHET_START) {
    if (call->depth++ == 0) call->outer = in_own;
    in_own = call->own;
  } else {
    in_own = --call->depth > 0 ? call->own : call->outer;
  }
}

}  // namespace

void InitOwnFunctions() {
  previous_hook = fmgr_hook;
  fmgr_hook = OnFunction;
}

bool InOwnFunction() { return in_own; }

}  // namespace jit::pg
