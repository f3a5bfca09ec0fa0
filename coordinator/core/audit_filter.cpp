#include "core/audit_filter.h"

#include <algorithm>
#include <string>

namespace jit::core {
namespace {

// ParseTimestamp wants seconds and an offset; people leave them out.
std::string Completed(std::string_view text) {
  std::string out(text);
  const std::size_t clock = out.find_first_of(" T");
  if (clock == std::string::npos) return out + " 00:00:00+00";
  const std::size_t offset = std::min(out.find_first_of("+-Z", clock), out.size());
  if (offset == out.size()) out += "+00";
  const auto end = out.begin() + static_cast<std::ptrdiff_t>(offset);
  if (std::count(out.begin(), end, ':') == 1) out.insert(offset, ":00");
  return out;
}

}  // namespace

std::optional<Moment> ParseMoment(std::string_view text) {
  if (const auto span = ParseInterval(text)) return Moment{span, std::nullopt};
  if (const auto instant = ParseTimestamp(Completed(text))) return Moment{std::nullopt, instant};
  return std::nullopt;
}

bool HasGlob(std::string_view pattern) {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

std::string LikePattern(std::string_view glob) {
  std::string out;
  for (const char c : glob) {
    if (c == '*') {
      out += '%';
    } else if (c == '?') {
      out += '_';
    } else {
      if (c == '%' || c == '_' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace jit::core
