// --since and --until: read on the command line, counted from the database's clock.
#pragma once

#include <optional>
#include <string>

#include "cli/invocation.h"
#include "core/audit_filter.h"
#include "pg/session.h"

namespace jit::cli {

// Throws UsageError for what is no point in time.
std::optional<core::Moment> ReadMoment(const Invocation& invocation, const std::string& option);

// As a parameter for a timestamptz.
std::optional<std::string> Resolve(pg::Session& session, const std::optional<core::Moment>& moment);

}  // namespace jit::cli
