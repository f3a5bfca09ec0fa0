#include "views/requests.h"

#include <fmt/format.h>

#include "pg/clock.h"
#include "views/status.h"

namespace jit::views {
namespace {

using core::Cell;

constexpr const char* kRequests = R"sql(
SELECT r.id, r.requester, r.access, coalesce(r.approved_duration, r.duration) AS duration, r.reason, r.ticket,
  r.status, r.policy, r.created_at, r.decided_at, r.expires_at, r.break_glass, r.review_owed, r.approvals_given,
  r.approvals_needed, r.requested_by
FROM jit.visible_requests r
WHERE (CASE $1 WHEN 'all' THEN true
       WHEN 'open' THEN r.status IN ('pending', 'approved', 'active') OR r.review_owed
       ELSE r.status = $1 END)
  AND ($2::text IS NULL OR r.requester = $2)
  AND (NOT $3::boolean OR r.requester = session_user)
  AND (NOT $4::boolean OR r.id IN (SELECT p.id FROM jit.pending p))
  AND ($5::text IS NULL OR r.ticket = $5)
  AND ($6::timestamptz IS NULL OR r.created_at >= $6)
  AND ($7::timestamptz IS NULL OR r.created_at < $7)
  AND ($8::bigint IS NULL OR r.id < $8)
ORDER BY r.id DESC LIMIT $9::bigint)sql";

// One more than the limit tells whether there are more.
pg::Values ValuesOf(const RequestFilter& filter) {
  return {filter.status,
          filter.requester,
          filter.mine ? "t" : "f",
          filter.reviewable ? "t" : "f",
          filter.ticket,
          filter.created_after,
          filter.created_before,
          filter.before_id ? std::optional(fmt::to_string(*filter.before_id)) : std::nullopt,
          fmt::to_string(filter.limit + 1)};
}

}  // namespace

const std::vector<std::string> kRequestStatuses{"open",    "all",    "pending",   "approved",
                                                "active",  "denied", "cancelled", "lapsed",
                                                "expired", "revoked"};

Task<core::Table> ReadRequests(pg::Connection& connection, RequestFilter filter, bool& more) {
  const core::Instant now = co_await pg::ServerTime(connection);
  pg::Values values = ValuesOf(filter);
  const pg::Result found = co_await connection.Execute(kRequests, std::move(values));
  more = found.rows() > filter.limit;
  co_return RequestTable(found, now, filter.limit);
}

core::Table RequestTable(const core::Rows& found, core::Instant now, std::int64_t limit) {
  core::Table table{{{"id", "ID", true},
                     {"status", "STATUS"},
                     {"requester", "REQUESTER", false, true},
                     {"access", "ACCESS", false, true},
                     {"duration", "FOR"},
                     {"reason", "REASON", false, true},
                     {"ticket", "TICKET", false, true},
                     {"created_at", "ASKED"},
                     {"expires_at", "EXPIRES"},
                     {"approvals_given", ""},
                     {"approvals_needed", ""},
                     {"policy", ""},
                     {"decided_at", ""},
                     {"break_glass", ""},
                     {"review_owed", ""},
                     {"requested_by", ""}},
                    {}};
  for (int row = 0; row < found.rows() && row < limit; ++row) {
    Cell status = StatusCell(found.TextOr(row, "status"));
    if (found.Bool(row, "review_owed")) status.human += ", review owed";
    if (status.plain == "pending" && found.Integer(row, "approvals_given").value_or(0) > 0) {
      status.human += fmt::format(" {}/{}", found.TextOr(row, "approvals_given"),
                                  found.TextOr(row, "approvals_needed"));
    }
    Cell requester = Cell::Text(found.Text(row, "requester"));
    if (const auto by = found.Text(row, "requested_by")) requester.human += " (by " + *by + ")";
    Cell expires = Cell::Time(found.Time(row, "expires_at"), now);
    if (status.plain == "revoked") expires.human.clear();  // it ended before
    table.rows.push_back(
        {IdCell(found.Integer(row, "id")), status, requester, Cell::Text(found.Text(row, "access")),
         Cell::Length(found.Length(row, "duration")), Cell::Text(found.Text(row, "reason")),
         Cell::Text(found.Text(row, "ticket")), Cell::Time(found.Time(row, "created_at"), now),
         expires, Cell::Number(found.Integer(row, "approvals_given")),
         Cell::Number(found.Integer(row, "approvals_needed")),
         Cell::Text(found.Text(row, "policy")), Cell::Time(found.Time(row, "decided_at"), now),
         Cell::Bool(found.Bool(row, "break_glass")), Cell::Bool(found.Bool(row, "review_owed")),
         Cell::Text(found.Text(row, "requested_by"))});
  }
  return table;
}

}  // namespace jit::views
