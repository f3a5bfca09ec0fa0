// What `doctor` looks at of the roles of programs: logins that bring tokens, and delegates.
#pragma once

#include "cli/doctor_checks.h"

namespace jit::cli {

// A member of jit_gateway becomes others, and is to be nobody itself.
void CheckGateways(pg::Session& session, const std::string& name, std::vector<Finding>& findings);
// A member of jit_delegate asks for others, and decides and holds nothing.
void CheckDelegates(pg::Session& session, const std::string& name, std::vector<Finding>& findings);

}  // namespace jit::cli
