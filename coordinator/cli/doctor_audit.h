// What `doctor` looks at of the audit log.
#pragma once

#include "cli/doctor_checks.h"
#include "cli/invocation.h"

namespace jit::cli {

// Whether the log is kept, and nothing runs without it.
void CheckAuditLog(pg::Session& session, const std::string& name, std::vector<Finding>& findings);
// Who reads it.
void CheckAuditors(pg::Session& session, const std::string& name, std::vector<Finding>& findings);
// Whether a daemon of the configuration found here writes the chain's head down elsewhere.
void CheckAnchors(const Invocation& invocation, pg::Session& session, const std::string& name,
                  std::vector<Finding>& findings);

}  // namespace jit::cli
