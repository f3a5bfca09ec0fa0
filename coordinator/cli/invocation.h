// One call of one command: what was typed, and where the answer goes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/command.h"
#include "core/interval.h"

namespace jit::cli {

// What was typed makes no sense; the message says what would.
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& message,
                      std::string hint = "--help shows what is possible.")
      : std::runtime_error(message), hint_(std::move(hint)) {}
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

// What to say where a command is asked to go through a server and cannot.
std::string NotByServer(const Command& command);
std::string HintByServer();

class Invocation {
 public:
  // Reads the words after the command's name; throws UsageError. Neither option names nor values
  // are guessed.
  Invocation(const Command& command, const std::vector<std::string>& words);

  const Command& command() const { return *command_; }
  const std::vector<std::string>& arguments() const { return arguments_; }

  bool Has(const std::string& option) const { return options_.contains(option); }
  std::optional<std::string> Get(const std::string& option) const;

  // Options in their types; throw UsageError.
  std::optional<core::Interval> Length(const std::string& option) const;
  std::chrono::milliseconds Wait(const std::string& option,
                                 std::chrono::milliseconds fallback) const;
  std::int64_t Integer(const std::string& option, std::int64_t fallback, std::int64_t least,
                       std::int64_t most) const;

  // The arguments as ids of requests, '12 13' or '12,13', each once; throws UsageError where there
  // is none.
  std::vector<std::int64_t> RequestIds() const;
  // The same for another thing that has ids, such as "token".
  std::vector<std::int64_t> Ids(std::string_view thing) const;
  // The only argument.
  std::string Argument(const std::string& what) const;
  void NoArguments() const;

 private:
  void CheckValue(const Option& option, const std::string& value) const;

  const Command* command_;
  std::map<std::string, std::string> options_;
  std::vector<std::string> arguments_;
};

// The command and the words for it: options that all share may stand in front of its name.
struct Located {
  const Command* command;
  std::vector<std::string> words;
};
Located Locate(const std::vector<std::string>& words);

}  // namespace jit::cli
