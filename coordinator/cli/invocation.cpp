#include "cli/invocation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

#include "core/suggest.h"

namespace jit::cli {
namespace {

namespace po = boost::program_options;

po::options_description Describe(const Command& command) {
  po::options_description description;
  for (const Option& option : command.options) {
    const std::string names =
        option.letter == 0 ? option.name : fmt::format("{},{}", option.name, option.letter);
    if (option.argument.empty()) {
      description.add_options()(names.c_str(), "");
    } else {
      description.add_options()(names.c_str(), po::value<std::string>(), "");
    }
  }
  description.add_options()("help,h", "");
  return description;
}

std::vector<std::string> OptionNames(const Command& command) {
  std::vector<std::string> names{"help"};
  for (const Option& option : command.options) names.push_back(option.name);
  return names;
}

// Whether the next word belongs to this one: an option with an argument that it does not hold
// itself.
bool TakesNext(const std::string& word) {
  std::vector<Option> shared = ConnectionOptions();
  for (auto* more : {+OutputOptions, +ServerOptions}) {
    for (Option& option : more()) shared.push_back(std::move(option));
  }
  for (const Option& option : shared) {
    if (option.argument.empty()) continue;
    if (word == "--" + option.name ||
        (option.letter != 0 && word == std::string{'-', option.letter}))
      return true;
  }
  return false;
}

std::int64_t ParseId(std::string_view text, std::string_view thing) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id < 1) {
    throw UsageError(fmt::format("\"{}\" is not the id of a {}", text, thing));
  }
  return id;
}

}  // namespace

std::string NotByServer(const Command& command) {
  return fmt::format("{} does not go through a server", command.name);
}

std::string HintByServer() {
  std::vector<std::string> able;
  for (const Command& command : Commands()) {
    if (command.by_server) able.push_back(command.name);
  }
  return fmt::format("Those that do: {}.", fmt::join(able, ", "));
}

Invocation::Invocation(const Command& command, const std::vector<std::string>& words)
    : command_(&command) {
  po::options_description known = Describe(command);
  po::options_description all;
  all.add(known).add_options()("argument", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("argument", -1);
  const int style = po::command_line_style::unix_style ^ po::command_line_style::allow_guessing;
  try {
    const auto parsed =
        po::command_line_parser(words).options(all).positional(positional).style(style).run();
    for (const auto& option : parsed.options) {
      if (option.string_key == "argument") {
        arguments_.insert(arguments_.end(), option.value.begin(), option.value.end());
        continue;
      }
      const std::string value = option.value.empty() ? "" : option.value.front();
      if (!options_.emplace(option.string_key, value).second && !value.empty()) {
        throw UsageError(fmt::format("--{} is given twice", option.string_key));
      }
    }
  } catch (const po::unknown_option& error) {
    std::string name = error.get_option_name();
    name.erase(0, name.find_first_not_of('-'));
    for (const Option& option : ServerOptions()) {
      if (name == option.name) throw UsageError(NotByServer(command), HintByServer());
    }
    throw UsageError(fmt::format("unknown option {}{}", error.get_option_name(),
                                 core::DidYouMean(name, OptionNames(command))));
  } catch (const po::error& error) {
    throw UsageError(error.what());
  }
  for (const Option& option : command.options) {
    if (const auto value = Get(option.name)) CheckValue(option, *value);
  }
}

void Invocation::CheckValue(const Option& option, const std::string& value) const {
  if (option.values.empty() || option.argument.empty()) return;
  if (std::find(option.values.begin(), option.values.end(), value) != option.values.end()) return;
  throw UsageError(fmt::format("--{} must be one of {}{}", option.name,
                               fmt::join(option.values, ", "),
                               core::DidYouMean(value, option.values)));
}

std::optional<std::string> Invocation::Get(const std::string& option) const {
  const auto found = options_.find(option);
  return found == options_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<core::Interval> Invocation::Length(const std::string& option) const {
  const auto text = Get(option);
  if (!text) return std::nullopt;
  const auto length = core::ParseInterval(*text);
  if (!length) {
    throw UsageError(
        fmt::format("--{} must be a length of time such as 30m, 1h30m or '2 hours'", option));
  }
  return length;
}

std::chrono::milliseconds Invocation::Wait(const std::string& option,
                                           std::chrono::milliseconds fallback) const {
  const auto text = Get(option);
  if (!text) return fallback;
  const auto wait = core::ParseWait(*text);
  if (!wait)
    throw UsageError(fmt::format("--{} must be a length of time such as 5s or 500ms", option));
  return *wait;
}

std::int64_t Invocation::Integer(const std::string& option, std::int64_t fallback,
                                 std::int64_t least, std::int64_t most) const {
  const auto text = Get(option);
  if (!text) return fallback;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < least ||
      number > most) {
    throw UsageError(fmt::format("--{} must be a number from {} to {}", option, least, most));
  }
  return number;
}

std::vector<std::int64_t> Invocation::RequestIds() const { return Ids("request"); }

std::vector<std::int64_t> Invocation::Ids(std::string_view thing) const {
  std::vector<std::int64_t> ids;
  for (const std::string& argument : arguments_) {
    for (std::string_view rest = argument; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::int64_t id = ParseId(rest.substr(0, comma), thing);
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  if (ids.empty())
    throw UsageError(fmt::format("which {0}? Give its id; `jit-coordinator {1}` lists them", thing,
                                 thing == "request" ? "requests" : "token list"));
  return ids;
}

std::string Invocation::Argument(const std::string& what) const {
  if (arguments_.size() == 1) return arguments_.front();
  throw UsageError(arguments_.empty() ? fmt::format("{} is missing", what)
                                      : fmt::format("only one {} is expected", what));
}

void Invocation::NoArguments() const {
  if (!arguments_.empty())
    throw UsageError(fmt::format("unexpected argument \"{}\"", arguments_.front()));
}

Located Locate(const std::vector<std::string>& words) {
  std::size_t at = 0;
  while (at < words.size() && words[at].size() > 1 && words[at].front() == '-') {
    if (words[at] == "--help" || words[at] == "-h" || words[at] == "--version") break;
    at += TakesNext(words[at]) ? 2 : 1;
  }
  if (at >= words.size())
    throw UsageError("what is to be done?", "`jit-coordinator help` lists the commands.");
  std::vector<std::string> rest(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at));
  if (at + 1 < words.size()) {
    if (const Command* command = FindCommand(words[at] + " " + words[at + 1])) {
      rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(at) + 2, words.end());
      return {command, std::move(rest)};
    }
  }
  rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
  if (const Command* command = FindCommand(words[at])) return {command, std::move(rest)};

  std::vector<std::string> names;
  std::vector<std::string> seconds;
  for (const Command& command : Commands()) {
    names.push_back(command.name);
    if (command.name.starts_with(words[at] + " "))
      seconds.push_back(command.name.substr(words[at].size() + 1));
  }
  if (!seconds.empty()) {
    throw UsageError(
        fmt::format("\"{}\" is followed by one of {}", words[at], fmt::join(seconds, ", ")));
  }
  throw UsageError(
      fmt::format("unknown command \"{}\"{}", words[at], core::DidYouMean(words[at], names)));
}

}  // namespace jit::cli
