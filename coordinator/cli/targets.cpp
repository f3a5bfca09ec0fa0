// `targets`: the state of every database of the configuration, asked all at once.
#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "cli/connect.h"
#include "cli/output.h"
#include "cli/server.h"
#include "core/json_rows.h"

namespace jit::cli {
namespace {

using core::Cell;

struct State {
  std::string state = "ok";
  std::string error;
  std::optional<std::string> server, extension;
  std::optional<std::int64_t> daemons, pending, approved, active;
};

constexpr const char* kExtension =
    "SELECT pg_catalog.current_setting('server_version') AS server,"
    " (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'jit_access') AS extension";
// The daemon is known by its name and its role: anybody may call themselves by that name.
constexpr const char* kCounts =
    "SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON "
    "r.oid = a.usesysid"
    "         WHERE a.datname = pg_catalog.current_database() AND a.application_name = "
    "'jit-coordinator'"
    "           AND pg_catalog.pg_has_role(r.oid, 'jit_coordinator', 'MEMBER')) AS daemons,"
    " count(*) FILTER (WHERE status = 'pending') AS pending,"
    " count(*) FILTER (WHERE status = 'approved') AS approved,"
    " count(*) FILTER (WHERE status = 'active') AS active"
    " FROM jit.visible_requests WHERE status IN ('pending', 'approved', 'active')";

State Ask(const Invocation& invocation, const config::Target& target) {
  State state;
  try {
    const auto timeout = invocation.Wait("timeout", std::chrono::milliseconds{10'000});
    pg::Session session(ParametersOf(invocation, target), timeout, timeout);
    const pg::Result found = session.Query(kExtension);
    state.server = found.Text(0, "server");
    state.extension = found.Text(0, "extension");
    if (!state.extension) {
      state.state = "no extension";
      return state;
    }
    const pg::Result counts = session.Query(kCounts);
    state.daemons = counts.Integer(0, "daemons");
    state.pending = counts.Integer(0, "pending");
    state.approved = counts.Integer(0, "approved");
    state.active = counts.Integer(0, "active");
    if (state.daemons == 0) state.state = "no daemon";
  } catch (const pg::Error& error) {
    const bool refused = error.sqlstate().substr(0, 2) == "28";
    state.state = !error.connection_lost() ? "error" : refused ? "login refused" : "unreachable";
    state.error = error.what();
  }
  return state;
}

core::Table Render(const std::vector<config::Target>& targets, const std::vector<State>& states) {
  core::Table table{{{"name", "NAME"},
                     {"state", "STATE"},
                     {"server", "SERVER", false, true},
                     {"extension", "EXTENSION"},
                     {"daemons", "DAEMONS", true},
                     {"pending", "PENDING", true},
                     {"approved", "TO PUSH", true},
                     {"active", "ACTIVE", true},
                     {"conninfo", ""},
                     {"error", "", false, true}},
                    {}};
  bool failed = false;
  for (const State& state : states) failed |= !state.error.empty();
  if (failed) table.columns.back().title = "ERROR";
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const State& s = states[i];
    const auto style = s.state == "ok"          ? core::Style::kGood
                       : s.state == "no daemon" ? core::Style::kWarning
                                                : core::Style::kBad;
    table.rows.push_back(
        {Cell::Text(targets[i].name), Cell::Text(s.state, style), Cell::Text(s.server),
         Cell::Text(s.extension), Cell::Number(s.daemons), Cell::Number(s.pending),
         Cell::Number(s.approved), Cell::Number(s.active),
         targets[i].conninfo.empty() ? Cell::Null() : Cell::Text(targets[i].conninfo),
         s.error.empty() ? Cell::Null() : Cell::Text(s.error)});
  }
  return table;
}

// What a server tells: not whose business it is how to reach its databases, nor what waits there.
ExitCode RunByServer(const Invocation& invocation, const Output& output,
                     const std::string& address) {
  const core::Json answer = OpenServer(invocation, address)->Get("/targets");
  const core::JsonRows rows(answer.value("targets", core::Json::array()));
  std::vector<config::Target> targets;
  std::vector<State> states;
  for (int row = 0; row < rows.rows(); ++row) {
    config::Target& target = targets.emplace_back();
    target.name = rows.TextOr(row, "name");
    State& state = states.emplace_back();
    state.error = rows.TextOr(row, "last_error");
    if (!rows.Bool(row, "connected")) {
      // A server that does not know who asks tells only the names.
      state.state = rows.Text(row, "connected") ? "unreachable" : "unknown";
    }
  }
  if (invocation.Has("names")) {
    for (const config::Target& target : targets) output.Write(target.name + "\n");
    return ExitCode::kOk;
  }
  output.Print(Render(targets, states), "--output tsv shows everything.");
  const bool all = std::none_of(states.begin(), states.end(),
                                [](const State& state) { return state.state == "unreachable"; });
  return all ? ExitCode::kOk : ExitCode::kUnreachable;
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  if (const auto address = ServerAddress(invocation))
    return RunByServer(invocation, output, *address);
  if (invocation.Has("target"))
    throw UsageError("all targets of the configuration are shown; -d goes with --server");
  const FoundConfig found = FindConfig(invocation);
  const auto& targets = found.config.targets;
  if (invocation.Has("names")) {
    for (const config::Target& target : targets) output.Write(target.name + "\n");
    return ExitCode::kOk;
  }
  if (targets.empty()) {
    throw UsageError(found.path.empty() ? "no configuration found; --config FILE names one"
                                        : fmt::format("{} has no targets", found.path));
  }
  std::vector<std::future<State>> asked;
  for (const config::Target& target : targets) {
    asked.push_back(std::async(std::launch::async, [&] { return Ask(invocation, target); }));
  }
  std::vector<State> states;
  for (auto& one : asked) states.push_back(one.get());
  output.Print(Render(targets, states), "--output tsv shows everything.");

  ExitCode code = ExitCode::kOk;
  for (const State& state : states) {
    if (state.state == "unreachable") return ExitCode::kUnreachable;
    if (state.state != "ok") code = ExitCode::kFailed;
  }
  return code;
}

}  // namespace

Command TargetsCommand() {
  Command command{.name = "targets",
                  .usage = "[options]",
                  .summary = "show the state of each target of the configuration",
                  .details =
                      "Connects to all at once, with your own login. Exits with 6 if one is "
                      "unreachable, with 1 if one\n"
                      "has no extension, no daemon connected or refuses you. The counts are of "
                      "what you may see.\n"
                      "With --server: which targets the server has and whether it reaches them.",
                  .options = {{"names", 0, "", "only the names, without connecting"}},
                  .examples = {"jit-coordinator targets --config /etc/jit-coordinator.toml"},
                  .run = Run};
  AddOptionsOfEitherWay(command);
  for (Option& option : command.options) {
    if (option.name == "target") option.help = "with --server: the target that the token is of";
  }
  return command;
}

}  // namespace jit::cli
