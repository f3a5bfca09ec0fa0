// 'Did you mean …': the known word nearest to a misspelt one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jit::core {

// No value where nothing known is near enough to be meant.
std::optional<std::string> Nearest(std::string_view word, const std::vector<std::string>& known);

// ", did you mean "x"?" or nothing: to be put behind a message.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace jit::core
