// The charts' geometry: scales, columns, rows, spans, marks.
#include "core/charts.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

using std::chrono::days;
using std::chrono::hours;

Instant Day(int day, int hour = 0) {
  return Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / day}} + hours{hour};
}

TEST(NiceScale, ends_at_a_round_number_above_the_largest) {
  const auto check = [](double largest, int steps, bool whole, double end, double step) {
    const Scale scale = NiceScale(largest, steps, whole);
    EXPECT_DOUBLE_EQ(scale.end, end) << largest;
    EXPECT_DOUBLE_EQ(scale.step, step) << largest;
  };
  check(9, 5, true, 10, 2);
  check(10, 5, true, 10, 2);
  check(11, 5, true, 15, 5);
  check(1234, 5, true, 1500, 500);
  check(0.3, 5, false, 0.3, 0.1);
  check(3.2, 6, false, 4, 1);
  check(2, 5, true, 2, 1);
  check(1, 5, true, 1, 1);
  check(0, 5, true, 1, 1);
}

TEST(StackedColumns, stand_on_one_another_and_fill_the_area) {
  const auto boxes = StackedColumns({{2, 3}, {0, 5}, {0, 0}}, 10, {100, 10, 300, 200});
  ASSERT_EQ(boxes.size(), 3u);
  EXPECT_DOUBLE_EQ(boxes[0].y + boxes[0].height, 210);
  EXPECT_DOUBLE_EQ(boxes[0].height, 40);
  EXPECT_DOUBLE_EQ(boxes[1].y + boxes[1].height, boxes[0].y);
  EXPECT_DOUBLE_EQ(boxes[1].height, 60);
  EXPECT_EQ(boxes[2].column, 1u);
  EXPECT_EQ(boxes[2].series, 1u);
  EXPECT_DOUBLE_EQ(boxes[2].y, 110);
  EXPECT_GT(boxes[2].x, boxes[0].x + boxes[0].width);
  for (const Box& box : boxes) {
    EXPECT_GE(box.x, 100);
    EXPECT_LE(box.x + box.width, 400);
  }
}

TEST(StackedColumns, of_nothing_are_none) {
  EXPECT_TRUE(StackedColumns({}, 10, {0, 0, 100, 100}).empty());
  EXPECT_TRUE(StackedColumns({{0}}, 0, {0, 0, 100, 100}).empty());
}

TEST(Rows, begin_at_the_axis_and_do_not_touch) {
  const auto rows = Rows({4, 1, 0}, 4, {50, 0, 200, 90});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_DOUBLE_EQ(rows[0].width, 200);
  EXPECT_DOUBLE_EQ(rows[1].width, 50);
  EXPECT_DOUBLE_EQ(rows[2].width, 0);
  EXPECT_DOUBLE_EQ(rows[1].x, 50);
  EXPECT_GT(rows[1].y, rows[0].y + rows[0].height);
  EXPECT_LE(rows[2].y + rows[2].height, 90);
}

TEST(Lanes, what_overlaps_is_in_different_lanes) {
  EXPECT_EQ(Lanes({{Day(1), Day(3)}, {Day(2), Day(4)}, {Day(3), Day(5)}, {Day(2), Day(3)}}),
            (std::vector<std::size_t>{0, 1, 0, 2}));
  // Not in the order of time.
  EXPECT_EQ(Lanes({{Day(5), Day(6)}, {Day(1), Day(2)}}), (std::vector<std::size_t>{0, 0}));
  EXPECT_TRUE(Lanes({}).empty());
}

TEST(SpanBoxes, are_cut_to_the_period_and_never_too_thin) {
  const Span period{Day(1), Day(11)};
  const Area area{100, 0, 1000, 60};
  const auto boxes = SpanBoxes({{Day(2), Day(3)},
                                {Day(1) - days{5}, Day(2)},
                                {Day(10), Day(20)},
                                {Day(4), Day(4)},
                                {Day(20), Day(21)},
                                {Day(11), Day(12)}},
                               {0, 1, 2, 0, 0, 0}, period, 20, area);
  ASSERT_EQ(boxes.size(), 5u);
  EXPECT_DOUBLE_EQ(boxes[0].x, 200);
  EXPECT_DOUBLE_EQ(boxes[0].width, 100);
  EXPECT_DOUBLE_EQ(boxes[1].x, 100);
  EXPECT_DOUBLE_EQ(boxes[1].width, 100);
  EXPECT_DOUBLE_EQ(boxes[2].x + boxes[2].width, 1100);
  EXPECT_GT(boxes[3].width, 1);
  EXPECT_EQ(boxes[4].column, 5u);
  for (const Box& box : boxes) {
    EXPECT_GE(box.x, area.left);
    EXPECT_LE(box.x + box.width, area.left + area.width + 1e-6);
  }
  EXPECT_GE(boxes[2].y, 40);
}

TEST(TimeMarks, are_round_and_not_too_many) {
  for (const hours length :
       {hours{1}, hours{5}, hours{30}, hours{24 * 10}, hours{24 * 60}, hours{24 * 800}}) {
    const Span period{Day(3, 7) + std::chrono::minutes{13}, Day(3, 7) + length};
    const auto marks = TimeMarks(period, 9);
    EXPECT_LE(marks.size(), 10u) << length.count();
    for (const Instant mark : marks) {
      EXPECT_GE(mark, period.first);
      EXPECT_LE(mark, period.second);
      EXPECT_EQ(mark, std::chrono::floor<hours>(mark));
    }
  }
  const auto weeks = TimeMarks({Day(1), Day(30) + days{31}}, 9);
  ASSERT_FALSE(weeks.empty());
  EXPECT_EQ(std::chrono::weekday{std::chrono::floor<days>(weeks[0])}, std::chrono::Monday);
}

TEST(DayBuckets, cover_the_period_whole) {
  const Buckets days_of_week = DayBuckets({Day(1, 5), Day(8, 1)}, 62);
  EXPECT_EQ(days_of_week.length, days{1});
  ASSERT_EQ(days_of_week.starts.size(), 8u);
  EXPECT_EQ(days_of_week.starts[0], Day(1));
  EXPECT_EQ(days_of_week.IndexOf(Day(1, 6)), 0u);
  EXPECT_EQ(days_of_week.IndexOf(Day(8)), 7u);
  EXPECT_EQ(days_of_week.IndexOf(Day(20)), 7u);
  const Buckets year = DayBuckets({Day(1), Day(1) + days{365}}, 62);
  EXPECT_EQ(year.length, days{6});
  EXPECT_LE(year.starts.size(), 62u);
  EXPECT_EQ(year.IndexOf(Day(8)), 1u);
}

}  // namespace
}  // namespace jit::core
