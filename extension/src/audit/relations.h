// Which relations a statement names, for the audit log.

#pragma once

#include "pg/server.h"

namespace jit::audit {

// Those whose privileges are checked: tables, views and what is behind them. List of char *.
List* RelationsOf(const PlannedStmt* plan);

// Those of a utility statement that names some.
List* RelationsOfUtility(const Node* statement);

// Whether all relations of the plan are catalogs or tables of the extension, and none holds values
// of others.
bool AreCatalogs(const PlannedStmt* plan, bool with_values);

}  // namespace jit::audit
