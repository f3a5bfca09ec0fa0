// Lengths of time: read as people and PostgreSQL write them.
#include "core/interval.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(ParseInterval, reads_short_and_long_units) {
  EXPECT_EQ(ParseInterval("90s"), (Interval{0, 0, 90 * kSecond}));
  EXPECT_EQ(ParseInterval("1h30m"), (Interval{0, 0, 5400 * kSecond}));
  EXPECT_EQ(ParseInterval("2 hours"), (Interval{0, 0, 7200 * kSecond}));
  EXPECT_EQ(ParseInterval("1 Day 2 Minutes"), (Interval{0, 1, 120 * kSecond}));
  EXPECT_EQ(ParseInterval("1w"), (Interval{0, 7, 0}));
}

TEST(ParseInterval, m_is_minutes_and_mon_is_months) {
  EXPECT_EQ(ParseInterval("3m"), (Interval{0, 0, 180 * kSecond}));
  EXPECT_EQ(ParseInterval("3 mons"), (Interval{3, 0, 0}));
  EXPECT_EQ(ParseInterval("2 years"), (Interval{24, 0, 0}));
}

TEST(ParseInterval, reads_what_postgresql_prints) {
  EXPECT_EQ(ParseInterval("00:30:00"), (Interval{0, 0, 1800 * kSecond}));
  EXPECT_EQ(ParseInterval("1 day 02:30:00.25"), (Interval{0, 1, 9000 * kSecond + 250'000}));
  EXPECT_EQ(ParseInterval("1 year 2 mons 3 days"), (Interval{14, 3, 0}));
  EXPECT_EQ(ParseInterval("100:00:00"), (Interval{0, 0, 360'000 * kSecond}));
}

TEST(ParseInterval, fractions_only_where_they_have_one_meaning) {
  EXPECT_EQ(ParseInterval("1.5h"), (Interval{0, 0, 5400 * kSecond}));
  EXPECT_EQ(ParseInterval("0.25 s"), (Interval{0, 0, 250'000}));
  EXPECT_FALSE(ParseInterval("1.5 months"));
  EXPECT_FALSE(ParseInterval("0.5 days"));
}

TEST(ParseInterval, refuses_what_is_no_length_of_time) {
  for (const char* text : {"", " ", "30", "-1h", "1x", "h", "1 h x", "1:60", "1:00:61", "1:", "1.h",
                           "infinity", "1h-30m", "99999999999999999999h", "9223372036854775807h"}) {
    EXPECT_FALSE(ParseInterval(text)) << text;
  }
}

TEST(FormatInterval, is_short_and_reads_back) {
  EXPECT_EQ(FormatInterval({0, 0, 5400 * kSecond}), "1h30m");
  EXPECT_EQ(FormatInterval({14, 3, kSecond}), "1y2mon3d1s");
  EXPECT_EQ(FormatInterval({0, 0, 1'500'000}), "1.5s");
  EXPECT_EQ(FormatInterval({0, 0, 50'000}), "0.05s");
  EXPECT_EQ(FormatInterval({}), "0s");
  for (const Interval& interval :
       {Interval{1, 2, 3}, Interval{0, 0, 90 * kSecond}, Interval{25, 40, 123'456'789}}) {
    EXPECT_EQ(ParseInterval(FormatInterval(interval)), interval);
  }
}

TEST(SameLength, is_postgresqls_equality) {
  EXPECT_TRUE(SameLength({0, 1, 0}, {0, 0, 86'400 * kSecond}));
  EXPECT_TRUE(SameLength({1, 0, 0}, {0, 30, 0}));
  EXPECT_FALSE(SameLength({0, 1, 0}, {0, 0, 86'399 * kSecond}));
}

TEST(FormatAsPostgres, is_what_the_database_prints) {
  EXPECT_EQ(FormatAsPostgres({0, 0, 8 * 3600 * kSecond}), "08:00:00");
  EXPECT_EQ(FormatAsPostgres({14, 2, 90 * kSecond + 500'000}), "1 year 2 mons 2 days 00:01:30.5");
  EXPECT_EQ(FormatAsPostgres({0, 1, 0}), "1 day");
  EXPECT_EQ(FormatAsPostgres({}), "00:00:00");
}

TEST(ParseWait, is_more_than_zero_and_less_than_absurd) {
  EXPECT_EQ(ParseWait("500ms"), std::chrono::milliseconds{500});
  EXPECT_EQ(ParseWait("1m30s"), std::chrono::seconds{90});
  EXPECT_FALSE(ParseWait("0s"));
  EXPECT_FALSE(ParseWait("10us"));
  EXPECT_FALSE(ParseWait("1mon"));
  EXPECT_FALSE(ParseWait("400 days"));
}

TEST(FormatSpan, reads_like_a_person_says_it) {
  EXPECT_EQ(FormatSpan(std::chrono::milliseconds{367}), "367ms");
  EXPECT_EQ(FormatSpan(std::chrono::seconds{3661}), "1h1m1s");
}

}  // namespace
}  // namespace jit::core
