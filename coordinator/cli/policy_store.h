// Policies in and out of the database.
#pragma once

#include <vector>

#include "core/policy.h"
#include "core/table.h"
#include "pg/session.h"

namespace jit::cli {

// In the order in which they are tried. With lock, nobody else can change them until the
// transaction ends.
std::vector<core::Policy> ReadPolicies(pg::Session& session, bool lock);

// Inside the caller's transaction.
void ApplyChanges(pg::Session& session, const std::vector<core::PolicyChange>& changes,
                  const std::vector<core::Policy>& wanted);

core::Json ChangeJson(const core::PolicyChange& change);
bool SameChanges(const std::vector<core::PolicyChange>& a,
                 const std::vector<core::PolicyChange>& b);

}  // namespace jit::cli
