// Utility statements of governed users: COPY … TO and EXPLAIN.

#pragma once

#include "pg/server.h"

extern "C" {
#include "tcop/utility.h"
}

namespace jit::enforce {

// Whether the statement is of a kind that ProcessGoverned handles; the cheap question of the hook.
bool IsHandledUtility(const Node* statement);

// COPY … TO.
bool IsCopyTo(const Node* statement);

// Whether the statement runs others and returns their rows.
bool RunsStatements(const Node* statement);

// Whether the statement may take a role out of another: REVOKE, ALTER GROUP, DROP ROLE.
bool ChangesMembership(const Node* statement);

struct UtilityArguments {
  PlannedStmt* statement;
  const char* source;
  bool read_only_tree;
  ProcessUtilityContext context;
  ParamListInfo params;
  QueryEnvironment* environment;
  DestReceiver* dest;
  QueryCompletion* completion;
  ProcessUtility_hook_type next;
};

void ProcessGoverned(UtilityArguments arguments);

}  // namespace jit::enforce
