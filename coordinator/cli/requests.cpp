// `requests`: what was asked for, newest first.
#include <fmt/format.h>

#include "cli/output.h"
#include "cli/source.h"
#include "cli/watch.h"
#include "views/requests.h"

namespace jit::cli {
namespace {

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const Watch watch(invocation, output);
  views::RequestFilter filter;
  filter.status = invocation.Get("status").value_or(filter.status);
  filter.requester = invocation.Get("requester");
  filter.ticket = invocation.Get("ticket");
  filter.mine = invocation.Has("mine");
  filter.reviewable = invocation.Has("reviewable");
  filter.limit = invocation.Integer("limit", 30, 1, 100'000);
  const auto source = OpenSource(invocation);
  bool more = false;
  watch.Show(*source, "jit-coordinator show ID shows a request in full.", [&] {
    core::Table table = source->Requests(filter, more);
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
      .options = {{"status", 's', "STATUS", "open, all, or one status", views::kRequestStatuses},
                  {"requester", 'r', "ROLE", "only requests of this role"},
                  {"ticket", 0, "TICKET", "only requests under this ticket"},
                  {"mine", 0, "", "only your own"},
                  {"reviewable", 0, "", "only those that you may decide now"},
                  {"limit", 'L', "N", "at most so many (30)"}},
      .examples = {"jit-coordinator requests --reviewable --watch",
                   "jit-coordinator requests --status all --json | jq '.[].id'"},
      .run = Run};
  for (Option& option : WatchOptions()) command.options.push_back(std::move(option));
  AddOptionsOfEitherWay(command);
  return command;
}

}  // namespace jit::cli
