// `help`, `version` and --help, all from the table of commands.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libpq-fe.h>

#include <algorithm>

#include "cli/app.h"
#include "cli/invocation.h"
#include "cli/output.h"
#include "core/suggest.h"

namespace jit::cli {
namespace {

std::string Spelling(const Option& option) {
  std::string out = option.letter == 0 ? "    " : fmt::format("-{}, ", option.letter);
  out += "--" + option.name;
  if (!option.argument.empty()) out += " " + option.argument;
  return out;
}

std::string Indented(const std::string& text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

std::vector<std::string> HelpWords() {
  std::vector<std::string> words = Topics();
  for (const Command& command : Commands()) words.push_back(command.name);
  return words;
}

ExitCode RunHelp(Invocation& invocation) {
  const Output output(invocation);
  if (invocation.arguments().empty()) {
    output.Write(Overview());
    return ExitCode::kOk;
  }
  const std::string name = fmt::format("{}", fmt::join(invocation.arguments(), " "));
  if (const Command* command = FindCommand(name)) {
    output.Write(HelpFor(*command));
    return ExitCode::kOk;
  }
  const std::string topic = Topic(name);
  if (topic.empty()) {
    throw UsageError(fmt::format("no help on \"{}\"{}", name, core::DidYouMean(name, HelpWords())));
  }
  output.Write(topic);
  return ExitCode::kOk;
}

ExitCode RunVersion(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const int libpq = PQlibVersion();
  if (output.form() == Form::kJson) {
    output.Print(core::Json{{"version", JIT_VERSION},
                            {"libpq", fmt::format("{}.{}", libpq / 10000, libpq % 10000)}});
  } else {
    output.Write(fmt::format("jit-coordinator {} (libpq {}.{})\n", JIT_VERSION, libpq / 10000,
                             libpq % 10000));
  }
  return ExitCode::kOk;
}

}  // namespace

std::string HelpFor(const Command& command) {
  std::string out =
      fmt::format("jit-coordinator {}: {}\n\nusage: jit-coordinator {} {}\n\n{}\n", command.name,
                  command.summary, command.name, command.usage, Indented(command.details));
  std::vector<Option> options = command.options;
  options.push_back({"help", 'h', "", "show this"});
  std::size_t width = 0;
  for (const Option& option : options) width = std::max(width, Spelling(option).size());
  out += "\noptions:\n";
  for (const Option& option : options) {
    out += fmt::format("  {:<{}}  {}\n", Spelling(option), width, option.help);
    if (option.values.size() > 3)
      out += fmt::format("  {:<{}}  ({})\n", "", width, fmt::join(option.values, ", "));
  }
  if (!command.examples.empty()) {
    out += "\nexamples:\n";
    for (const std::string& example : command.examples) out += fmt::format("  {}\n", example);
  }
  return out;
}

std::string Overview() {
  std::string out =
      "jit-coordinator: just-in-time access to PostgreSQL, for approvers and as a daemon\n\n"
      "usage: jit-coordinator COMMAND [options]\n\ncommands:\n";
  std::size_t width = 0;
  for (const Command& command : Commands()) width = std::max(width, command.name.size());
  for (const Command& command : Commands()) {
    out += fmt::format("  {:<{}}  {}\n", command.name, width, command.summary);
  }
  out += fmt::format(
      "\n`jit-coordinator COMMAND --help` explains a command, `jit-coordinator help TOPIC` one of: "
      "{}.\n",
      fmt::join(Topics(), ", "));
  return out;
}

Command VersionCommand() {
  return {.name = "version",
          .usage = "",
          .summary = "show the version",
          .details = "The extension's own version: `jit-coordinator doctor`.",
          .options = {{"json", 0, "", "as JSON"}},
          .run = RunVersion};
}

Command HelpCommand() {
  return {.name = "help",
          .usage = "[COMMAND | TOPIC]",
          .summary = "explain a command or a topic",
          .details = fmt::format("Topics: {}.", fmt::join(Topics(), ", ")),
          .arguments = Arguments::kTopic,
          .run = RunHelp};
}

}  // namespace jit::cli
