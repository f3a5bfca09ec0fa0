// The policy file: TOML, one [[policy]] per row of jit.policies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/policy.h"
#include "core/toml_reader.h"

namespace jit::core {

struct PolicyFile {
  std::vector<Policy> policies;
  std::vector<FileError> errors;  // not empty: the policies are not to be used
};

// Checks form, types, unknown and doubled names; roles, patterns and hours are the database's to
// check.
PolicyFile ParsePolicyFile(std::string_view text);

// The file that ParsePolicyFile reads back to the same policies.
std::string FormatPolicyFile(const std::vector<Policy>& policies);

}  // namespace jit::core
