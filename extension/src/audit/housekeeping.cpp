#include "audit/housekeeping.h"

#include "audit/open_statements.h"
#include "audit/relations.h"
#include "pg/own_functions.h"

extern "C" {
#include "nodes/params.h"
}

namespace jit::audit {

namespace {

// They tell the session's user about themselves and what jit.events and jit.visible_requests show
// them. To the letter: whatever else stood in the text could be somebody's function.
constexpr const char* kSilent[] = {
    "SELECT * FROM jit.session_facts()",          "SELECT * FROM jit.events_after($1, $2)",
    "SELECT * FROM jit.request_approvals($1)",    "SELECT * FROM jit.request_objects($1)",
    "SELECT pg_catalog.clock_timestamp() AS now",
};

bool IsSilent(const QueryDesc* desc) {
  bool known = false;
  for (const char* text : kSilent) known |= strcmp(desc->sourceText, text) == 0;
  if (!known) return false;
  // A parameter of a type of somebody's own would come with their cast.
  for (int i = 0; desc->params != nullptr && i < desc->params->numParams; i++) {
    Oid type = desc->params->params[i].ptype;
    if (type != INT8OID && type != INT4OID) return false;
  }
  return true;
}

}  // namespace

bool IsHousekeeping(const QueryDesc* desc, const List* relations) {
  const PlannedStmt* plan = desc->plannedstmt;
  if (plan->commandType != CMD_SELECT || plan->hasModifyingCTE) return false;
  if (RunningStatement() == 0)
    return pg::InOwnFunction() ? AreCatalogs(plan, true) : IsSilent(desc);
  return (relations != NIL || pg::InOwnFunction()) && AreCatalogs(plan, false);
}

}  // namespace jit::audit
