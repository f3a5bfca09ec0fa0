#include "core/toml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/interval.h"
#include "core/size.h"
#include "core/suggest.h"

namespace jit::core {

std::string FormatFileError(std::string_view file, const FileError& error) {
  if (error.line == 0) return fmt::format("{}: {}", file, error.message);
  return fmt::format("{}:{}: {}", file, error.line, error.message);
}

std::optional<toml::table> ParseToml(std::string_view text, std::vector<FileError>& errors) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    errors.push_back({error.source().begin.line, std::string(error.description())});
    return std::nullopt;
  }
}

const toml::node* TomlReader::Take(std::string_view key) {
  known_.emplace_back(key);
  return table_.get(key);
}

void TomlReader::FailType(const toml::node& node, std::string_view key, std::string_view wanted) {
  errors_.push_back({node.source().begin.line, fmt::format("\"{}\" must be {}", key, wanted)});
}

void TomlReader::Fail(std::string_view key, std::string message) {
  const toml::node* node = table_.get(key);
  errors_.push_back({node != nullptr ? node->source().begin.line : Line(), std::move(message)});
}

std::optional<std::string> TomlReader::String(std::string_view key) {
  auto value = Text(key);
  if (value && value->empty()) {
    Fail(key, fmt::format("\"{}\" must be a string that is not empty", key));
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> TomlReader::Text(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  auto value = node->value_exact<std::string>();
  if (!value) {
    FailType(*node, key, "a string");
  } else if (value->find('\0') != std::string::npos) {
    FailType(*node, key, "a string without a zero byte");
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> TomlReader::Integer(std::string_view key, std::int64_t least,
                                                std::int64_t most) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < least || *value > most) {
    FailType(*node, key, fmt::format("a whole number from {} to {}", least, most));
    return std::nullopt;
  }
  return value;
}

std::optional<bool> TomlReader::Bool(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<bool>();
  if (!value) FailType(*node, key, "true or false");
  return value;
}

std::optional<std::vector<std::string>> TomlReader::Strings(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* array = node->as_array();
  if (array == nullptr || array->empty()) {
    FailType(*node, key,
             "a list of strings with at least one entry (leave the key out for \"any\")");
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (const toml::node& item : *array) {
    const auto value = item.value_exact<std::string>();
    if (!value || value->empty()) {
      FailType(item, key, "a list of strings");
      return std::nullopt;
    }
    out.push_back(*value);
  }
  return out;
}

std::optional<std::vector<std::string>> TomlReader::MaybeStrings(std::string_view key) {
  const toml::array* array = table_.contains(key) ? table_.get(key)->as_array() : nullptr;
  if (array == nullptr || !array->empty()) return Strings(key);
  Take(key);
  return std::vector<std::string>{};
}

std::optional<std::int64_t> TomlReader::Size(std::string_view key) {
  const auto value = String(key);
  if (!value) return std::nullopt;
  const auto size = ParseSize(*value);
  if (!size) Fail(key, fmt::format("\"{}\" must be a size such as \"64KiB\" or \"1MiB\"", key));
  return size;
}

std::optional<std::string> TomlReader::OneOf(std::string_view key,
                                             const std::vector<std::string>& allowed) {
  auto value = String(key);
  if (value && std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
    Fail(key, fmt::format("\"{}\" must be one of {}", key, fmt::join(allowed, ", ")));
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> TomlReader::Length(std::string_view key) {
  auto value = String(key);
  if (!value) return std::nullopt;
  const auto interval = ParseInterval(*value);
  if (!interval || *interval == Interval{}) {
    Fail(key,
         fmt::format("\"{}\" must be a length of time such as \"30 minutes\" or \"1h30m\"", key));
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::milliseconds> TomlReader::Wait(std::string_view key) {
  const auto value = String(key);
  if (!value) return std::nullopt;
  const auto wait = ParseWait(*value);
  if (!wait)
    Fail(key, fmt::format("\"{}\" must be a length of time such as \"10s\" or \"500ms\"", key));
  return wait;
}

std::optional<std::chrono::milliseconds> TomlReader::WaitOrNever(std::string_view key) {
  const auto value = String(key);
  if (!value) return std::nullopt;
  if (*value == "0" || *value == "0s") return std::chrono::milliseconds{0};
  const auto wait = ParseWait(*value);
  if (!wait)
    Fail(key,
         fmt::format("\"{}\" must be a length of time such as \"5m\", or \"0\" for never", key));
  return wait;
}

const toml::table* TomlReader::Table(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return nullptr;
  if (node->as_table() == nullptr) FailType(*node, key, "a table");
  return node->as_table();
}

const toml::array* TomlReader::TableArray(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return nullptr;
  if (!node->is_array_of_tables()) {
    FailType(*node, key, fmt::format("an array of tables: [[{}]]", key));
    return nullptr;
  }
  return node->as_array();
}

void TomlReader::Finish() {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      errors_.push_back({key.source().begin.line,
                         fmt::format("unknown key \"{}\"{}", name, DidYouMean(name, known_))});
    }
  }
}

}  // namespace jit::core
