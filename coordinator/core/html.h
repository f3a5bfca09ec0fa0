// Text of unknown origin on its way into a page.
#pragma once

#include <string>
#include <string_view>

namespace jit::core {

// For the content of an element or of a quoted attribute. What would hide or reorder text becomes a
// visible escape, as on a terminal; line breaks stay.
std::string EscapeHtml(std::string_view text);

}  // namespace jit::core
