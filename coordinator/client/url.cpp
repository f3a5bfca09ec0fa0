#include "client/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>

namespace jit::client {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

// Empty for a part that is not there.
std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

bool IsLoopback(std::string host) {
  if (host == "localhost") return true;  // which curl itself takes for this machine
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

}  // namespace

// By curl's own parser: what is checked is what will be called. The text may hold a password, so
// no message repeats it.
ParsedUrl ParseServerUrl(const std::string& text) {
  const UrlHandle url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return {{}, "the server's address must be a URL such as https://jit.example.com"};
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http")
    return {{}, "the server's address must begin with https:// or http://"};
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty())
    return {{},
            "the server's address must not hold a user or a password: a token says who you are"};
  if (!Part(url.get(), CURLUPART_QUERY).empty() || !Part(url.get(), CURLUPART_FRAGMENT).empty())
    return {{}, "the server's address must not have a query or a fragment"};
  ParsedUrl out;
  out.url.secure = scheme == "https";
  out.url.loopback = IsLoopback(Part(url.get(), CURLUPART_HOST));
  out.url.base = Part(url.get(), CURLUPART_URL);
  while (out.url.base.ends_with('/')) out.url.base.pop_back();
  return out;
}

std::string Escape(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace jit::client
