#include "api/origin.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>

namespace jit::api {
namespace {

// Without the port; an IPv6 address without its brackets.
std::string_view NameOf(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, std::min(host.find(':'), host.size()));
}

bool IsAddress(const std::string& name) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

std::string MachineName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string_view HostOfUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return NameOf(scheme == std::string_view::npos ? url : url.substr(scheme + 3));
}

}  // namespace

bool OriginIsOurs(const http::Request& request, const config::Api& settings) {
  const auto origin = request.headers.Get("origin");
  if (!origin) return true;
  if (!settings.public_url.empty() && *origin == settings.public_url) return true;
  const auto host = request.headers.Get("host");
  return host && *origin == fmt::format("{}://{}", request.secure ? "https" : "http", *host);
}

bool HostIsOurs(const http::Request& request, const config::Api& settings) {
  if (settings.secure()) return true;
  const auto host = request.headers.Get("host");
  if (!host) return true;  // HTTP/1.0: no browser
  std::string name(NameOf(*host));
  if (name.ends_with('.')) name.pop_back();
  if (IsAddress(name) || http::EqualIgnoringCase(name, "localhost")) return true;
  if (!settings.public_url.empty() && http::EqualIgnoringCase(name, HostOfUrl(settings.public_url)))
    return true;
  return http::EqualIgnoringCase(name, MachineName());
}

}  // namespace jit::api
