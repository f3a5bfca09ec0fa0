// Everything about one request: what somebody who decides on it has to know.
#pragma once

#include <memory>

#include "core/rows.h"
#include "core/table.h"
#include "pg/connection.h"

namespace jit::views {

// From the database, or from the JSON that was made of it.
struct RequestFacts {
  core::Instant now;
  std::unique_ptr<core::Rows> request;  // one row
  std::unique_ptr<core::Rows> approvals;
  std::unique_ptr<core::Rows> objects;
  std::unique_ptr<core::Rows> earlier;  // of the same requester
  core::Json requirements;

  std::optional<std::string> Text(const char* column) const { return request->Text(0, column); }
  std::string status() const { return request->TextOr(0, "status"); }
};

// Throws pg::Error (42704) where there is none that the caller may see.
Task<RequestFacts> ReadRequest(pg::Connection& connection, std::int64_t id);
// The same as the JSON of `show --json` and of the API.
Task<core::Json> ReadRequestJson(pg::Connection& connection, std::int64_t id);

core::Json RequestJson(const RequestFacts& facts);
RequestFacts RequestFactsOf(const core::Json& json, core::Instant now);

// The request's own columns, as one row.
core::Table RequestColumns(const RequestFacts& facts);
core::Table ApprovalsTable(const RequestFacts& facts);
core::Table ObjectsTable(const RequestFacts& facts);
core::Table EarlierTable(const RequestFacts& facts);

}  // namespace jit::views
