#include "access/own_call.h"

#include "access/own_statement.h"
#include "pg/installed.h"

extern "C" {
#include "tcop/tcopprot.h"
}

namespace jit::access {

void RequireOwnCall(const char* function) {
  if (MyBackendType == B_BACKEND && pg::RunsAsChosenUser() && GetUserId() == GetSessionUserId())
    return;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("%s cannot be called on somebody else's behalf", function),
                  errhint("Call it in your own session, after RESET ROLE, outside of SECURITY "
                          "DEFINER functions, index expressions and the like.")));
}

void RequireOwnStatement(const char* function, const char* shown) {
  if (debug_query_string != nullptr && IsOwnDecision(debug_query_string, function)) return;
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("%s must be called by a statement of its own", function),
           errdetail("A view, function or table of somebody else's in the same statement "
                     "could decide as well."),
           errhint("Send it alone: SELECT %s(...); it may read the views of schema jit.", shown)));
}

}  // namespace jit::access
