#include "pg/conninfo.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>

#include "pg/error.h"

namespace jit::pg {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
struct FreeText {
  void operator()(char* text) const { PQfreemem(text); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

// The options, or libpq's message. The message repeats what it could not read, and that may be a
// password: only its first words are kept.
std::pair<Options, std::string> Read(const std::string& conninfo) {
  char* raw = nullptr;
  Options options(PQconninfoParse(conninfo.c_str(), &raw));
  const std::unique_ptr<char, FreeText> message(raw);
  if (options) return {std::move(options), std::string()};
  std::string text = message ? message.get() : "out of memory";
  if (const auto quoted = text.find('"'); quoted != std::string::npos) text.resize(quoted);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return {Options(), text};
}

}  // namespace

std::optional<std::string> CheckConninfo(const std::string& conninfo) {
  if (!LooksLikeConninfo(conninfo)) {
    return "\"conninfo\" must be a connection string such as \"host=db1 dbname=shop\"";
  }
  const auto [options, message] = Read(conninfo);
  if (!options) return fmt::format("\"conninfo\" cannot be read: {}", message);
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val == nullptr) continue;
    const std::string_view keyword = o->keyword;
    if (keyword == "password" || keyword == "sslpassword") {
      return fmt::format(
          "\"conninfo\" holds a {}: use a password file, a service file or a certificate", keyword);
    }
  }
  return std::nullopt;
}

bool LooksLikeConninfo(std::string_view text) {
  return text.find('=') != std::string_view::npos || text.find("://") != std::string_view::npos;
}

Parameters ParseConninfo(const std::string& conninfo) {
  const auto [options, message] = Read(conninfo);
  if (!options)
    throw Error::OfConnection(fmt::format("connection string cannot be read: {}", message));
  Parameters parameters;
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val != nullptr) parameters.push_back({o->keyword, o->val});
  }
  return parameters;
}

void Set(Parameters& parameters, std::string_view keyword, std::string value) {
  Unset(parameters, keyword);
  parameters.push_back({std::string(keyword), std::move(value)});
}

void Unset(Parameters& parameters, std::string_view keyword) {
  std::erase_if(parameters, [&](const Parameter& p) { return p.keyword == keyword; });
}

std::string Describe(const Parameters& parameters) {
  static constexpr std::array kShown{"service", "host", "hostaddr", "port", "dbname", "user"};
  std::string out;
  for (const Parameter& parameter : parameters) {
    if (std::find(kShown.begin(), kShown.end(), parameter.keyword) == kShown.end()) continue;
    if (!out.empty()) out += ' ';
    out += parameter.keyword + "=" + parameter.value;
  }
  return out;
}

}  // namespace jit::pg
