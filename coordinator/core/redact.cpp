#include "core/redact.h"

#include <algorithm>

namespace jit::core {
namespace {

constexpr std::string_view kMask = "***";

// End of the value that begins at `at`: 'quoted with \' escapes' or up to a space, '&' or a quote.
std::size_t EndOfValue(std::string_view text, std::size_t at) {
  if (at < text.size() && text[at] == '\'') {
    for (++at; at < text.size() && text[at] != '\''; ++at) {
      if (text[at] == '\\') ++at;
    }
    return at < text.size() ? at + 1 : text.size();
  }
  const std::size_t end = text.find_first_of(" \t\n&\"", at);
  return end == std::string_view::npos ? text.size() : end;
}

std::string RedactKeywords(std::string_view text) {
  constexpr std::string_view kKeyword = "password";
  std::string out;
  while (true) {
    const std::size_t found = text.find(kKeyword);
    if (found == std::string_view::npos) return out.append(text);
    std::size_t at = found + kKeyword.size();
    while (at < text.size() && text[at] == ' ') ++at;
    if (at >= text.size() || text[at] != '=') {
      out.append(text.substr(0, at));
      text.remove_prefix(at);
      continue;
    }
    ++at;
    while (at < text.size() && text[at] == ' ') ++at;
    out.append(text.substr(0, at)).append(kMask);
    text.remove_prefix(EndOfValue(text, at));
  }
}

std::string RedactUrls(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) return out.append(text);
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(text.find_first_of(" \t\n/?\"", begin), text.size());
    const std::string_view authority = text.substr(begin, end - begin);
    const std::size_t host = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (host != std::string_view::npos && colon < host) {
      out.append(text.substr(0, begin + colon + 1)).append(kMask);
      text.remove_prefix(begin + host);
    } else {
      out.append(text.substr(0, end));
      text.remove_prefix(end);
    }
  }
}

}  // namespace

std::string Redact(std::string_view text) { return RedactUrls(RedactKeywords(text)); }

}  // namespace jit::core
