// `grants`: who can do what right now, and until when.
#include <fmt/format.h>

#include "cli/output.h"
#include "cli/source.h"
#include "cli/watch.h"
#include "views/grants.h"

namespace jit::cli {
namespace {

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const Watch watch(invocation, output);
  const views::GrantFilter filter{invocation.Get("grantee"), invocation.Get("relation"),
                                  invocation.Has("mine")};
  const auto source = OpenSource(invocation);
  watch.Show(*source, "jit-coordinator show REQUEST shows the request in full.", [&] {
    core::Table table = source->Grants(filter);
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
                              {"relation", 'r', "NAME", "only on this relation, as shown"},
                              {"mine", 0, "", "only your own"}},
                  .examples = {"jit-coordinator grants --watch",
                               "jit-coordinator grants --grantee anna --json"},
                  .run = Run};
  for (Option& option : WatchOptions()) command.options.push_back(std::move(option));
  AddOptionsOfEitherWay(command);
  return command;
}

}  // namespace jit::cli
