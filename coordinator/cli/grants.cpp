// `grants`: who can do what right now, and until when.
#include <fmt/format.h>

#include "cli/connect.h"
#include "cli/output.h"
#include "cli/watch.h"

namespace jit::cli {
namespace {

core::Table Read(Database& database, const pg::Values& filter) {
  const core::Instant now = database.session->Now();
  const pg::Result found = database.session->Query(
      "SELECT g.request_id, g.grantee, g.privileges, g.relation, g.columns, g.starts_at, "
      "g.expires_at,"
      " g.session_only, g.client_addr, r.reason, r.ticket"
      " FROM jit.active_grants g LEFT JOIN jit.visible_requests r ON r.id = g.request_id"
      " WHERE ($1::text IS NULL OR g.grantee = $1) AND ($2::text IS NULL OR g.relation = $2)"
      " ORDER BY g.expires_at, g.request_id, g.relation",
      filter);
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
    core::Cell id = core::Cell::Number(found.Integer(row, "request_id"));
    id.human = id.plain;
    core::Cell columns = core::Cell::List(found.List(row, "columns"));
    if (columns.json.is_null()) columns.human = "all";
    core::Cell grantee = core::Cell::Text(found.Text(row, "grantee"));
    if (found.Bool(row, "session_only")) grantee.human += " (one session)";
    if (const auto address = found.Text(row, "client_addr")) grantee.human += " from " + *address;
    table.rows.push_back({id, grantee, core::Cell::List(found.List(row, "privileges")),
                          core::Cell::Text(found.Text(row, "relation")), columns,
                          core::Cell::Time(found.Time(row, "expires_at"), now),
                          core::Cell::Text(found.Text(row, "reason")),
                          core::Cell::Text(found.Text(row, "ticket")),
                          core::Cell::Time(found.Time(row, "starts_at"), now),
                          core::Cell::Bool(found.Bool(row, "session_only")),
                          core::Cell::Text(found.Text(row, "client_addr"))});
  }
  return table;
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const Watch watch(invocation, output);
  Database database = Open(invocation);
  watch.Show(*database.session, "jit-coordinator show REQUEST shows the request in full.", [&] {
    core::Table table = Read(database, {invocation.Get("grantee"), invocation.Get("relation")});
    if (table.rows.empty() && output.for_people()) PrintNote("no access is granted now");
    return table;
  });
  return ExitCode::kOk;
}

}  // namespace

Command GrantsCommand() {
  Command command{.name = "grants",
                  .usage = "[options]",
                  .summary = "list access that is granted now",
                  .details =
                      "One line an object; `revoke` takes the number of the request. The next to "
                      "expire is first.",
                  .options = {{"grantee", 'g', "ROLE", "only what this role holds"},
                              {"relation", 'r', "NAME", "only on this relation, as shown"}},
                  .examples = {"jit-coordinator grants --watch",
                               "jit-coordinator grants --grantee anna --json"},
                  .run = Run};
  for (auto* more : {+WatchOptions, +OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
  return command;
}

}  // namespace jit::cli
