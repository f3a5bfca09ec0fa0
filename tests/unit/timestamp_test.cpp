// Instants: PostgreSQL's text, RFC 3339, and '3 minutes ago'.
#include "core/timestamp.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Instant At(std::string_view text) {
  const auto instant = ParseTimestamp(text);
  EXPECT_TRUE(instant) << text;
  return instant.value_or(Instant{});
}

TEST(ParseTimestamp, offset_is_taken_off) {
  EXPECT_EQ(At("2026-11-23 04:54:53+01"), At("2026-11-23 03:54:53+00"));
  EXPECT_EQ(At("2026-11-23 00:24:53-03:30"), At("2026-11-23T03:54:53Z"));
}

TEST(ParseTimestamp, fraction_is_microseconds) {
  EXPECT_EQ(At("2026-11-23 03:54:53.1+00") - At("2026-11-23 03:54:53+00"),
            std::chrono::milliseconds{100});
  EXPECT_EQ(At("2026-11-23 03:54:53.000001+00") - At("2026-11-23 03:54:53+00"),
            std::chrono::microseconds{1});
}

TEST(ParseTimestamp, what_is_no_instant_gives_none) {
  for (const char* text :
       {"", "infinity", "-infinity", "2026-11-23", "2026-13-01 00:00:00+00",
        "2026-02-30 00:00:00+00", "2026-11-23 03:54:53", "2026-11-23 03:54:53+0",
        "2026-11-23 03:61:53+00", "0044-03-15 12:00:00+00 BC", "2026-11-23 03:54:53+00x"}) {
    EXPECT_FALSE(ParseTimestamp(text)) << text;
  }
}

TEST(FormatRfc3339, is_utc_and_reads_back) {
  EXPECT_EQ(FormatRfc3339(At("2026-11-23 04:54:53+01")), "2026-11-23T03:54:53Z");
  EXPECT_EQ(FormatRfc3339(At("2024-02-29 23:59:59.5+00")), "2024-02-29T23:59:59.500000Z");
  EXPECT_EQ(ParseTimestamp(FormatRfc3339(At("1969-12-31 23:59:59.25+00"))),
            At("1969-12-31 23:59:59.25+00"));
}

TEST(FormatRelative, says_how_long_ago_or_ahead) {
  const Instant now = At("2026-11-23 12:00:00+00");
  EXPECT_EQ(FormatRelative(now, now), "just now");
  EXPECT_EQ(FormatRelative(now - seconds{1}, now), "just now");
  EXPECT_EQ(FormatRelative(now + seconds{1}, now), "in 1 second");
  EXPECT_EQ(FormatRelative(now - seconds{45}, now), "45 seconds ago");
  EXPECT_EQ(FormatRelative(now - minutes{3}, now), "3 minutes ago");
  EXPECT_EQ(FormatRelative(now + minutes{30} - seconds{1}, now), "in 30 minutes");
  EXPECT_EQ(FormatRelative(now + hours{2}, now), "in 2 hours");
  EXPECT_EQ(FormatRelative(now - hours{24}, now), "24 hours ago");
  EXPECT_EQ(FormatRelative(now - hours{24 * 10}, now), "10 days ago");
  EXPECT_EQ(FormatRelative(now - hours{24 * 90}, now), "3 months ago");
}

TEST(FormatAbsolute, names_the_day) {
  EXPECT_EQ(FormatAbsolute(At("2026-11-23 03:54:53+00")), "Mon 2026-11-23 03:54:53 UTC");
}

}  // namespace
}  // namespace jit::core
