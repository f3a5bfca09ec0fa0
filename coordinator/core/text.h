// Text of unknown origin on its way to a terminal or a script: what must be escaped, and how wide
// it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace jit::core {

// Makes text safe to print: control characters (C0, DEL, C1), characters that reorder or hide text
// (bidirectional controls, zero-width characters, line separators) and bytes that are no UTF-8
// become visible escapes. With keep_newlines, '\n' stays: for messages of several lines.
std::string EscapeForTerminal(std::string_view text, bool keep_newlines = false);

// Makes text safe as one field of a tab-separated line, as COPY writes it: a backslash is doubled,
// so that the escapes of EscapeForTerminal can be undone.
std::string EscapeForTsv(std::string_view text);

// Columns of a terminal that the text takes. The text must have been escaped.
std::size_t DisplayWidth(std::string_view text);

// Cuts to at most width columns, the last of them '…' if something was cut.
std::string Truncate(std::string_view text, std::size_t width);

// Text in lines of at most width columns, broken at spaces where there is one. Never empty.
std::string Wrap(std::string_view text, std::size_t width, std::size_t indent);

bool IsBlank(std::string_view text);

// Strict: no overlong forms, no surrogates.
bool IsUtf8(std::string_view text);

}  // namespace jit::core
