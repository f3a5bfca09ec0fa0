// `policy list | diff | apply`: jit.policies against a file that can be kept under version control.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/connect.h"
#include "cli/output.h"
#include "cli/policy_store.h"
#include "cli/source.h"
#include "core/policy_file.h"
#include "views/policies.h"

namespace jit::cli {
namespace {

using core::Policy;
using core::PolicyChange;

std::vector<Policy> ReadFile(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (file) text << file.rdbuf();
    if (!file || file.bad()) throw UsageError(fmt::format("{}: cannot be read", path));
  }
  core::PolicyFile file = core::ParsePolicyFile(text.str());
  if (file.errors.empty() && file.policies.empty()) {
    file.errors.push_back({0, "no [[policy]] in it; a file without any would remove all policies"});
  }
  if (file.errors.empty()) return std::move(file.policies);
  std::vector<std::string> lines;
  for (const auto& error : file.errors) lines.push_back(core::FormatFileError(path, error));
  throw UsageError(fmt::format("{}", fmt::join(lines, "\n")), "");
}

void PrintChanges(const Output& output, const std::vector<PolicyChange>& changes) {
  if (output.form() == Form::kJson) {
    core::Json document = core::Json::array();
    for (const PolicyChange& change : changes) document.push_back(ChangeJson(change));
    output.Print(document);
    return;
  }
  for (const PolicyChange& change : changes)
    output.Write(core::FormatChange(change, output.look().colour));
}

std::string Summary(const std::vector<PolicyChange>& changes) {
  int added = 0;
  int altered = 0;
  int removed = 0;
  for (const PolicyChange& change : changes) {
    ++(change.kind == PolicyChange::Kind::kAdd     ? added
       : change.kind == PolicyChange::Kind::kAlter ? altered
                                                   : removed);
  }
  return fmt::format("{} to add, {} to alter, {} to remove", added, altered, removed);
}

bool Confirmed() {
  fmt::print(stderr, "Apply? [y/N] ");
  std::fflush(stderr);
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

ExitCode RunList(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const std::vector<Policy> policies = OpenSource(invocation)->Policies();
  if (invocation.Has("toml")) {
    output.Write(core::FormatPolicyFile(policies));
    return ExitCode::kOk;
  }
  output.Print(views::PolicyTable(policies),
               "jit-coordinator policy list --toml shows everything.");
  if (policies.empty() && output.for_people()) {
    PrintNote("no policies: each request takes one approval by jit_approver, for 8 hours at most");
  }
  return ExitCode::kOk;
}

ExitCode RunDiff(Invocation& invocation) {
  const Output output(invocation);
  const std::vector<Policy> wanted = ReadFile(invocation.Argument("the policy file"));
  Database database = Open(invocation);
  const auto changes = core::DiffPolicies(ReadPolicies(*database.session, false), wanted);
  PrintChanges(output, changes);
  if (output.for_people()) PrintNote(changes.empty() ? "no difference" : Summary(changes));
  return !changes.empty() && invocation.Has("exit-status") ? ExitCode::kPending : ExitCode::kOk;
}

ExitCode RunApply(Invocation& invocation) {
  const Output output(invocation);
  const std::string path = invocation.Argument("the policy file");
  const bool dry_run = invocation.Has("dry-run");
  const bool ask = !dry_run && !invocation.Has("yes");
  const std::vector<Policy> wanted = ReadFile(path);
  if (ask && (path == "-" || !StdinIsTerminal())) {
    throw UsageError("nobody to ask whether to apply: say --yes, or --dry-run to try it");
  }
  Database database = Open(invocation);
  pg::Session& session = *database.session;

  const auto shown = core::DiffPolicies(ReadPolicies(session, false), wanted);
  PrintChanges(output, shown);
  if (shown.empty()) {
    PrintNote("no difference, nothing to apply");
    return ExitCode::kOk;
  }
  if (ask) {
    PrintNote(Summary(shown));
    if (!Confirmed()) {
      PrintNote("nothing was changed");
      return ExitCode::kFailed;
    }
  }
  // From here on nobody else changes policies; what was shown must still be what is done.
  pg::Transaction transaction(session);
  const auto changes = core::DiffPolicies(ReadPolicies(session, true), wanted);
  if (!SameChanges(changes, shown)) {
    PrintError("somebody changed the policies meanwhile, nothing was applied",
               "Look at the difference again.");
    return ExitCode::kWrongState;
  }
  ApplyChanges(session, changes, wanted);
  if (dry_run) {
    PrintNote(fmt::format("{}; the database accepts it, nothing was changed", Summary(changes)));
    return ExitCode::kOk;
  }
  transaction.Commit();
  PrintNote(fmt::format("applied: {}", Summary(changes)));
  return ExitCode::kOk;
}

void AddShared(Command& command) {
  for (auto* more : {+OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
}

}  // namespace

Command PolicyListCommand() {
  Command command{
      .name = "policy list",
      .usage = "[options]",
      .summary = "list the policies",
      .details =
          "In the order in which they are tried. What no policy matches takes one approval by\n"
          "jit_approver and lasts 8 hours at most.",
      .options = {{"toml", 0, "", "as a policy file"}},
      .examples = {"jit-coordinator policy list --toml > policies.toml"},
      .run = RunList};
  AddOptionsOfEitherWay(command);
  return command;
}

Command PolicyDiffCommand() {
  Command command{.name = "policy diff",
                  .usage = "FILE [options]",
                  .summary = "show what applying a policy file would change",
                  .details = "FILE is TOML with one [[policy]] a row of jit.policies; - is stdin.",
                  .arguments = Arguments::kFile,
                  .options = {{"exit-status", 0, "", "exit with 8 where there is a difference"}},
                  .examples = {"jit-coordinator policy diff policies.toml --exit-status"},
                  .run = RunDiff};
  AddShared(command);
  return command;
}

Command PolicyApplyCommand() {
  Command command{
      .name = "policy apply",
      .usage = "FILE [options]",
      .summary = "make the policies those of a file",
      .details =
          "Shows the difference and asks. All in one transaction: policies that are not in the "
          "file are\n"
          "removed. It takes a login that may write jit.policies, as a rule the database's owner.",
      .arguments = Arguments::kFile,
      .options = {{"dry-run", 'n', "", "let the database check everything, then change nothing"},
                  {"yes", 'y', "", "do not ask"}},
      .examples = {"jit-coordinator policy apply policies.toml --dry-run",
                   "jit-coordinator policy apply policies.toml --yes"},
      .run = RunApply};
  AddShared(command);
  return command;
}

}  // namespace jit::cli
