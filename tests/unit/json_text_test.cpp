// JSON from the other side of a connection.
#include "core/json_text.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

std::string Nested(int levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(ParseJson, reads_documents) {
  EXPECT_EQ(ParseJson(R"({"a": [1, "]]", null]})").dump(), R"({"a":[1,"]]",null]})");
  EXPECT_EQ(ParseJson("5"), 5);
}

TEST(ParseJson, what_is_none_is_null) {
  for (const char* text : {"", "{", "[1", "nonsense", "{} {}", "\"\\", "\xff"})
    EXPECT_TRUE(ParseJson(text).is_null()) << text;
}

TEST(ParseJson, what_nests_too_deep_is_null) {
  EXPECT_TRUE(ParseJson(Nested(1000)).is_array());
  EXPECT_TRUE(ParseJson(Nested(1001)).is_null());
  EXPECT_TRUE(ParseJson(std::string(5'000'000, '[')).is_null());
  EXPECT_TRUE(ParseJson(R"({"a":)" + Nested(1000) + "}").is_null());
  // Brackets in strings are none.
  EXPECT_TRUE(ParseJson("\"" + std::string(5000, '[') + R"(\"[)" + "\"").is_string());
}

}  // namespace
}  // namespace jit::core
