// The table of commands, from which parsing, help and completion are made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/exit_code.h"

namespace jit::cli {

using core::ExitCode;
class Invocation;

struct Option {
  std::string name;
  char letter = 0;       // 0 = only the long form
  std::string argument;  // empty = a switch
  std::string help;
  std::vector<std::string> values = {};  // what the argument may be, where that is a fixed list
};

// What a command's arguments are; completion asks.
enum class Arguments { kNone, kRequest, kRequests, kToken, kFile, kShell, kTopic };

struct Command {
  std::string name = {};  // of one word or two
  std::string usage = {};
  std::string summary = {};
  std::string details = {};
  Arguments arguments = Arguments::kNone;
  std::string statuses = {};  // of the requests that completion offers
  bool by_server = false;     // --server works
  std::vector<Option> options = {};
  std::vector<std::string> examples = {};
  ExitCode (*run)(Invocation&) = nullptr;
};

const std::vector<Command>& Commands();
const Command* FindCommand(std::string_view name);

// Options that several commands share.
std::vector<Option> ConnectionOptions();
std::vector<Option> OutputOptions();
std::vector<Option> WatchOptions();
std::vector<Option> ServerOptions();

// Gives a command the options of Output, Server and Connection: it can go through a server.
void AddOptionsOfEitherWay(Command& command);

// One file each.
Command RequestsCommand();
Command ShowCommand();
Command ApproveCommand();
Command DenyCommand();
Command RevokeCommand();
Command ReviewCommand();
Command RequestCommand();
Command CancelCommand();
Command ExtendCommand();
Command GrantsCommand();
Command PolicyListCommand();
Command PolicyDiffCommand();
Command PolicyApplyCommand();
Command AuditCommand();
Command AuditVerifyCommand();
Command ReportCommand();
Command TokenCreateCommand();
Command TokenListCommand();
Command TokenRevokeCommand();
Command TargetsCommand();
Command DoctorCommand();
Command RunCommand();
Command ConfigCheckCommand();
Command CompletionCommand();
Command VersionCommand();
Command HelpCommand();

}  // namespace jit::cli
