// Requests, newest first, as `requests` lists them and the API returns them.
#pragma once

#include <optional>
#include <string>

#include "core/rows.h"
#include "core/table.h"
#include "pg/connection.h"

namespace jit::views {

struct RequestFilter {
  std::string status = "open";  // open, all, or one status
  std::optional<std::string> requester;
  std::optional<std::string> ticket;
  std::optional<std::string> created_after;  // the server's timestamps
  std::optional<std::string> created_before;
  bool mine = false;
  bool reviewable = false;                // those that the caller may decide now
  std::optional<std::int64_t> before_id;  // the last id of the page before
  std::int64_t limit = 30;
};

extern const std::vector<std::string> kRequestStatuses;  // what `status` may be

// `more` where the limit left some out. `more` must outlive the task.
Task<core::Table> ReadRequests(pg::Connection& connection, RequestFilter filter, bool& more);

// Of rows that have the columns of the table, by their names.
core::Table RequestTable(const core::Rows& found, core::Instant now, std::int64_t limit);

}  // namespace jit::views
