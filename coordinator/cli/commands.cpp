#include "cli/command.h"

#include <algorithm>

namespace jit::cli {

std::vector<Option> ConnectionOptions() {
  return {
      {"target", 'd', "TARGET", "target of the configuration, or a connection string (JIT_TARGET)"},
      {"user", 'U', "ROLE", "log in as this role (PGUSER)"},
      {"config", 'c', "FILE", "configuration that names the targets (JIT_COORDINATOR_CONFIG)"},
      {"timeout", 0, "TIME", "longest wait for an answer of the database (30s)"},
  };
}

std::vector<Option> OutputOptions() {
  return {
      {"output",
       'o',
       "FORM",
       "table, tsv or json; table on a terminal, otherwise tsv",
       {"table", "tsv", "json"}},
      {"json", 0, "", "the same as --output json"},
  };
}

std::vector<Option> WatchOptions() {
  return {
      {"watch", 'w', "", "show again on every change, until Ctrl-C; with --json one line a change"},
      {"interval", 0, "TIME", "with --watch, show again at least this often (2s)"},
  };
}

std::vector<Option> ServerOptions() {
  return {
      {"server", 0, "URL", "ask this server's API instead of a database (JIT_SERVER)"},
      {"token-file", 0, "FILE", "with --server: file with the token to log in by (JIT_TOKEN)"},
      {"ca-file", 0, "FILE", "with --server: certificates to trust instead of the system's"},
      {"insecure-http", 0, "", "with --server: send the token in plain text beyond this machine"},
  };
}

void AddOptionsOfEitherWay(Command& command) {
  command.by_server = true;
  for (auto* more : {+OutputOptions, +ServerOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
}

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands{
      RequestCommand(),     RequestsCommand(),  ShowCommand(),        ApproveCommand(),
      DenyCommand(),        CancelCommand(),    ExtendCommand(),      RevokeCommand(),
      ReviewCommand(),      GrantsCommand(),    PolicyListCommand(),  PolicyDiffCommand(),
      PolicyApplyCommand(), AuditCommand(),     AuditVerifyCommand(), ReportCommand(),
      TokenCreateCommand(), TokenListCommand(), TokenRevokeCommand(), TargetsCommand(),
      DoctorCommand(),      RunCommand(),       ConfigCheckCommand(), CompletionCommand(),
      VersionCommand(),     HelpCommand(),
  };
  return commands;
}

const Command* FindCommand(std::string_view name) {
  const auto& all = Commands();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Command& c) { return c.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace jit::cli
