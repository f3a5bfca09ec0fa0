// Reading a TOML table strictly: each key asked for by name and type, every other key refused, with
// its line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#ifndef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 0
#endif
#include <toml++/toml.h>

namespace jit::core {

struct FileError {
  std::size_t line = 0;  // 0 = the file as a whole
  std::string message;
};

// "policies.toml:12: message", as compilers write it.
std::string FormatFileError(std::string_view file, const FileError& error);

// A table, or nothing and the syntax error appended.
std::optional<toml::table> ParseToml(std::string_view text, std::vector<FileError>& errors);

class TomlReader {
 public:
  // Both must outlive the reader. The errors found are appended in the order of the calls.
  TomlReader(const toml::table& table, std::vector<FileError>& errors)
      : table_(table), errors_(errors) {}

  std::optional<std::string> String(std::string_view key);
  // Also an empty one: a way to say "none".
  std::optional<std::string> Text(std::string_view key);
  std::optional<std::int64_t> Integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<bool> Bool(std::string_view key);
  // An empty list is refused: leaving the key out is how "any" is said.
  std::optional<std::vector<std::string>> Strings(std::string_view key);
  // The same, but an empty one means none.
  std::optional<std::vector<std::string>> MaybeStrings(std::string_view key);
  // A size such as "64KiB" or "1MiB", more than zero; in bytes.
  std::optional<std::int64_t> Size(std::string_view key);
  std::optional<std::string> OneOf(std::string_view key, const std::vector<std::string>& allowed);
  // A length of time in PostgreSQL's or our short form; given back as written.
  std::optional<std::string> Length(std::string_view key);
  // A wait of our own, more than zero.
  std::optional<std::chrono::milliseconds> Wait(std::string_view key);
  // The same, or "0" for never.
  std::optional<std::chrono::milliseconds> WaitOrNever(std::string_view key);
  const toml::table* Table(std::string_view key);
  const toml::array* TableArray(std::string_view key);

  // To be called last: refuses the keys nobody asked for.
  void Finish();

  void Fail(std::string_view key, std::string message);
  std::size_t Line() const { return table_.source().begin.line; }

 private:
  const toml::node* Take(std::string_view key);
  void FailType(const toml::node& node, std::string_view key, std::string_view wanted);

  const toml::table& table_;
  std::vector<FileError>& errors_;
  std::vector<std::string> known_;
};

}  // namespace jit::core
