// Searching the audit log: points in time, globs, the order of entries, events in words, CSV.
#include <gtest/gtest.h>

#include "core/audit_entry.h"
#include "core/audit_filter.h"
#include "core/csv.h"

namespace jit::core {
namespace {

std::string At(std::string_view text) {
  const auto moment = ParseMoment(text);
  return moment && moment->at ? FormatRfc3339(*moment->at) : "none";
}

TEST(ParseMoment, so_long_ago) {
  EXPECT_EQ(ParseMoment("2h"), (Moment{Interval{0, 0, 7'200'000'000}, std::nullopt}));
  EXPECT_EQ(ParseMoment("7d"), (Moment{Interval{0, 7, 0}, std::nullopt}));
  EXPECT_EQ(ParseMoment("1 month"), (Moment{Interval{1, 0, 0}, std::nullopt}));
}

TEST(ParseMoment, a_timestamp_is_utc_unless_it_says_otherwise) {
  EXPECT_EQ(At("2026-11-25"), "2026-11-25T00:00:00Z");
  EXPECT_EQ(At("2026-11-25 14:30"), "2026-11-25T14:30:00Z");
  EXPECT_EQ(At("2026-11-25T14:30:05"), "2026-11-25T14:30:05Z");
  EXPECT_EQ(At("2026-11-25 14:30+01"), "2026-11-25T13:30:00Z");
  EXPECT_EQ(At("2026-11-25T14:30:05.5-05:30"), "2026-11-25T20:00:05.500000Z");
  EXPECT_EQ(At("2026-11-25T14:30:05Z"), "2026-11-25T14:30:05Z");
}

TEST(ParseMoment, what_is_neither_is_refused) {
  for (const char* text : {"", "soon", "2026-13-01", "2026-11-25 25:00", "-2h", "2026-11-25 14",
                           "2026-11-25'; DROP TABLE x", "infinity", "25.11.2026"}) {
    EXPECT_FALSE(ParseMoment(text)) << text;
  }
}

TEST(LikePattern, only_star_and_question_mark_match_anything) {
  EXPECT_EQ(LikePattern("sales.*"), "sales.%");
  EXPECT_EQ(LikePattern("sales.order?"), "sales.order_");
  EXPECT_EQ(LikePattern("a_b%c\\d"), "a\\_b\\%c\\\\d");
}

AuditEntry Entry(std::int64_t seq, int second) {
  return {seq, Instant{std::chrono::seconds{second}}, {}};
}

TEST(KeepNewest, cuts_the_oldest_and_shows_by_time) {
  // The fifth record tells of something that happened before the fourth.
  std::vector<AuditEntry> entries{Entry(5, 30), Entry(1, 10), Entry(4, 40), Entry(2, 20)};
  EXPECT_TRUE(KeepNewest(entries, 3, Order::kByTime));
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].seq, 2);
  EXPECT_EQ(entries[1].seq, 5);
  EXPECT_EQ(entries[2].seq, 4);
  EXPECT_FALSE(KeepNewest(entries, 3, Order::kBySeq));
  EXPECT_EQ(entries[1].seq, 4);
}

TEST(DescribeEvent, a_request_is_a_sentence) {
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"requester":"alice","access":"SELECT ON sales.orders",
                "duration":"02:00:00","reason":"stuck orders","ticket":"INC-1","comment":null})"),
                          ""),
            "alice: SELECT ON sales.orders for 2h (stuck orders) [INC-1]");
  // A ticket that the reason names is not said twice.
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"access":"r","reason":"INC-1: x","ticket":"INC-1",
                "comment":"fine"})"),
                          ""),
            "r (INC-1: x), comment fine");
}

TEST(DescribeEvent, a_request_is_told_without_what_show_tells) {
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"requester":"alice","access":"SELECT ON t","reason":"why",
                "status":"approved","policy":"p","duration":"01:00:00",
                "approved_duration":"00:30:00","comment":"only half"})"),
                          ""),
            "alice: SELECT ON t for 30m (why), comment only half");
}

TEST(DescribeEvent, a_change_names_what_differs) {
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"before":{"name":"p","approvals":2,"gone":1},
                "after":{"name":"p","approvals":1,"new":true}})"),
                          ""),
            "name p, approvals 2 -> 1, new none -> true, gone was 1");
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"name":"x","before":"sync","after":"async"})"), ""),
            "sync -> async, name x");
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"before":null,"after":{"name":"p"}})"), ""), "name p");
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"before":{"name":"p","objects":null}})"), ""),
            "was name p");
  EXPECT_EQ(
      DescribeEvent(Json::parse(R"({"jit_access.audit":{"before":"sync","after":"off"}})"), ""),
      "jit_access.audit sync -> off");
}

TEST(DescribeEvent, whatever_comes_is_said) {
  EXPECT_EQ(DescribeEvent(Json(), "the disk was full"), "the disk was full");
  EXPECT_EQ(DescribeEvent(Json::parse("[1,2]"), ""), "[1,2]");
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"requester":7,"duration":{"a":1}})"), ""),
            R"(7 for {"a":1})");
  EXPECT_EQ(DescribeEvent(Json::parse(R"({"settings":{"a":"b","c":null},"roles":["x","y"]})"), ""),
            "settings a b, roles x, y");
  EXPECT_EQ(DescribeEvent(Json(), ""), "");
}

TEST(OneLine, white_space_becomes_one_space) {
  EXPECT_EQ(OneLine("  SELECT a,\n\t b\r\n  FROM t  "), "SELECT a, b FROM t");
}

TEST(CsvField, quoted_only_where_it_must_be) {
  EXPECT_EQ(CsvField("plain text"), "plain text");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(CsvField("a\r\nb"), "\"a\nb\"");
  EXPECT_EQ(CsvField(""), "");
}

TEST(CsvField, a_formula_is_none) {
  EXPECT_EQ(CsvField("=1+1"), "'=1+1");
  EXPECT_EQ(CsvField("+1"), "'+1");
  EXPECT_EQ(CsvField("-1"), "'-1");
  EXPECT_EQ(CsvField("@SUM(A1,A2)"), "\"'@SUM(A1,A2)\"");
  EXPECT_EQ(CsvField("\t=1"), "'\t=1");
  EXPECT_EQ(CsvField("-1", false), "-1");
}

TEST(CsvField, control_characters_are_escapes) {
  EXPECT_EQ(CsvField("\x1b[2J\u202e\r"), "\\x1b[2J\\u202e\\r");
}

TEST(RenderCsv, a_header_and_lines_that_end_in_cr_lf) {
  const Table table{
      {{"a", "A"}, {"b", ""}},
      {{Cell::Number(-5), Cell::Text(std::string("x;y"))}, {Cell::Null(), Cell::Null()}}};
  EXPECT_EQ(RenderCsv(table), "a,b\r\n-5,x;y\r\n,\r\n");
  EXPECT_EQ(RenderCsv(table, false), "-5,x;y\r\n,\r\n");
}

}  // namespace
}  // namespace jit::core
