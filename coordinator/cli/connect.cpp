#include "cli/connect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/output.h"
#include "cli/server.h"
#include "core/text.h"

namespace jit::cli {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{10'000};

const char* Environment(const char* name) { return std::getenv(name); }

bool FileExists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Not shown while typed. No value where nobody can be asked.
std::optional<std::string> AskPassword(const std::string& user) {
  std::FILE* terminal = std::fopen("/dev/tty", "r+e");
  if (terminal == nullptr) return std::nullopt;
  const int fd = ::fileno(terminal);
  termios before{};
  ::tcgetattr(fd, &before);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  fmt::print(terminal, "Password for {}: ", core::EscapeForTerminal(user));
  std::fflush(terminal);
  ::tcsetattr(fd, TCSAFLUSH, &silent);
  std::string password;
  int c = 0;
  while ((c = std::fgetc(terminal)) != EOF && c != '\n') password += static_cast<char>(c);
  ::tcsetattr(fd, TCSAFLUSH, &before);
  std::fputs("\n", terminal);
  std::fclose(terminal);
  return c == EOF ? std::nullopt : std::optional(password);
}

// A target's name, a connection string, or nothing.
std::string Where(const Invocation& invocation) {
  if (const auto named = invocation.Get("target"); named && !named->empty()) return *named;
  const char* variable = std::getenv("JIT_TARGET");
  return variable == nullptr ? "" : variable;
}

void SetLogin(const Invocation& invocation, pg::Parameters& parameters) {
  if (const auto user = invocation.Get("user")) pg::Set(parameters, "user", *user);
  pg::Set(parameters, "fallback_application_name", "jit-coordinator-cli");
}

}  // namespace

FoundConfig FindConfig(const Invocation& invocation) {
  std::optional<std::string> path = invocation.Get("config");
  if (!path) path = config::DefaultPath(Environment, FileExists);
  return path ? ReadConfig(*path) : FoundConfig{};
}

FoundConfig ReadConfig(const std::string& path) {
  config::Loaded loaded = config::Load(path);
  if (!loaded.errors.empty()) {
    std::vector<std::string> lines;
    for (const auto& error : loaded.errors) lines.push_back(core::FormatFileError(path, error));
    throw UsageError(fmt::format("{}", fmt::join(lines, "\n")), "");
  }
  return {path, std::move(loaded.config)};
}

pg::Parameters ParametersOf(const Invocation& invocation, const config::Target& target) {
  pg::Parameters parameters = pg::ParseConninfo(target.conninfo);
  pg::Unset(parameters, "user");
  SetLogin(invocation, parameters);
  return parameters;
}

std::string TargetName(const Invocation& invocation) {
  const std::string where = Where(invocation);
  return pg::LooksLikeConninfo(where) ? "" : where;
}

pg::Parameters ParametersOf(const Invocation& invocation) {
  RequireNoServer(invocation);
  const std::string where = Where(invocation);
  if (where.empty() || pg::LooksLikeConninfo(where)) {
    pg::Parameters parameters = pg::ParseConninfo(where);
    SetLogin(invocation, parameters);
    return parameters;
  }
  const FoundConfig found = FindConfig(invocation);
  if (const config::Target* target = found.config.Find(where))
    return ParametersOf(invocation, *target);
  if (found.path.empty()) {
    throw UsageError(fmt::format(
        "no configuration that would name the target \"{0}\"; for a database of that name "
        "say -d dbname={0}",
        where));
  }
  throw UsageError(fmt::format(
      "{1} has no target \"{0}\" (`jit-coordinator targets` lists them); for a database "
      "of that name say -d dbname={0}",
      where, found.path));
}

std::unique_ptr<pg::Session> Connect(const Invocation& invocation, pg::Parameters parameters,
                                     std::chrono::milliseconds timeout) {
  timeout = invocation.Wait("timeout", timeout);
  const auto connect_timeout = std::min(timeout, kConnectTimeout);
  std::optional<pg::Error> refused;
  try {
    auto session = std::make_unique<pg::Session>(parameters, connect_timeout, timeout);
    session->connection().OnNotice(PrintNotice);
    return session;
  } catch (const pg::Error& error) {
    if (!error.fields().needs_password || !StdinIsTerminal()) throw;
    refused = error;
  }
  std::string user;
  for (const pg::Parameter& parameter : parameters) {
    if (parameter.keyword == "user") user = parameter.value;
  }
  if (user.empty() && std::getenv("PGUSER") != nullptr) user = std::getenv("PGUSER");
  const auto password = AskPassword(user.empty() ? "the database" : user);
  if (!password) throw *refused;
  pg::Set(parameters, "password", *password);
  auto session = std::make_unique<pg::Session>(parameters, connect_timeout, timeout);
  session->connection().OnNotice(PrintNotice);
  return session;
}

Database Open(const Invocation& invocation, std::chrono::milliseconds timeout) {
  Database database{Connect(invocation, ParametersOf(invocation), timeout), {}};
  const pg::Result found = database.session->Query(
      "SELECT pg_catalog.quote_ident(n.nspname) AS schema FROM pg_catalog.pg_extension e"
      " JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'jit_access'");
  if (found.empty()) {
    throw pg::Error(pg::Error::Kind::kStatement,
                    {"",
                     fmt::format("the database \"{}\" does not have the extension jit_access",
                                 database.session->connection().database()),
                     "",
                     "Is it the right database? -d names another; `jit-coordinator doctor` looks "
                     "into this one.",
                     false});
  }
  database.schema = found.TextOr(0, "schema");
  return database;
}

std::optional<std::string> IntervalValue(const std::optional<core::Interval>& interval) {
  if (!interval) return std::nullopt;
  return fmt::format("{} months {} days {} microseconds", interval->months, interval->days,
                     interval->micros);
}

}  // namespace jit::cli
