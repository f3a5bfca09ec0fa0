#include "views/tokens.h"

#include "pg/clock.h"
#include "views/status.h"

namespace jit::views {
namespace {

using core::Cell;

constexpr const char* kTokens = R"sql(
SELECT t.id, t.name, t.owner, t.scopes, t.created_at, t.expires_at, t.last_used_at, t.revoked_at, t.revoked_by,
  t.status
FROM jit.visible_tokens t
WHERE $1::boolean OR t.owner = session_user
ORDER BY t.id DESC)sql";

}  // namespace

Task<core::Table> ReadTokens(pg::Connection& connection, TokenFilter filter) {
  const core::Instant now = co_await pg::ServerTime(connection);
  pg::Values values = pg::With(filter.all ? "t" : "f");
  const pg::Result found = co_await connection.Execute(kTokens, std::move(values));
  co_return TokenTable(found, now);
}

core::Table TokenTable(const core::Rows& found, core::Instant now) {
  core::Table table{{{"id", "ID", true},
                     {"name", "NAME", false, true},
                     {"owner", "OWNER", false, true},
                     {"scopes", "SCOPES"},
                     {"created_at", "CREATED"},
                     {"expires_at", "EXPIRES"},
                     {"last_used_at", "LAST USED"},
                     {"revoked_at", ""},
                     {"revoked_by", ""},
                     {"status", "STATUS"}},
                    {}};
  for (int row = 0; row < found.rows(); ++row) {
    Cell used = Cell::Time(found.Time(row, "last_used_at"), now);
    if (used.json.is_null()) used.human = "never";
    Cell status = StatusCell(found.TextOr(row, "status"));
    if (const auto by = found.Text(row, "revoked_by")) status.human += " by " + *by;
    table.rows.push_back({IdCell(found.Integer(row, "id")), Cell::Text(found.Text(row, "name")),
                          Cell::Text(found.Text(row, "owner")),
                          Cell::List(found.List(row, "scopes")),
                          Cell::Time(found.Time(row, "created_at"), now),
                          Cell::Time(found.Time(row, "expires_at"), now), used,
                          Cell::Time(found.Time(row, "revoked_at"), now),
                          Cell::Text(found.Text(row, "revoked_by")), status});
  }
  return table;
}

}  // namespace jit::views
