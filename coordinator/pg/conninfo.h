// Connection strings: checked, completed and shown without secrets, by libpq's own parser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jit::pg {

// Keyword and value, in the order in which libpq reads them: a later one overrides an earlier one.
struct Parameter {
  std::string keyword;
  std::string value;
};
using Parameters = std::vector<Parameter>;

// What is wrong with a connection string of a configuration: its syntax, or a password in it.
std::optional<std::string> CheckConninfo(const std::string& conninfo);

// Whether the text is a connection string and not a bare name.
bool LooksLikeConninfo(std::string_view text);

// As parameters; throws Error where the string is malformed.
Parameters ParseConninfo(const std::string& conninfo);

void Set(Parameters& parameters, std::string_view keyword, std::string value);
void Unset(Parameters& parameters, std::string_view keyword);

// For logs and messages: 'host=db1 dbname=shop', nothing secret.
std::string Describe(const Parameters& parameters);

}  // namespace jit::pg
