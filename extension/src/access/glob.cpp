#include "access/glob.h"

#include <algorithm>

namespace jit::access {

bool GlobMatch(std::string_view pattern, std::string_view name, CharacterLength length) noexcept {
  auto character_at = [&](size_t i) {
    return std::clamp<size_t>(static_cast<size_t>(std::max(length(name.data() + i), 1)), 1,
                              name.size() - i);
  };
  // In every server encoding all bytes of a longer character have the high bit set: neither '*' nor
  // '?' is ever met inside one, and other bytes can be compared one by one.
  size_t p = 0, n = 0;
  size_t star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == '?') {
      p++;
      n += character_at(n);
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      p++;
      n++;
    } else if (star != std::string_view::npos) {
      resume += character_at(resume);
      n = resume;
      p = star + 1;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

}  // namespace jit::access
