// `completion`: scripts for bash and zsh, made from the table of commands so that they cannot drift
// from it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "cli/app.h"
#include "cli/invocation.h"
#include "cli/output.h"

namespace jit::cli {
namespace {

// Ids are offered only where the login works without asking; the answer must come quickly or not at
// all.
constexpr const char* kIds =
    "jit-coordinator requests --status {} --limit 100 --output tsv --timeout 2s 2>/dev/null "
    "</dev/null | cut -f1";

constexpr const char* kTokens =
    "jit-coordinator token list --output tsv --timeout 2s 2>/dev/null </dev/null | cut -f1";

std::vector<std::string> FirstWords() {
  std::vector<std::string> words;
  std::set<std::string> seen;
  for (const Command& command : Commands()) {
    const std::string first = command.name.substr(0, command.name.find(' '));
    if (seen.insert(first).second) words.push_back(first);
  }
  return words;
}

std::vector<std::string> SecondWords(const std::string& first) {
  std::vector<std::string> words;
  for (const Command& command : Commands()) {
    if (command.name.starts_with(first + " "))
      words.push_back(command.name.substr(first.size() + 1));
  }
  return words;
}

std::string Join(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string> OptionWords(const Command& command) {
  std::vector<std::string> words{"--help", "-h"};
  for (const Option& option : command.options) {
    words.push_back("--" + option.name);
    if (option.letter != 0) words.push_back(std::string{'-', option.letter});
  }
  return words;
}

// What the shell runs to complete an argument; empty = nothing is known.
std::string BashArguments(const Command& command) {
  switch (command.arguments) {
    case Arguments::kNone:
      return "";
    case Arguments::kRequest:
    case Arguments::kRequests:
      return fmt::format("COMPREPLY=($(compgen -W \"$({})\" -- \"$cur\"))",
                         fmt::format(fmt::runtime(kIds), command.statuses));
    case Arguments::kToken:
      return fmt::format("COMPREPLY=($(compgen -W \"$({})\" -- \"$cur\"))", kTokens);
    case Arguments::kFile:
      return "COMPREPLY=($(compgen -f -- \"$cur\"))";
    case Arguments::kShell:
      return "COMPREPLY=($(compgen -W 'bash zsh' -- \"$cur\"))";
    case Arguments::kTopic:
      return fmt::format("COMPREPLY=($(compgen -W '{} {}' -- \"$cur\"))", Join(FirstWords()),
                         Join(Topics()));
  }
  return "";
}

std::string BashValue(const Option& option) {
  if (option.argument == "FILE") return "COMPREPLY=($(compgen -f -- \"$cur\"))";
  if (option.name == "target")
    return "COMPREPLY=($(compgen -W \"$(jit-coordinator targets --names --timeout 2s "
           "2>/dev/null)\" -- "
           "\"$cur\"))";
  if (!option.values.empty())
    return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", Join(option.values));
  return "COMPREPLY=()";
}

// The body for one command: the value of the option before, an option, or an argument.
std::string BashCommand(const Command& command) {
  std::string out = "      case \"$prev\" in\n";
  for (const Option& option : command.options) {
    if (option.argument.empty()) continue;
    const std::string letter = option.letter == 0 ? "" : fmt::format("|-{}", option.letter);
    out += fmt::format("        --{}{}) {}; return ;;\n", option.name, letter, BashValue(option));
  }
  out += "      esac\n";
  out += fmt::format(
      "      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return; fi\n",
      Join(OptionWords(command)));
  const std::string arguments = BashArguments(command);
  if (!arguments.empty()) out += "      " + arguments + "\n";
  return out;
}

std::string Bash() {
  std::string out =
      "# bash completion for jit-coordinator; made by `jit-coordinator completion bash`\n"
      "_jit_coordinator() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
      "command=${COMP_WORDS[1]}\n"
      "  COMPREPLY=()\n";
  out += fmt::format(
      "  if (( COMP_CWORD == 1 )); then COMPREPLY=($(compgen -W '{} --help --version' -- "
      "\"$cur\")); return; fi\n",
      Join(FirstWords()));
  out += "  case \"$command\" in\n";
  for (const std::string& first : FirstWords()) {
    const auto seconds = SecondWords(first);
    if (seconds.empty()) continue;
    out += fmt::format(
        "    {0}) if (( COMP_CWORD == 2 )){2}; then COMPREPLY=($(compgen -W '{1}' -- \"$cur\")); "
        "return; fi\n"
        "      case \"${{COMP_WORDS[2]}}\" in {3}) command+=\" ${{COMP_WORDS[2]}}\" ;; esac ;;\n",
        first, Join(seconds), FindCommand(first) != nullptr ? " && [[ $cur != -* ]]" : "",
        fmt::format("{}", fmt::join(seconds, "|")));
  }
  out += "  esac\n  case \"$command\" in\n";
  for (const Command& command : Commands()) {
    out += fmt::format("    '{}')\n{}      ;;\n", command.name, BashCommand(command));
  }
  return out + "  esac\n}\ncomplete -o filenames -F _jit_coordinator jit-coordinator\n";
}

// Inside single quotes and, for _arguments, inside brackets.
std::string ZshText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string ZshValue(const Option& option) {
  if (option.argument.empty()) return "";
  if (option.argument == "FILE") return ":FILE:_files";
  if (option.name == "target") return ":TARGET:_jit_coordinator_targets";
  if (!option.values.empty()) return fmt::format(":{}:({})", option.argument, Join(option.values));
  return fmt::format(":{}: ", option.argument);
}

std::string ZshArguments(const Command& command) {
  switch (command.arguments) {
    case Arguments::kNone:
      return "";
    case Arguments::kRequest:
      return fmt::format(" '1:request:_jit_coordinator_ids {}'", command.statuses);
    case Arguments::kRequests:
      return fmt::format(" '*:request:_jit_coordinator_ids {}'", command.statuses);
    case Arguments::kToken:
      return " '*:token:_jit_coordinator_tokens'";
    case Arguments::kFile:
      return " '1:file:_files'";
    case Arguments::kShell:
      return " '1:shell:(bash zsh)'";
    case Arguments::kTopic:
      return fmt::format(" '1:topic:({} {})'", Join(FirstWords()), Join(Topics()));
  }
  return "";
}

std::string ZshCommand(const Command& command) {
  std::string out = "_arguments -s '(-h --help)'{-h,--help}'[show help]'";
  for (const Option& option : command.options) {
    const std::string rest = fmt::format("[{}]{}", ZshText(option.help), ZshValue(option));
    if (option.letter == 0) {
      out += fmt::format(" '--{}{}'", option.name, rest);
    } else {
      out += fmt::format(" '(-{0} --{1})'{{-{0},--{1}}}'{2}'", option.letter, option.name, rest);
    }
  }
  return out + ZshArguments(command);
}

// `words` and CURRENT are moved on, so that _arguments sees the command as if it stood alone.
std::string Zsh() {
  std::string out =
      "#compdef jit-coordinator\n"
      "# zsh completion for jit-coordinator; made by `jit-coordinator completion zsh`\n"
      "_jit_coordinator_ids() {\n  local -a ids\n  ids=(${(f)\"$(";
  out += fmt::format(fmt::runtime(kIds), "$1");
  out +=
      ")\"})\n  compadd -a ids\n}\n"
      "_jit_coordinator_tokens() {\n  local -a ids\n  ids=(${(f)\"$(";
  out += kTokens;
  out +=
      ")\"})\n  compadd -a ids\n}\n"
      "_jit_coordinator_targets() {\n  local -a names\n  names=(${(f)\"$(jit-coordinator targets "
      "--names --timeout 2s 2>/dev/null)\"})\n"
      "  compadd -a names\n}\n"
      "_jit_coordinator() {\n  if (( CURRENT == 2 )); then\n    local -a commands\n    "
      "commands=(\n";
  for (const std::string& first : FirstWords()) {
    const Command* command = FindCommand(first);
    const std::string summary = command != nullptr ? command->summary : Join(SecondWords(first));
    out += fmt::format("      '{}:{}'\n", first, ZshText(summary));
  }
  out +=
      "    )\n    _describe command commands\n    return\n  fi\n  local command=$words[2]\n  local "
      "-i skip=1\n  case $command in\n";
  for (const std::string& first : FirstWords()) {
    const auto seconds = SecondWords(first);
    if (seconds.empty()) continue;
    out += fmt::format(
        "    {0})\n      if (( CURRENT == 3 )){2}; then compadd {1}; return; fi\n"
        "      case $words[3] in {3}) command=\"$command $words[3]\"; skip=2 ;; esac ;;\n",
        first, Join(seconds), FindCommand(first) != nullptr ? " && [[ $words[3] != -* ]]" : "",
        fmt::format("{}", fmt::join(seconds, "|")));
  }
  out += "  esac\n  shift $skip words\n  (( CURRENT -= skip ))\n  case $command in\n";
  for (const Command& command : Commands()) {
    out += fmt::format("    '{}')\n      {} ;;\n", command.name, ZshCommand(command));
  }
  return out +
         "  esac\n}\nif [[ $funcstack[1] == _jit-coordinator ]]; then _jit_coordinator \"$@\"; "
         "else compdef _jit_coordinator jit-coordinator; fi\n";
}

ExitCode Run(Invocation& invocation) {
  const std::string shell = invocation.Argument("the shell (bash or zsh)");
  const std::string script = CompletionFor(shell);
  if (script.empty())
    throw UsageError(fmt::format("no completion for \"{}\", only for bash and zsh", shell));
  Output(invocation).Write(script);
  return ExitCode::kOk;
}

}  // namespace

std::string CompletionFor(const std::string& shell) {
  if (shell == "bash") return Bash();
  if (shell == "zsh") return Zsh();
  return {};
}

Command CompletionCommand() {
  return {.name = "completion",
          .usage = "bash|zsh",
          .summary = "print the completion script for a shell",
          .details =
              "bash: source <(jit-coordinator completion bash)\n"
              "zsh:  source <(jit-coordinator completion zsh), after compinit",
          .arguments = Arguments::kShell,
          .run = Run};
}

}  // namespace jit::cli
