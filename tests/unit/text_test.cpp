// What others wrote, on its way to a terminal.
#include "core/text.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

TEST(EscapeForTerminal, no_escape_sequence_gets_through) {
  EXPECT_EQ(EscapeForTerminal("\x1b[2J\x1b]0;owned\x07"), "\\x1b[2J\\x1b]0;owned\\x07");
  EXPECT_EQ(EscapeForTerminal("\x7f"), "\\x7f");
  EXPECT_EQ(EscapeForTerminal(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(EscapeForTerminal, c1_controls_are_escapes_too) {
  EXPECT_EQ(EscapeForTerminal("\xc2\x9b"
                              "31m"),
            "\\u009b31m");
  EXPECT_EQ(EscapeForTerminal("\xc2\x85"), "\\u0085");
}

TEST(EscapeForTerminal, nothing_hides_or_reorders_text) {
  EXPECT_EQ(EscapeForTerminal("a\u202Eb"), "a\\u202eb");
  EXPECT_EQ(EscapeForTerminal("a\u2066b\u2069"), "a\\u2066b\\u2069");
  EXPECT_EQ(EscapeForTerminal("a\u200Bb"), "a\\u200bb");
  EXPECT_EQ(EscapeForTerminal("a\u2028b"), "a\\u2028b");
  EXPECT_EQ(EscapeForTerminal("\uFEFFx"), "\\ufeffx");
  EXPECT_EQ(EscapeForTerminal("\U000E0041"), "\\U000e0041");
}

TEST(EscapeForTerminal, lines_become_one_unless_kept) {
  EXPECT_EQ(EscapeForTerminal("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(EscapeForTerminal("a\nb\r", true), "a\nb\\r");
}

TEST(EscapeForTerminal, bytes_that_are_no_utf8_are_shown) {
  EXPECT_EQ(EscapeForTerminal("\xff"), "\\xff");
  EXPECT_EQ(EscapeForTerminal("\xc3"), "\\xc3");
  EXPECT_EQ(EscapeForTerminal("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(EscapeForTerminal("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(EscapeForTerminal("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
}

TEST(EscapeForTerminal, ordinary_text_stays_as_it_is) {
  EXPECT_EQ(EscapeForTerminal("Jürgen Größe 日本 \\ '\""), "Jürgen Größe 日本 \\ '\"");
}

TEST(EscapeForTsv, a_field_stays_one_and_can_be_undone) {
  EXPECT_EQ(EscapeForTsv("a\tb\\n\nc"), "a\\tb\\\\n\\nc");
}

TEST(DisplayWidth, counts_columns_not_bytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("Größe"), 5u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("…"), 1u);
}

TEST(Truncate, keeps_to_the_width_and_to_whole_characters) {
  EXPECT_EQ(Truncate("abcdef", 6), "abcdef");
  EXPECT_EQ(Truncate("abcdef", 4), "abc…");
  EXPECT_EQ(Truncate("日本語", 4), "日…");
  EXPECT_EQ(Truncate("äöü", 2), "ä…");
  EXPECT_EQ(Truncate("abc", 0), "");
}

TEST(Wrap, breaks_at_spaces_and_indents) {
  EXPECT_EQ(Wrap("one two three", 8, 2), "one two\n  three");
  EXPECT_EQ(Wrap("abcdefghijkl", 8, 1), "abcdefgh\n ijkl");
  EXPECT_EQ(Wrap("", 8, 1), "");
}

}  // namespace
}  // namespace jit::core
