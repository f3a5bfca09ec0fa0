#include "http/url.h"

#include <algorithm>

#include "core/text.h"

namespace jit::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!core::IsUtf8(out)) return std::nullopt;
  return out;
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f;
  });
}

}  // namespace

std::optional<Url> ParseUrl(std::string_view target) {
  if (target.empty() || target.front() != '/' || HasControl(target)) return std::nullopt;
  if (target.find('#') != std::string_view::npos || target.find('\\') != std::string_view::npos)
    return std::nullopt;
  const std::size_t mark = std::min(target.find('?'), target.size());
  Url url;
  url.path = std::string(target.substr(0, mark));
  for (std::string_view rest = target.substr(1, mark - 1); !rest.empty() || url.segments.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const auto segment = Decode(rest.substr(0, end), false);
    if (!segment || *segment == "." || *segment == "..") return std::nullopt;
    const bool last = end == rest.size();
    if (segment->empty() && !(last && url.segments.empty())) return std::nullopt;
    url.segments.push_back(*segment);
    if (last) break;
    rest.remove_prefix(end + 1);
    if (rest.empty()) return std::nullopt;  // a slash at the end
  }
  for (std::string_view rest = target.substr(std::min(mark + 1, target.size())); !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto key = Decode(pair.substr(0, equals), true);
    const auto value = Decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!key || !value) return std::nullopt;
    url.query.emplace_back(*key, *value);
  }
  return url;
}

std::string PercentEncode(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace jit::http
