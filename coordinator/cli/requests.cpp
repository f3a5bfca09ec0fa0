// `requests`: what was asked for, newest first.
#include <fmt/format.h>

#include "cli/connect.h"
#include "cli/output.h"
#include "cli/request_view.h"
#include "cli/watch.h"

namespace jit::cli {
namespace {

const std::vector<std::string> kStatuses{"open",   "all",       "pending", "approved", "active",
                                         "denied", "cancelled", "lapsed",  "expired",  "revoked"};

struct Filter {
  std::string status;
  std::optional<std::string> requester;
  bool mine;
  bool reviewable;
  std::int64_t limit;
};

core::Table Read(Database& database, const Filter& filter, bool& more) {
  pg::Session& session = *database.session;
  const core::Instant now = session.Now();
  const pg::Result found = session.Query(
      "SELECT id, requester, access, duration, approved_duration, reason, ticket, status, policy, "
      "created_at,"
      " decided_at, expires_at, break_glass, review_owed, approvals_given, approvals_needed"
      " FROM jit.visible_requests r"
      " WHERE (CASE $1 WHEN 'all' THEN true"
      "        WHEN 'open' THEN status IN ('pending', 'approved', 'active') OR review_owed ELSE "
      "status = $1 END)"
      "   AND ($2::text IS NULL OR requester = $2)"
      "   AND (NOT $3::boolean OR requester = session_user)"
      "   AND (NOT $4::boolean OR id IN (SELECT p.id FROM jit.pending p))"
      " ORDER BY id DESC LIMIT $5",
      {filter.status, filter.requester, filter.mine ? "t" : "f", filter.reviewable ? "t" : "f",
       fmt::to_string(filter.limit + 1)});
  more = found.rows() > filter.limit;
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
                     {"review_owed", ""}},
                    {}};
  for (int row = 0; row < found.rows() && row < filter.limit; ++row) {
    const bool glass = found.Bool(row, "break_glass");
    core::Cell status = StatusCell(found.TextOr(row, "status"));
    if (found.Bool(row, "review_owed")) status.human += ", review owed";
    if (status.plain == "pending" && found.Integer(row, "approvals_given").value_or(0) > 0) {
      status.human += fmt::format(" {}/{}", found.TextOr(row, "approvals_given"),
                                  found.TextOr(row, "approvals_needed"));
    }
    auto duration = found.Length(row, "approved_duration");
    if (!duration) duration = found.Length(row, "duration");
    core::Cell expires = core::Cell::Time(found.Time(row, "expires_at"), now);
    if (status.plain == "revoked") expires.human.clear();  // it ended before
    core::Cell id = core::Cell::Number(found.Integer(row, "id"));
    id.human = id.plain;  // an id is a name, not an amount
    table.rows.push_back(
        {id, status, core::Cell::Text(found.Text(row, "requester")),
         core::Cell::Text(found.Text(row, "access")), core::Cell::Length(duration),
         core::Cell::Text(found.Text(row, "reason")), core::Cell::Text(found.Text(row, "ticket")),
         core::Cell::Time(found.Time(row, "created_at"), now), expires,
         core::Cell::Number(found.Integer(row, "approvals_given")),
         core::Cell::Number(found.Integer(row, "approvals_needed")),
         core::Cell::Text(found.Text(row, "policy")),
         core::Cell::Time(found.Time(row, "decided_at"), now), core::Cell::Bool(glass),
         core::Cell::Bool(found.Bool(row, "review_owed"))});
  }
  return table;
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const Watch watch(invocation, output);
  const Filter filter{invocation.Get("status").value_or("open"), invocation.Get("requester"),
                      invocation.Has("mine"), invocation.Has("reviewable"),
                      invocation.Integer("limit", 30, 1, 100'000)};
  Database database = Open(invocation);
  bool more = false;
  watch.Show(*database.session, "jit-coordinator show ID shows a request in full.", [&] {
    core::Table table = Read(database, filter, more);
    if (table.rows.empty() && output.for_people()) {
      PrintNote(filter.status == "open" ? "no open requests; --status all shows those that are over"
                                        : "no such requests");
    }
    return table;
  });
  if (more) PrintNote(fmt::format("there are more than {}; --limit shows them", filter.limit));
  return ExitCode::kOk;
}

}  // namespace

Command RequestsCommand() {
  Command command{
      .name = "requests",
      .usage = "[options]",
      .summary = "list requests",
      .details =
          "Requests that you may see, newest first: your own, and as an approver or auditor all.\n"
          "Without --status those that are open: pending, approved, active, or owing a review.",
      .options = {{"status", 's', "STATUS", "open, all, or one status", kStatuses},
                  {"requester", 'r', "ROLE", "only requests of this role"},
                  {"mine", 0, "", "only your own"},
                  {"reviewable", 0, "", "only those that you may decide now"},
                  {"limit", 'L', "N", "at most so many (30)"}},
      .examples = {"jit-coordinator requests --reviewable --watch",
                   "jit-coordinator requests --status all --json | jq '.[].id'"},
      .run = Run};
  for (auto* more : {+WatchOptions, +OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
  return command;
}

}  // namespace jit::cli
