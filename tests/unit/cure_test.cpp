// The access that a refusal's HINT says to ask for.
#include "api/cure.h"

#include <gtest/gtest.h>

namespace jit::api {
namespace {

TEST(Cure, is_what_the_hint_says_to_ask_for) {
  EXPECT_EQ(
      AccessOfHint("Ask for it: SELECT jit_request('SELECT ON sales.orders', '1 hour', 'why');"),
      "SELECT ON sales.orders");
  EXPECT_EQ(AccessOfHint("SELECT s.jit_request('SELECT (a, b) ON t', '1 hour');"),
            "SELECT (a, b) ON t");
}

TEST(Cure, doubled_quotes_are_one_and_end_nothing) {
  EXPECT_EQ(AccessOfHint(R"(jit_request('SELECT ON "it''s"', '1 hour'))"), R"(SELECT ON "it's")");
  EXPECT_EQ(AccessOfHint("jit_request('''', 'x')"), "'");
  EXPECT_EQ(AccessOfHint("jit_request('a''', 'x')"), "a'");
}

TEST(Cure, a_hint_of_another_kind_has_none) {
  for (const char* hint : {"", "jit_request", "jit_request(", "jit_request(x)", "Ask the owner.",
                           "jit_approve('SELECT ON t')", "JIT_REQUEST('a')"})
    EXPECT_EQ(AccessOfHint(hint), std::nullopt) << hint;
}

TEST(Cure, a_text_that_does_not_end_is_none) {
  EXPECT_EQ(AccessOfHint("jit_request('"), std::nullopt);
  EXPECT_EQ(AccessOfHint("jit_request('SELECT ON t"), std::nullopt);
  EXPECT_EQ(AccessOfHint("jit_request('SELECT ON t''"), std::nullopt);
}

TEST(Cure, an_empty_one_is_empty) { EXPECT_EQ(AccessOfHint("jit_request('')"), ""); }

}  // namespace
}  // namespace jit::api
