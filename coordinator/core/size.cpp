#include "core/size.h"

#include <array>
#include <charconv>

namespace jit::core {

std::optional<std::int64_t> ParseSize(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t bytes;
  };
  static constexpr std::int64_t kKilo = 1024;
  static constexpr std::array kUnits{Unit{"", 1},
                                     Unit{"B", 1},
                                     Unit{"KiB", kKilo},
                                     Unit{"kB", kKilo},
                                     Unit{"MiB", kKilo * kKilo},
                                     Unit{"MB", kKilo * kKilo},
                                     Unit{"GiB", kKilo * kKilo * kKilo},
                                     Unit{"GB", kKilo * kKilo * kKilo}};
  std::int64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || number <= 0 || number > (std::int64_t{1} << 32)) return std::nullopt;
  std::string_view rest(end, static_cast<std::size_t>(last - end));
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  for (const Unit& unit : kUnits) {
    if (rest == unit.name) return number * unit.bytes;
  }
  return std::nullopt;
}

}  // namespace jit::core
