#include "core/html.h"

#include "core/text.h"

namespace jit::core {

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : EscapeForTerminal(text, true)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace jit::core
