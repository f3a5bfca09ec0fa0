#include "access/own_call.h"

#include "access/own_statement.h"
#include "pg/depth.h"
#include "pg/installed.h"

extern "C" {
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/portal.h"
}

namespace jit::access {

bool IsOwnCall() {
  return MyBackendType == B_BACKEND && pg::RunsAsChosenUser() && GetUserId() == GetSessionUserId();
}

void RequireOwnCall(const char* function) {
  if (IsOwnCall()) return;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("%s cannot be called on somebody else's behalf", function),
                  errhint("Call it in your own session, after RESET ROLE, outside of SECURITY "
                          "DEFINER functions, index expressions and the like.")));
}

namespace {

// The client's statement runs, and nothing within it: not what its COMMIT sets off, a deferred
// trigger or a cursor that is to be held; nor a query of a function.
bool RunsForClient() {
  return debug_query_string != nullptr && ActivePortal != nullptr &&
         ActivePortal->sourceText != nullptr &&
         strcmp(ActivePortal->sourceText, debug_query_string) == 0 && pg::ExecutorDepth() <= 1;
}

}  // namespace

bool IsOwnStatement(const char* function) {
  return RunsForClient() && IsOwnDecision(debug_query_string, function, ActivePortal->portalParams);
}

void RequireOwnStatement(const char* function, const char* shown) {
  if (IsOwnStatement(function)) return;
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("%s must be called by a statement of its own", function),
           errdetail("A view, function or table of somebody else's in the same statement "
                     "could decide as well."),
           errhint("Send it alone: SELECT %s(...); it may read the views of schema jit.", shown)));
}

}  // namespace jit::access
