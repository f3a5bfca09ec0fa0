// Where the marks of a chart are: geometry alone, in the units of the drawing.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/timestamp.h"

namespace jit::core {

struct Area {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
};

// An axis from zero: a round number at its end, and the distance of its marks.
struct Scale {
  double end = 1;
  double step = 1;
};
// In steps of 1, 2 or 5 times a power of ten, at most so many of them; of whole numbers no halves.
Scale NiceScale(double largest, int most_steps, bool whole);

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  std::size_t column = 0;  // which of the values it shows
  std::size_t series = 0;
};

// Columns from left to right, the series of each on top of one another from the bottom. What is
// zero has no box.
std::vector<Box> StackedColumns(const std::vector<std::vector<double>>& columns, double end,
                                const Area& area);
// Rows from top to bottom, each from the left.
std::vector<Box> Rows(const std::vector<double>& values, double end, const Area& area);

using Span = std::pair<Instant, Instant>;
// For each span the lowest lane in which nothing overlaps it. In the order of the spans.
std::vector<std::size_t> Lanes(const std::vector<Span>& spans);
// A span in its row, cut to the period and never too thin to see; none outside the period.
std::vector<Box> SpanBoxes(const std::vector<Span>& spans, const std::vector<std::size_t>& rows,
                           const Span& period, double row_height, const Area& area);

// Where an instant is on a time axis.
double PositionOf(Instant instant, const Span& period, const Area& area);
// Round hours, days or weeks within the period, at most so many.
std::vector<Instant> TimeMarks(const Span& period, std::size_t most);

// The beginnings of the days, or of as many days as make at most so many columns, in the period.
struct Buckets {
  std::vector<Instant> starts;
  std::chrono::days length{1};

  // Which one holds the instant; it must be in the period.
  std::size_t IndexOf(Instant instant) const;
};
Buckets DayBuckets(const Span& period, std::size_t most);

}  // namespace jit::core
