#include "views/grants.h"

#include "pg/clock.h"
#include "views/status.h"

namespace jit::views {
namespace {

using core::Cell;

constexpr const char* kGrants = R"sql(
SELECT g.request_id, g.grantee, g.privileges, g.relation, g.columns, g.starts_at, g.expires_at, g.session_only,
  g.client_addr, r.reason, r.ticket
FROM jit.active_grants g LEFT JOIN jit.visible_requests r ON r.id = g.request_id
WHERE ($1::text IS NULL OR g.grantee = $1)
  AND ($2::text IS NULL OR g.relation = $2)
  AND (NOT $3::boolean OR g.grantee = session_user)
ORDER BY g.expires_at, g.request_id, g.relation)sql";

}  // namespace

Task<core::Table> ReadGrants(pg::Connection& connection, GrantFilter filter) {
  const core::Instant now = co_await pg::ServerTime(connection);
  pg::Values values = pg::With(filter.grantee, filter.relation, filter.mine ? "t" : "f");
  const pg::Result found = co_await connection.Execute(kGrants, std::move(values));
  co_return GrantTable(found, now);
}

core::Table GrantTable(const core::Rows& found, core::Instant now) {
  core::Table table{{{"request_id", "REQUEST", true},
                     {"grantee", "GRANTEE", false, true},
                     {"privileges", "PRIVILEGES"},
                     {"relation", "RELATION", false, true},
                     {"columns", "COLUMNS", false, true},
                     {"expires_at", "EXPIRES"},
                     {"reason", "REASON", false, true},
                     {"ticket", "TICKET", false, true},
                     {"starts_at", ""},
                     {"session_only", ""},
                     {"client_addr", ""}},
                    {}};
  for (int row = 0; row < found.rows(); ++row) {
    Cell columns = Cell::List(found.List(row, "columns"));
    if (columns.json.is_null()) columns.human = "all";
    Cell grantee = Cell::Text(found.Text(row, "grantee"));
    if (found.Bool(row, "session_only")) grantee.human += " (one session)";
    if (const auto address = found.Text(row, "client_addr")) grantee.human += " from " + *address;
    table.rows.push_back(
        {IdCell(found.Integer(row, "request_id")), grantee,
         Cell::List(found.List(row, "privileges")), Cell::Text(found.Text(row, "relation")),
         columns, Cell::Time(found.Time(row, "expires_at"), now),
         Cell::Text(found.Text(row, "reason")), Cell::Text(found.Text(row, "ticket")),
         Cell::Time(found.Time(row, "starts_at"), now), Cell::Bool(found.Bool(row, "session_only")),
         Cell::Text(found.Text(row, "client_addr"))});
  }
  return table;
}

}  // namespace jit::views
