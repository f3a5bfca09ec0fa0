// `approve`, `deny`, `cancel`, `revoke`, `review`: one call of the database per request, each a
// transaction of its own.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/each.h"
#include "cli/source.h"
#include "client/error.h"

namespace jit::cli {
namespace {

// What remains to be said: an approval alone may not be enough.
void HintPending(Source& source, std::int64_t id) {
  const views::RequestFacts facts = source.Request(id);
  PrintNote(fmt::format(
      "request {} has {} of {} approvals; members of {} may approve", id,
      facts.request->TextOr(0, "approvals_given"), facts.request->TextOr(0, "approvals_needed"),
      fmt::join(facts.request->List(0, "approver_roles").value_or(std::vector<std::string>{}),
                ", ")));
}

// Approved is not yet granted: that takes a daemon.
void HintDaemon(Source& source) {
  if (!source.HasDaemon()) PrintNote("no daemon is connected: it will be granted when one is");
}

// The approvals stand, whether or not there is more to be read about them.
void HintAfterApproval(Source& source, const std::vector<Outcome>& outcomes) {
  try {
    bool approved = false;
    for (const Outcome& outcome : outcomes) {
      if (outcome.status == "pending") HintPending(source, outcome.id);
      approved |= outcome.status == "approved";
    }
    if (approved) HintDaemon(source);
  } catch (const pg::Error&) {
  } catch (const client::Error&) {
  }
}

ExitCode Decide(Invocation& invocation, Decision decision) {
  const Output output(invocation);
  const auto ids = invocation.RequestIds();
  const auto message = decision == Decision::kCancel ? std::nullopt : invocation.Get("message");
  const auto duration =
      decision == Decision::kApprove ? invocation.Length("duration") : std::nullopt;
  const auto source = OpenSource(invocation);
  const Outcomes done = DoEach(output, "request", ids, [&](std::int64_t id) {
    return source->Decide(decision, id, message, duration);
  });
  if (decision == Decision::kApprove) HintAfterApproval(*source, done.each);
  return done.code;
}

ExitCode RunApprove(Invocation& invocation) { return Decide(invocation, Decision::kApprove); }
ExitCode RunDeny(Invocation& invocation) { return Decide(invocation, Decision::kDeny); }
ExitCode RunCancel(Invocation& invocation) { return Decide(invocation, Decision::kCancel); }
ExitCode RunRevoke(Invocation& invocation) { return Decide(invocation, Decision::kRevoke); }

ExitCode RunReview(Invocation& invocation) {
  if (!invocation.Has("message")) throw UsageError("a review says what was found: -m TEXT");
  return Decide(invocation, Decision::kReview);
}

Command Make(std::string name, std::string summary, std::string details, std::string statuses,
             std::string message_help) {
  Command command{.name = std::move(name),
                  .usage = "ID... [options]",
                  .summary = std::move(summary),
                  .details = std::move(details),
                  .arguments = Arguments::kRequests,
                  .statuses = std::move(statuses)};
  if (!message_help.empty())
    command.options.push_back({"message", 'm', "TEXT", std::move(message_help)});
  AddOptionsOfEitherWay(command);
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

Command CancelCommand() {
  Command command = Make("cancel", "take back requests of your own",
                         "Those that nobody has decided on yet. What you filed on behalf of "
                         "somebody you take back, too.",
                         "pending", "");
  command.examples = {"jit-coordinator cancel 12"};
  command.run = RunCancel;
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
