// `approve`, `deny`, `revoke`, `review`: one call of the database per request, each a transaction
// of its own.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/connect.h"
#include "cli/output.h"
#include "cli/request_view.h"

namespace jit::cli {
namespace {

struct Outcome {
  std::int64_t id;
  std::optional<std::string> status;  // none: refused
  std::optional<pg::ErrorFields> error;
};

core::Json ErrorJson(const pg::ErrorFields& error) {
  return {{"sqlstate", error.sqlstate},
          {"message", error.message},
          {"detail", error.detail},
          {"hint", error.hint}};
}

void Print(const Output& output, const std::vector<Outcome>& outcomes) {
  if (output.form() == Form::kJson) {
    core::Json document = core::Json::array();
    for (const Outcome& outcome : outcomes) {
      core::Json one = {{"id", outcome.id}};
      if (outcome.status) one["status"] = *outcome.status;
      if (outcome.error) one["error"] = ErrorJson(*outcome.error);
      document.push_back(std::move(one));
    }
    output.Print(document);
    return;
  }
  for (const Outcome& outcome : outcomes) {
    if (!outcome.status) continue;
    if (output.for_people()) {
      output.Write(fmt::format("request {} is {}\n", outcome.id,
                               output.Paint(*outcome.status, StyleOfStatus(*outcome.status))));
    } else {
      output.Write(fmt::format("{}\t{}\n", outcome.id, *outcome.status));
    }
  }
}

// What remains to be said: an approval alone may not be enough.
void HintPending(pg::Session& session, std::int64_t id) {
  const pg::Result found = session.Query(
      "SELECT approvals_given, approvals_needed, approver_roles FROM jit.visible_requests WHERE id "
      "= $1",
      {fmt::to_string(id)});
  if (found.empty()) return;
  PrintNote(fmt::format(
      "request {} has {} of {} approvals; members of {} may approve", id,
      found.TextOr(0, "approvals_given"), found.TextOr(0, "approvals_needed"),
      fmt::join(found.List(0, "approver_roles").value_or(std::vector<std::string>{}), ", ")));
}

// Approved is not yet granted: that takes a daemon.
void HintDaemon(pg::Session& session) {
  const pg::Result found = session.Query(
      "SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database()"
      " AND a.application_name = 'jit-coordinator'"
      " AND pg_catalog.pg_has_role(a.usesysid, 'jit_coordinator', 'MEMBER')");
  if (found.empty()) PrintNote("no daemon is connected: it will be granted when one is");
}

// Goes on after a refusal; the exit code is that of the first one.
ExitCode Decide(Invocation& invocation, const std::string& function, const pg::Values& more) {
  const Output output(invocation);
  const auto ids = invocation.RequestIds();
  Database database = Open(invocation);
  // Either in the extension's schema, or jit.review.
  const std::string name =
      function.find('.') == std::string::npos ? database.schema + "." + function : function;
  std::string parameters = "$1";
  for (std::size_t i = 0; i < more.size(); ++i) parameters += fmt::format(", ${}", i + 2);
  std::vector<Outcome> outcomes;
  ExitCode code = ExitCode::kOk;
  for (const std::int64_t id : ids) {
    pg::Values values{fmt::to_string(id)};
    values.insert(values.end(), more.begin(), more.end());
    try {
      const pg::Result result = database.session->Query(
          fmt::format("SELECT {}({}) AS status", name, parameters), std::move(values));
      outcomes.push_back({id, result.TextOr(0, "status"), std::nullopt});
    } catch (const pg::Error& error) {
      if (error.connection_lost()) {
        Print(output, outcomes);  // what is done is done
        throw;
      }
      PrintError(error.fields(), ids.size() > 1 ? fmt::format("request {}", id) : "");
      if (code == ExitCode::kOk) code = core::ExitCodeFor(error.sqlstate());
      outcomes.push_back({id, std::nullopt, error.fields()});
    }
  }
  Print(output, outcomes);
  if (function == "jit_approve") {
    bool approved = false;
    for (const Outcome& outcome : outcomes) {
      if (outcome.status == "pending") HintPending(*database.session, outcome.id);
      approved |= outcome.status == "approved";
    }
    if (approved) HintDaemon(*database.session);
  }
  return code;
}

ExitCode RunApprove(Invocation& invocation) {
  return Decide(invocation, "jit_approve",
                {invocation.Get("message"), IntervalValue(invocation.Length("duration"))});
}

ExitCode RunDeny(Invocation& invocation) {
  return Decide(invocation, "jit_deny", {invocation.Get("message")});
}

ExitCode RunRevoke(Invocation& invocation) {
  return Decide(invocation, "jit_revoke", {invocation.Get("message")});
}

ExitCode RunReview(Invocation& invocation) {
  if (!invocation.Has("message")) throw UsageError("a review says what was found: -m TEXT");
  return Decide(invocation, "jit.review", {invocation.Get("message")});
}

Command Make(std::string name, std::string summary, std::string details, std::string statuses,
             std::string message_help) {
  Command command{.name = std::move(name),
                  .usage = "ID... [options]",
                  .summary = std::move(summary),
                  .details = std::move(details),
                  .arguments = Arguments::kRequests,
                  .statuses = std::move(statuses),
                  .options = {{"message", 'm', "TEXT", std::move(message_help)}}};
  for (auto* more : {+OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
  return command;
}

}  // namespace

Command ApproveCommand() {
  Command command =
      Make("approve", "approve requests",
           "Each id is decided on by itself; one that is refused keeps no other back.\n"
           "Prints the status afterwards: 'pending' while further approvals are needed.",
           "pending", "comment for the record");
  command.options.insert(
      command.options.begin() + 1,
      {"duration", 't', "TIME", "approve for less time than was asked for, such as 30m"});
  command.examples = {"jit-coordinator approve 12 -m 'agreed with Kim'",
                      "jit-coordinator approve 12,13 --duration 30m"};
  command.run = RunApprove;
  return command;
}

Command DenyCommand() {
  Command command =
      Make("deny", "deny requests", "A denial ends the request, whatever approvals it has.",
           "pending", "why, for the requester to read");
  command.examples = {"jit-coordinator deny 12 -m 'use the replica'"};
  command.run = RunDeny;
  return command;
}

Command RevokeCommand() {
  Command command =
      Make("revoke", "end access that was granted",
           "Running statements under the grant are cancelled, open cursors give no further row.",
           "active", "why, for the record");
  command.examples = {"jit-coordinator revoke 12 -m 'incident closed'"};
  command.run = RunRevoke;
  return command;
}

Command ReviewCommand() {
  Command command =
      Make("review", "record the review that break-glass access owes",
           "Break-glass access is granted without approval; an approver other than the requester\n"
           "looks at it afterwards.",
           "open", "what was found");
  command.examples = {"jit-coordinator review 12 -m 'read two customers, as the incident says'"};
  command.run = RunReview;
  return command;
}

}  // namespace jit::cli
