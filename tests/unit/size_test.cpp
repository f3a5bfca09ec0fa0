// Sizes in bytes as people write them.
#include "core/size.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

TEST(Size, units_are_multiples_of_1024) {
  EXPECT_EQ(ParseSize("512"), 512);
  EXPECT_EQ(ParseSize("512B"), 512);
  EXPECT_EQ(ParseSize("64KiB"), 65'536);
  EXPECT_EQ(ParseSize("64kB"), 65'536);
  EXPECT_EQ(ParseSize("1MiB"), 1'048'576);
  EXPECT_EQ(ParseSize("1MB"), 1'048'576);
  EXPECT_EQ(ParseSize("2GiB"), std::int64_t{2} << 30);
  EXPECT_EQ(ParseSize("2GB"), std::int64_t{2} << 30);
  EXPECT_EQ(ParseSize("1 MiB"), 1'048'576);
}

TEST(Size, nothing_overflows) {
  EXPECT_EQ(ParseSize("4294967296GiB"), std::int64_t{1} << 62);
  EXPECT_EQ(ParseSize("4294967297"), std::nullopt);
  EXPECT_EQ(ParseSize("9223372036854775807GiB"), std::nullopt);
  EXPECT_EQ(ParseSize("99999999999999999999"), std::nullopt);
}

TEST(Size, is_more_than_zero) {
  for (const char* text : {"0", "0MiB", "-1", "-1MiB"})
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
}

TEST(Size, all_else_is_none) {
  for (const char* text : {"", " ", "MiB", "1 M", "1K", "1kb", "1mib", "1KB", "1TiB", "1.5MiB",
                           "1,5", "0x10", "+1", " 1", "1MiBx", "1 MiB x", "1e3"})
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  EXPECT_EQ(ParseSize(std::string_view("1\0", 2)), std::nullopt);
}

}  // namespace
}  // namespace jit::core
