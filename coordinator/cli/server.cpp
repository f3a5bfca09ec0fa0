#include "cli/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cli/connect.h"
#include "client/token.h"

namespace jit::cli {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Token(const Invocation& invocation) {
  if (const auto file = invocation.Get("token-file")) return client::ReadTokenFile(*file);
  const std::string variable = Environment("JIT_TOKEN");
  if (variable.empty()) {
    throw UsageError("a server wants a token: JIT_TOKEN, or --token-file FILE",
                     "`jit-coordinator token create NAME --scope read`, logged in to the "
                     "database, makes one.");
  }
  return client::TokenOf(variable, "JIT_TOKEN");
}

// It becomes a header.
std::string Target(const Invocation& invocation) {
  const std::string name = TargetName(invocation);
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!printable) throw UsageError("--target must be the name of one of the server's targets");
  return name;
}

}  // namespace

std::optional<std::string> ServerAddress(const Invocation& invocation) {
  if (!invocation.command().by_server) return std::nullopt;
  const std::string address = invocation.Get("server").value_or(Environment("JIT_SERVER"));
  if (!address.empty()) return address;
  for (const char* option : {"token-file", "ca-file", "insecure-http"}) {
    if (invocation.Has(option)) throw UsageError(fmt::format("--{} goes with --server", option));
  }
  return std::nullopt;
}

std::unique_ptr<client::Api> OpenServer(const Invocation& invocation, const std::string& address) {
  client::ParsedUrl parsed = client::ParseServerUrl(address);
  if (!parsed.problem.empty()) throw UsageError(parsed.problem);
  if (invocation.Has("user"))
    throw UsageError("--user is for a database; for a server the token says who you are");
  if (!parsed.url.secure && !parsed.url.loopback && !invocation.Has("insecure-http")) {
    throw UsageError("http:// would show the token to everybody on the way",
                     "Use https://. --insecure-http sends it nevertheless.");
  }
  const std::string target = Target(invocation);
  client::HttpSettings settings;
  settings.url = std::move(parsed.url);
  settings.token = Token(invocation);
  settings.ca_file = invocation.Get("ca-file").value_or("");
  settings.timeout = invocation.Wait("timeout", kQueryTimeout);
  return std::make_unique<client::Api>(std::move(settings), target);
}

void RequireNoServer(const Invocation& invocation) {
  if (invocation.command().by_server || Environment("JIT_SERVER").empty()) return;
  throw UsageError(NotByServer(invocation.command()) + ", and JIT_SERVER names one",
                   fmt::format("With JIT_SERVER empty it goes to the database itself: "
                               "JIT_SERVER= jit-coordinator {}",
                               invocation.command().name));
}

}  // namespace jit::cli
