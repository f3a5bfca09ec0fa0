// Tables for people, scripts and JSON.
#include "core/table.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

Table Sample(std::vector<std::vector<Cell>> rows) {
  return {{{"id", "ID", true, false},
           {"name", "NAME", false, true},
           {"note", "NOTE", false, false},
           {"hidden", ""}},
          std::move(rows)};
}

std::vector<Cell> Row(std::int64_t id, std::string name, std::string note) {
  return {Cell::Number(id), Cell::Text(std::move(name)), Cell::Text(std::move(note)),
          Cell::Bool(true)};
}

TEST(RenderForPeople, columns_are_aligned) {
  EXPECT_EQ(RenderForPeople(Sample({Row(1, "anna", "x"), Row(12, "bo", "y")}), {0, false}).text,
            "ID  NAME  NOTE\n"
            " 1  anna  x\n"
            "12  bo    y\n");
}

TEST(RenderForPeople, width_is_that_of_the_terminal_not_of_bytes) {
  EXPECT_EQ(RenderForPeople(Sample({Row(1, "Jürgen", "x"), Row(2, "日本", "y")}), {0, false}).text,
            "ID  NAME    NOTE\n"
            " 1  Jürgen  x\n"
            " 2  日本    y\n");
}

TEST(RenderForPeople, a_hostile_value_cannot_leave_its_cell) {
  const std::string text = RenderForPeople(Sample({Row(1, "a\x1b[31m\n", "x")}), {0, true}).text;
  EXPECT_EQ(text.find("\x1b[31m"), std::string::npos);
  EXPECT_NE(text.find("a\\x1b[31m\\n"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(RenderForPeople, cuts_only_what_may_shrink_and_says_so) {
  const Table table = Sample({Row(1, "a very long name indeed", "keep this note")});
  const RenderedTable cut = RenderForPeople(table, {34, false});
  EXPECT_TRUE(cut.cut);
  EXPECT_NE(cut.text.find("…  keep this note\n"), std::string::npos);
  EXPECT_FALSE(RenderForPeople(table, {80, false}).cut);
  EXPECT_FALSE(RenderForPeople(table, {0, false}).cut);
}

TEST(RenderForPeople, no_line_is_wider_than_the_terminal) {
  const RenderedTable cut =
      RenderForPeople(Sample({Row(1, "a very long name indeed", "note")}), {30, false});
  EXPECT_EQ(cut.text,
            "ID  NAME                  NOTE\n"
            " 1  a very long name in…  note\n");
}

TEST(RenderForPeople, colour_is_outside_the_padding_and_only_where_wanted) {
  Table table{{{"s", "S"}, {"t", "T"}},
              {{Cell::Text("ok", Style::kGood), Cell::Text("x", Style::kPlain)}}};
  EXPECT_EQ(RenderForPeople(table, {0, true}).text,
            "\x1b[1mS\x1b[0m   \x1b[1mT\x1b[0m\n\x1b[32mok\x1b[0m  x\n");
  EXPECT_EQ(RenderForPeople(table, {0, false}).text, "S   T\nok  x\n");
}

TEST(RenderTsv, has_all_columns_no_header_and_no_raw_tab) {
  EXPECT_EQ(RenderTsv(Sample({Row(1234567, "a\tb", "c\\d")})), "1234567\ta\\tb\tc\\\\d\ttrue\n");
  EXPECT_EQ(RenderTsv(Sample({})), "");
}

TEST(RenderTsv, time_is_rfc3339_and_null_is_empty) {
  const Instant now = *ParseTimestamp("2026-11-23 12:00:00+00");
  Table table{{{"a", "A"}, {"b", "B"}, {"c", "C"}},
              {{Cell::Time(now, now), Cell::Null(), Cell::List({{"x", "y"}})}}};
  EXPECT_EQ(RenderTsv(table), "2026-11-23T12:00:00Z\t\tx,y\n");
}

TEST(RenderJson, keeps_types_and_order) {
  EXPECT_EQ(RenderJson(Sample({Row(1, "a\x1b", "n")})).dump(),
            R"([{"id":1,"name":"a\u001b","note":"n","hidden":true}])");
  Table table{{{"n", "N"}, {"l", "L"}}, {{Cell::Null(), Cell::List({{"x"}})}}};
  EXPECT_EQ(RenderJson(table).dump(), R"([{"n":null,"l":["x"]}])");
}

TEST(Format, bytes_and_counts) {
  EXPECT_EQ(FormatBytes(0), "0 bytes");
  EXPECT_EQ(FormatBytes(8192), "8.0 kB");
  EXPECT_EQ(FormatBytes(729'088), "712 kB");
  EXPECT_EQ(FormatBytes(1'099'511'627'776), "1.0 TB");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1'234'567), "1,234,567");
  EXPECT_EQ(FormatCount(-1000), "-1,000");
}

}  // namespace
}  // namespace jit::core
