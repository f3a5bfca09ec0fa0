#include "http/message.h"

#include <algorithm>

namespace jit::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::optional<std::string_view> Headers::Get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (EqualIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::Count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const auto& field) { return EqualIgnoringCase(field.first, name); }));
}

std::optional<std::string> Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string> Request::Cookie(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [key, value] : headers.all()) {
    if (!EqualIgnoringCase(key, "cookie")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = Trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      std::string one(pair.substr(equals + 1));
      if (found && *found != one) return std::nullopt;
      found = std::move(one);
    }
  }
  return found;
}

namespace {

std::string_view Stripped(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view TakePart(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = Stripped(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// In thousandths; what is no quality counts as the best, as if it were not there.
int QualityOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = TakePart(parameters, ';');
    if (one.size() < 3 || (one[0] | 0x20) != 'q' || one[1] != '=') continue;
    int quality = 0;
    int unit = 1000;
    for (const char c : one.substr(2)) {
      if (c == '.') continue;
      if (c < '0' || c > '9' || unit == 0) return 1000;
      quality += (c - '0') * unit;
      unit /= 10;
    }
    return std::min(quality, 1000);
  }
  return 1000;
}

}  // namespace

std::optional<std::string> Preferred(std::string_view accept,
                                     const std::vector<std::string_view>& media_types) {
  std::optional<std::string> best;
  int best_quality = 0;
  while (!accept.empty()) {
    std::string_view one = TakePart(accept, ',');
    const std::string_view media = TakePart(one, ';');
    const int quality = QualityOf(one);
    if (quality <= best_quality) continue;
    for (const std::string_view known : media_types) {
      if (!EqualIgnoringCase(known, media)) continue;
      best = known;
      best_quality = quality;
    }
  }
  return best;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace jit::http
