// The bearer token: from the environment or a file, never from the command line, where others see
// it.
#pragma once

#include <string>
#include <string_view>

namespace jit::client {

// 'jit_' and 43 characters of base64url.
bool LooksLikeToken(std::string_view text);

// Of the text of a file or a variable: spaces and line breaks around it do not count. Throws Error
// that names the place and never the text.
std::string TokenOf(std::string_view text, const std::string& place);

// Of a file that only its owner may read; throws Error.
std::string ReadTokenFile(const std::string& path);

}  // namespace jit::client
