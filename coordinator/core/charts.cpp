#include "core/charts.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace jit::core {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr double kGap = 0.25;    // of the room of a column or row
constexpr double kThinnest = 3;  // a span that was seen is seen
constexpr double kLaneGap = 2;
constexpr double kWidestColumn = 48;

}  // namespace

Scale NiceScale(double largest, int most_steps, bool whole) {
  if (!(largest > 0)) return {1, 1};
  const double rough = largest / most_steps;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  if (whole) step = std::max(step, 1.0);
  return {std::ceil(largest / step - 1e-9) * step, step};
}

std::vector<Box> StackedColumns(const std::vector<std::vector<double>>& columns, double end,
                                const Area& area) {
  std::vector<Box> boxes;
  if (columns.empty() || !(end > 0)) return boxes;
  const double room = area.width / static_cast<double>(columns.size());
  const double width = std::min(room * (1 - kGap), kWidestColumn);
  for (std::size_t column = 0; column < columns.size(); ++column) {
    const double x = area.left + room * static_cast<double>(column) + (room - width) / 2;
    double y = area.top + area.height;
    for (std::size_t series = 0; series < columns[column].size(); ++series) {
      const double height = columns[column][series] / end * area.height;
      if (!(height > 0)) continue;
      y -= height;
      boxes.push_back({x, y, width, height, column, series});
    }
  }
  return boxes;
}

std::vector<Box> Rows(const std::vector<double>& values, double end, const Area& area) {
  std::vector<Box> boxes;
  if (values.empty() || !(end > 0)) return boxes;
  const double room = area.height / static_cast<double>(values.size());
  const double height = room * (1 - kGap);
  for (std::size_t row = 0; row < values.size(); ++row) {
    boxes.push_back({area.left, area.top + room * static_cast<double>(row) + (room - height) / 2,
                     std::max(values[row] / end * area.width, 0.0), height, row, 0});
  }
  return boxes;
}

std::vector<std::size_t> Lanes(const std::vector<Span>& spans) {
  std::vector<std::size_t> order(spans.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return spans[a].first < spans[b].first; });
  std::vector<std::size_t> lanes(spans.size());
  std::vector<Instant> free_from;  // by lane
  for (const std::size_t i : order) {
    const auto free = std::find_if(free_from.begin(), free_from.end(),
                                   [&](Instant end) { return end <= spans[i].first; });
    lanes[i] = static_cast<std::size_t>(free - free_from.begin());
    if (free == free_from.end()) {
      free_from.push_back(spans[i].second);
    } else {
      *free = spans[i].second;
    }
  }
  return lanes;
}

double PositionOf(Instant instant, const Span& period, const Area& area) {
  const auto whole = static_cast<double>((period.second - period.first).count());
  if (!(whole > 0)) return area.left;
  const auto part = static_cast<double>((instant - period.first).count());
  return area.left + std::clamp(part / whole, 0.0, 1.0) * area.width;
}

std::vector<Box> SpanBoxes(const std::vector<Span>& spans, const std::vector<std::size_t>& rows,
                           const Span& period, double row_height, const Area& area) {
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].second < period.first || spans[i].first > period.second) continue;
    double x = PositionOf(spans[i].first, period, area);
    const double width = std::max(PositionOf(spans[i].second, period, area) - x, kThinnest);
    x = std::min(x, area.left + area.width - width);
    boxes.push_back({x, area.top + row_height * static_cast<double>(rows[i]) + kLaneGap / 2, width,
                     row_height - kLaneGap, i, rows[i]});
  }
  return boxes;
}

std::vector<Instant> TimeMarks(const Span& period, std::size_t most) {
  static constexpr std::array kSteps{hours{1},       hours{2},       hours{3},
                                     hours{6},       hours{12},      hours{24},
                                     hours{2 * 24},  hours{7 * 24},  hours{14 * 24},
                                     hours{28 * 24}, hours{91 * 24}, hours{364 * 24}};
  std::vector<Instant> marks;
  for (const hours step : kSteps) {
    if ((period.second - period.first) / step > static_cast<std::int64_t>(most) &&
        step != kSteps.back())
      continue;
    // Weeks begin on Mondays: the epoch was a Thursday.
    const Instant origin = Instant{step >= hours{7 * 24} ? days{4} : days{0}};
    const auto since = (period.first - origin) / step;
    for (Instant at = origin + step * since; at <= period.second; at += step) {
      if (at >= period.first) marks.push_back(at);
    }
    return marks;
  }
  return marks;
}

Buckets DayBuckets(const Span& period, std::size_t most) {
  Buckets buckets;
  const auto first = std::chrono::floor<days>(period.first);
  const auto last = std::chrono::ceil<days>(period.second);
  const auto count = std::max<std::int64_t>((last - first).count(), 1);
  const auto room = static_cast<std::int64_t>(std::max<std::size_t>(most, 1));
  buckets.length = days{(count + room - 1) / room};
  for (Instant at = first; at < last || buckets.starts.empty(); at += buckets.length)
    buckets.starts.push_back(at);
  return buckets;
}

std::size_t Buckets::IndexOf(Instant instant) const {
  const auto index = (instant - starts.front()) / length;
  return std::min(static_cast<std::size_t>(std::max<std::int64_t>(index, 0)), starts.size() - 1);
}

}  // namespace jit::core
