// Policies, in the order in which they are tried.
#pragma once

#include <vector>

#include "core/policy.h"
#include "core/rows.h"
#include "core/table.h"
#include "pg/connection.h"

namespace jit::views {

Task<std::vector<core::Policy>> ReadPolicyList(pg::Connection& connection);
Task<core::Table> ReadPolicies(pg::Connection& connection);

// Of rows that have the columns of jit.policies, or of the table.
std::vector<core::Policy> PoliciesOf(const core::Rows& found);
core::Table PolicyTable(const std::vector<core::Policy>& policies);

}  // namespace jit::views
