// Globs of policies: '*' is any run of characters, '?' any one, everything else itself.

#pragma once

#ifdef POSTGRES_H
#error "plain C++: belongs to the zone without the server's headers"
#endif

#include <string_view>

namespace jit::access {

// The length in bytes of the character that starts at `text`.
using CharacterLength = int (*)(const char* text);

// Whether the glob matches the whole name. Linear space, at most |pattern| * |name| steps.
bool GlobMatch(std::string_view pattern, std::string_view name, CharacterLength length) noexcept;

}  // namespace jit::access
