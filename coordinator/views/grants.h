// Access that is granted now, the next to expire first.
#pragma once

#include <optional>
#include <string>

#include "core/rows.h"
#include "core/table.h"
#include "pg/connection.h"

namespace jit::views {

struct GrantFilter {
  std::optional<std::string> grantee;
  std::optional<std::string> relation;
  bool mine = false;
};

Task<core::Table> ReadGrants(pg::Connection& connection, GrantFilter filter);

// Of rows that have the columns of the table, by their names.
core::Table GrantTable(const core::Rows& found, core::Instant now);

}  // namespace jit::views
