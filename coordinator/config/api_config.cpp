#include "config/api_config.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace jit::config {
namespace {

// "127.0.0.1:8420" or "[::1]:8420": an address, no name, so that it is certain what is bound.
bool ReadListen(const std::string& text, Api& api) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  in6_addr ignored{};
  if (::inet_pton(bracketed ? AF_INET6 : AF_INET, host.c_str(), &ignored) != 1) return false;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + colon + 1, last, api.port);
  if (error != std::errc{} || end != last) return false;
  api.host = std::move(host);
  return true;
}

// As the addresses of connections are written, with which it is compared; none: it is no address.
std::optional<std::string> ReadAddress(const std::string& text) {
  in6_addr bytes{};
  std::array<char, INET6_ADDRSTRLEN> written{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, text.c_str(), &bytes) != 1) continue;
    const std::string address = ::inet_ntop(family, &bytes, written.data(), written.size());
    constexpr std::string_view kMapped = "::ffff:";
    const bool mapped = family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&bytes);
    return mapped ? address.substr(kMapped.size()) : address;
  }
  return std::nullopt;
}

// An address, or one with the length of its network's prefix.
std::optional<std::string> ReadNetwork(const std::string& text) {
  const std::size_t slash = text.find('/');
  auto address = ReadAddress(text.substr(0, slash));
  if (!address || slash == std::string::npos) return address;
  const bool v6 = address->find(':') != std::string::npos;
  int length = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + slash + 1, last, length);
  // Of all addresses there are, 0, nobody means to trust each.
  if (error != std::errc{} || end != last || length < 1 || length > (v6 ? 128 : 32))
    return std::nullopt;
  return *address + text.substr(slash);
}

bool IsOrigin(const std::string& text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  return scheme > 0 && text.size() > scheme && text.find('/', scheme) == std::string::npos &&
         text.find('*') == std::string::npos;
}

void ReadPath(core::TomlReader& in, std::string_view key, std::string& path) {
  path = in.Text(key).value_or(path);
  if (!path.empty() && path.front() != '/')
    in.Fail(key, fmt::format("\"{}\" must be an absolute path", key));
}

}  // namespace

bool IsLoopback(const std::string& host) { return host.starts_with("127.") || host == "::1"; }

Api ReadApi(const toml::table& table, std::vector<core::FileError>& errors) {
  core::TomlReader in(table, errors);
  Api api;
  if (const auto listen = in.String("listen"); listen && !ReadListen(*listen, api)) {
    in.Fail("listen",
            "\"listen\" must be an address and a port: \"127.0.0.1:8420\", \"[::1]:8420\"");
  }
  ReadPath(in, "tls_certificate", api.tls_certificate);
  ReadPath(in, "tls_key", api.tls_key);
  if (api.tls_certificate.empty() != api.tls_key.empty())
    in.Fail("tls_certificate", "\"tls_certificate\" and \"tls_key\" go together");
  api.plaintext_beyond_loopback =
      in.Bool("plaintext_beyond_loopback").value_or(api.plaintext_beyond_loopback);
  if (!IsLoopback(api.host) && !api.secure() && !api.plaintext_beyond_loopback) {
    in.Fail(
        "listen",
        fmt::format("\"listen\" is beyond this machine ({}) and there is no TLS: passwords would "
                    "travel in the clear; set \"tls_certificate\" and \"tls_key\", or "
                    "plaintext_beyond_loopback = true where something else encrypts",
                    api.host));
  }
  api.public_url = in.Text("public_url").value_or("");
  while (!api.public_url.empty() && api.public_url.back() == '/') api.public_url.pop_back();
  if (!api.public_url.empty() && !IsOrigin(api.public_url))
    in.Fail("public_url",
            "\"public_url\" must be a scheme and a host, such as \"https://jit.example\"");
  api.trusted_proxies = in.MaybeStrings("trusted_proxies").value_or(api.trusted_proxies);
  for (std::string& proxy : api.trusted_proxies) {
    auto place = ReadNetwork(proxy);
    if (place) {
      proxy = std::move(*place);
    } else {
      in.Fail("trusted_proxies",
              fmt::format("\"{}\" is no address and no network such as \"10.0.0.0/8\"", proxy));
    }
  }
  api.cors_origins = in.MaybeStrings("cors_origins").value_or(api.cors_origins);
  for (const std::string& origin : api.cors_origins) {
    if (!IsOrigin(origin)) {
      in.Fail("cors_origins",
              fmt::format("\"{}\" is no origin such as \"https://portal.example\"", origin));
    }
  }
  api.max_body = in.Size("max_body").value_or(api.max_body);
  api.max_header = in.Size("max_header").value_or(api.max_header);
  if (api.max_body > 64 * 1024 * 1024) in.Fail("max_body", "\"max_body\" is at most 64MiB");
  if (api.max_header > 1024 * 1024) in.Fail("max_header", "\"max_header\" is at most 1MiB");
  api.max_rows = in.Integer("max_rows", 1, 1'000'000'000).value_or(api.max_rows);
  api.max_bytes = in.Size("max_bytes").value_or(api.max_bytes);
  api.statement_timeout = in.Wait("statement_timeout").value_or(api.statement_timeout);
  api.idle_timeout = in.Wait("idle_timeout").value_or(api.idle_timeout);
  api.session_lifetime = in.Wait("session_lifetime").value_or(api.session_lifetime);
  api.sessions_per_user =
      in.Integer("sessions_per_user", 1, 10'000).value_or(api.sessions_per_user);
  api.login_attempts = in.Integer("login_attempts", 1, 100'000).value_or(api.login_attempts);
  api.client_timeout = in.Wait("client_timeout").value_or(api.client_timeout);
  api.max_connections = in.Integer("max_connections", 1, 1'000'000).value_or(api.max_connections);
  api.event_streams_per_user =
      in.Integer("event_streams_per_user", 1, 100'000).value_or(api.event_streams_per_user);
  api.metrics_for_everyone = in.OneOf("metrics", {"loopback", "everyone"}) == "everyone";
  in.Finish();
  return api;
}

}  // namespace jit::config
