// Sizes in bytes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace jit::core {

// "512", "512B", "64KiB", "64kB", "1MiB", "2GiB"; kB, MB and GB are PostgreSQL's, 1024 each. More
// than zero; none for anything else.
std::optional<std::int64_t> ParseSize(std::string_view text);

}  // namespace jit::core
