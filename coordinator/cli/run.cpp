// `run`: the daemon, and `config check`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/program_options.hpp>

#include "cli/connect.h"
#include "cli/output.h"
#include "http/certificate.h"
#include "run/daemon.h"

namespace jit::cli {
namespace {

namespace po = boost::program_options;

const std::vector<std::string> kSettings{"log-level", "log-format"};

// What the environment says where the command line says nothing: JIT_COORDINATOR_LOG_LEVEL and the
// like.
std::map<std::string, std::string> FromEnvironment() {
  po::options_description description;
  for (const std::string& name : kSettings)
    description.add_options()(name.c_str(), po::value<std::string>());
  const auto name_of = [](const std::string& variable) -> std::string {
    for (const std::string& name : kSettings) {
      std::string expected = "JIT_COORDINATOR_";
      for (const char c : name) expected += c == '-' ? '_' : static_cast<char>(c & ~0x20);
      if (variable == expected) return name;
    }
    return "";
  };
  std::map<std::string, std::string> values;
  for (const auto& option : po::parse_environment(description, name_of).options) {
    if (!option.value.empty() && !option.value.front().empty())
      values[option.string_key] = option.value.front();
  }
  return values;
}

std::string Setting(const Invocation& invocation, const std::string& name,
                    const std::vector<std::string>& allowed) {
  if (const auto flag = invocation.Get(name)) return *flag;
  const auto environment = FromEnvironment();
  const auto found = environment.find(name);
  if (found == environment.end()) return "";
  if (std::find(allowed.begin(), allowed.end(), found->second) == allowed.end()) {
    throw UsageError(
        fmt::format("the environment's {} must be one of {}", name, fmt::join(allowed, ", ")));
  }
  return found->second;
}

FoundConfig Checked(FoundConfig found) {
  if (found.path.empty()) throw UsageError("no configuration found; --config FILE names one");
  if (found.config.targets.empty()) throw UsageError(fmt::format("{} has no targets", found.path));
  return found;
}

// As whoever checks it can read them.
ExitCode SayGood(const FoundConfig& found) {
  if (const auto& api = found.config.api; api && api->secure()) {
    try {
      http::ReadCertificate(api->tls_certificate, api->tls_key);
    } catch (const std::exception& error) {
      throw UsageError(
          fmt::format("{}: [api] cannot use its certificate: {}", found.path, error.what()),
          "The daemon's user must be able to read both files.");
    }
  }
  PrintNote(fmt::format("{}: {} targets, no mistakes", found.path, found.config.targets.size()));
  return ExitCode::kOk;
}

ExitCode RunCheck(Invocation& invocation) {
  if (invocation.arguments().empty()) return SayGood(Checked(FindConfig(invocation)));
  if (invocation.Has("config")) throw UsageError("either FILE or --config, not both");
  return SayGood(Checked(ReadConfig(invocation.Argument("file"))));
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  FoundConfig found = Checked(FindConfig(invocation));
  const run::Overrides overrides{Setting(invocation, "log-level", config::kLogLevels),
                                 Setting(invocation, "log-format", config::kLogFormats)};
  if (invocation.Has("check")) return SayGood(found);
  run::Daemon(found.path, std::move(found.config), overrides).Run();
  return ExitCode::kOk;
}

}  // namespace

Command RunCommand() {
  return {
      .name = "run",
      .usage = "[options]",
      .summary = "watch the targets of the configuration: the daemon",
      .details =
          "Pushes what is approved, ends what lapsed or expired, cancels statements whose grant "
          "has ended.\n"
          "Any number may run on the same targets. SIGTERM ends it, SIGHUP reads the configuration "
          "again.\n"
          "The log goes to stderr.",
      .options = {{"config", 'c', "FILE", "the configuration (JIT_COORDINATOR_CONFIG)"},
                  {"log-level", 0, "LEVEL", "over the file's (JIT_COORDINATOR_LOG_LEVEL)",
                   config::kLogLevels},
                  {"log-format", 0, "FORM", "over the file's (JIT_COORDINATOR_LOG_FORMAT)",
                   config::kLogFormats},
                  {"check", 0, "", "read the configuration, say what is wrong with it, and end"}},
      .examples = {"jit-coordinator run --config /etc/jit-coordinator.toml"},
      .run = Run};
}

Command ConfigCheckCommand() {
  return {.name = "config check",
          .usage = "[FILE]",
          .summary = "say what is wrong with a configuration",
          .details =
              "Reads the file, and the certificate and key that it names. Without FILE the one "
              "that would be used.",
          .arguments = Arguments::kFile,
          .options = {{"config", 'c', "FILE", "the configuration (JIT_COORDINATOR_CONFIG)"}},
          .examples = {"jit-coordinator config check /etc/jit-coordinator.toml"},
          .run = RunCheck};
}

}  // namespace jit::cli
