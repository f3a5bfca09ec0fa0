// The target of a request line, taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jit::http {

struct Url {
  std::string path;                   // as it came
  std::vector<std::string> segments;  // each decoded by itself: a name may hold a slash
  std::vector<std::pair<std::string, std::string>> query;
};

// None for what has no business here: no leading slash, an escape that is none, control characters,
// bytes that are no UTF-8, segments that are empty, '.' or '..'.
std::optional<Url> ParseUrl(std::string_view target);

// As one segment of a path, or a value of a query.
std::string PercentEncode(std::string_view text);

}  // namespace jit::http
