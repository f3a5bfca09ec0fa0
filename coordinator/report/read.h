// Everything of the report that is in the database.
#pragma once

#include <optional>
#include <string>

#include "pg/session.h"
#include "report/model.h"

namespace jit::report {

// `since` and `until` as the server's timestamps. In one snapshot; without the chain, which takes
// its time.
Report Read(pg::Session& session, const std::string& since, const std::string& until,
            const std::optional<std::string>& person);

}  // namespace jit::report
