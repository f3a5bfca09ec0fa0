// `doctor`: is everything in place, and does nobody hold more than they should?
#include <fmt/format.h>

#include "cli/connect.h"
#include "cli/doctor_audit.h"
#include "cli/doctor_checks.h"
#include "cli/output.h"

namespace jit::cli {
namespace {

using core::Cell;
using Level = Finding::Level;

std::string NameOf(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kUnknown:
      return "unknown";
    case Level::kWarning:
      return "warning";
    case Level::kProblem:
      return "problem";
  }
  return "";
}

core::Style StyleOf(Level level) {
  switch (level) {
    case Level::kOk:
      return core::Style::kGood;
    case Level::kUnknown:
      return core::Style::kDim;
    case Level::kWarning:
      return core::Style::kWarning;
    case Level::kProblem:
      return core::Style::kBad;
  }
  return core::Style::kPlain;
}

bool HasExtension(pg::Session& session) {
  return !session.Query("SELECT FROM pg_catalog.pg_extension WHERE extname = 'jit_access'").empty();
}

// A check that may not look, or fails, holds up no other.
std::vector<Finding> Examine(const Invocation& invocation, pg::Session& session) {
  const bool has_extension = HasExtension(session);
  std::vector<Finding> findings;
  const auto examine = [&](const std::string& name, const auto& look) {
    try {
      look();
    } catch (const pg::Error& error) {
      if (error.connection_lost()) throw;
      const bool forbidden = error.sqlstate() == "42501";
      findings.push_back(
          {name, forbidden ? Level::kUnknown : Level::kProblem, error.what(),
           forbidden ? "Ask as an approver, an auditor or a superuser." : error.fields().hint});
    }
  };
  for (const Check& check : Checks()) {
    if (check.needs_extension && !has_extension) continue;
    examine(check.name, [&] { check.look(session, check.name, findings); });
  }
  if (has_extension) {
    const std::string anchors = "anchors";
    examine(anchors, [&] { CheckAnchors(invocation, session, anchors, findings); });
  }
  return findings;
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const auto session = Connect(invocation, ParametersOf(invocation));
  const std::vector<Finding> findings = Examine(invocation, *session);
  core::Table table{{{"check", "CHECK"}, {"result", "RESULT"}, {"text", "FOUND"}, {"hint", ""}},
                    {}};
  ExitCode code = ExitCode::kOk;
  for (const Finding& finding : findings) {
    if (finding.level == Level::kProblem) code = ExitCode::kFailed;
    Cell text = Cell::Text(finding.text);
    if (!finding.hint.empty() && finding.level != Level::kOk) text.human += ". " + finding.hint;
    table.rows.push_back({Cell::Text(finding.check),
                          Cell::Text(NameOf(finding.level), StyleOf(finding.level)), text,
                          finding.hint.empty() ? Cell::Null() : Cell::Text(finding.hint)});
  }
  output.Print(table);
  return code;
}

}  // namespace

Command DoctorCommand() {
  Command command{
      .name = "doctor",
      .usage = "[options]",
      .summary = "check that everything is in place, and who holds too much",
      .details =
          "Is the library preloaded, are its version and the extension's equal, can jit_elevated "
          "be\n"
          "abused, has the daemon's role more than it needs, is a daemon connected, can every "
          "policy\n"
          "be met, is the audit log kept and anchored, and who holds privileges without asking. "
          "Exits with 1\n"
          "where there is a problem; warnings alone are 0. It sees most as a superuser or an "
          "auditor.",
      .examples = {"jit-coordinator doctor -d shop",
                   "jit-coordinator doctor --json | jq '.[] | select(.result == \"problem\")'"},
      .run = Run};
  for (auto* more : {+OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
  return command;
}

}  // namespace jit::cli
