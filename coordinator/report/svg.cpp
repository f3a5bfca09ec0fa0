#include "report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "core/charts.h"
#include "core/html.h"
#include "core/text.h"
#include "report/sections.h"

namespace jit::report {
namespace {

using core::Area;
using core::Box;
using core::EscapeHtml;

constexpr double kWidth = 920;
constexpr double kLabels = 116;  // room for names on the left
constexpr std::size_t kMostColumns = 62;
constexpr std::size_t kMostPeople = 15;
constexpr double kRow = 26;
constexpr double kLane = 18;

class Drawing {
 public:
  // The title is read aloud; the sentence says what there is to see.
  Drawing(std::string_view id, std::string_view title, std::string_view sentence, double height) {
    Add("<svg viewBox=\"0 0 {0} {1}\" role=\"img\" aria-labelledby=\"{2}-title {2}-text\">\n"
        "<title id=\"{2}-title\">{3}</title>\n<desc id=\"{2}-text\">{4}</desc>\n",
        kWidth, height, id, EscapeHtml(title), EscapeHtml(sentence));
  }

  void Line(double x1, double y1, double x2, double y2, const char* of_class) {
    Add("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", of_class,
        x1, y1, x2, y2);
  }
  void Text(double x, double y, std::string_view text, const char* anchor,
            const char* of_class = "label") {
    Add("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", of_class, x,
        y, anchor, EscapeHtml(text));
  }
  // `tip` shows where the pointer rests.
  void Rect(const Box& box, std::string_view of_class, std::string_view tip, double round = 2) {
    Add("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
        "rx=\"{}\"><title>{}</title></rect>\n",
        of_class, box.x, box.y, box.width, box.height, round, EscapeHtml(tip));
  }
  void Open(std::int64_t request) { Add("<a href=\"#request-{}\">", request); }
  void Close() { Add("</a>\n"); }

  std::string Finished() { return out_ + "</svg>\n"; }

 private:
  template <typename... Values>
  void Add(fmt::format_string<Values...> form, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), form, std::forward<Values>(values)...);
  }

  std::string out_;
};

std::string Day(Instant instant) { return Minute(instant).substr(0, 10); }

// What fits left of the axis.
std::string Name(const std::string& person) {
  return core::Truncate(core::EscapeForTerminal(person), 16);
}

void DrawGrid(Drawing& drawing, const core::Scale& scale, const Area& area) {
  for (int i = 0; scale.step * i <= scale.end * (1 + 1e-9); ++i) {
    const double value = scale.step * i;
    const double y = area.top + area.height * (1 - value / scale.end);
    drawing.Line(area.left, y, area.left + area.width, y, i == 0 ? "axis" : "grid");
    drawing.Text(area.left - 8, y + 4, core::FormatCount(static_cast<std::int64_t>(value)), "end");
  }
}

std::int64_t Sum(const std::array<std::int64_t, kOutcomes>& counts) {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts) sum += count;
  return sum;
}

}  // namespace

std::string StatementsChart(const Report& report) {
  if (report.statements.empty()) return "";
  const core::Buckets buckets = core::DayBuckets({report.since, report.until}, kMostColumns);
  std::vector<std::vector<double>> columns(buckets.starts.size(), std::vector<double>(kOutcomes));
  std::int64_t all = 0;
  for (const auto& [day, counts] : report.statements) {
    for (std::size_t i = 0; i < kOutcomes; ++i)
      columns[buckets.IndexOf(day)][i] += static_cast<double>(counts[i]);
    all += Sum(counts);
  }
  double largest = 0;
  for (const auto& column : columns) {
    double sum = 0;
    for (const double count : column) sum += count;
    largest = std::max(largest, sum);
  }
  const core::Scale scale = core::NiceScale(largest, 5, true);
  const Area area{64, 16, kWidth - 72, 200};
  const std::string title = buckets.length.count() == 1
                                ? "Statements by day"
                                : fmt::format("Statements by {} days", buckets.length.count());
  Drawing drawing(
      "statements", title,
      fmt::format("{} statements from {} to {}, by how they ended; at most {} at a time.", all,
                  Day(report.since), Day(report.until), static_cast<std::int64_t>(largest)),
      260);
  DrawGrid(drawing, scale, area);
  for (const Box& box : core::StackedColumns(columns, scale.end, area)) {
    drawing.Rect(box, fmt::format("outcome-{}", box.series),
                 fmt::format("{}: {} {}", Day(buckets.starts[box.column]),
                             static_cast<std::int64_t>(columns[box.column][box.series]),
                             kOutcomeNames[box.series]),
                 0);
  }
  const double room = area.width / static_cast<double>(columns.size());
  const std::size_t every = (columns.size() + 9) / 10;
  for (std::size_t i = 0; i < columns.size(); i += every) {
    drawing.Text(area.left + room * (static_cast<double>(i) + 0.5), area.top + area.height + 20,
                 Day(buckets.starts[i]).substr(5), "middle");
  }
  return drawing.Finished();
}

std::string HoursChart(const Report& report) {
  std::map<std::string, double> hours;
  for (const Request& request : report.requests) {
    if (request.granted()) {
      hours[request.person] +=
          std::chrono::duration<double, std::ratio<3600>>(request.Held(report.made_at)).count();
    }
  }
  if (hours.empty()) return "";
  std::vector<std::pair<std::string, double>> people(hours.begin(), hours.end());
  std::stable_sort(people.begin(), people.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const std::size_t left_out = people.size() - std::min(people.size(), kMostPeople);
  people.resize(people.size() - left_out);
  // Of little time the hours would all be fractions.
  const bool minutes = people.front().second < 2;
  std::vector<double> values;
  values.reserve(people.size());
  for (const auto& [person, value] : people) values.push_back(minutes ? value * 60 : value);
  const core::Scale scale = core::NiceScale(values.front(), 6, false);
  const Area area{kLabels, 8, kWidth - kLabels - 80, kRow * static_cast<double>(values.size())};
  Drawing drawing("hours", "Hours of access by person",
                  fmt::format("{} people; the longest: {}, {:.1f} hours.", hours.size(),
                              people.front().first, people.front().second),
                  area.height + 40);
  const double bottom = area.top + area.height;
  for (int i = 0; scale.step * i <= scale.end * (1 + 1e-9); ++i) {
    const double x = area.left + area.width * scale.step * i / scale.end;
    drawing.Line(x, area.top, x, bottom, i == 0 ? "axis" : "grid");
    drawing.Text(x, bottom + 18, fmt::format("{:g} {}", scale.step * i, minutes ? "min" : "h"),
                 "middle");
  }
  for (const Box& box : core::Rows(values, scale.end, area)) {
    const auto& [person, value] = people[box.column];
    const std::string text =
        FormatHeld(std::chrono::microseconds{static_cast<std::int64_t>(value * 3600 * 1'000'000)});
    drawing.Text(area.left - 10, box.y + box.height / 2 + 4, Name(person), "end", "name");
    drawing.Rect(box, "bar", fmt::format("{}: {}", person, text));
    drawing.Text(box.x + box.width + 6, box.y + box.height / 2 + 4, text, "start");
  }
  return drawing.Finished();
}

std::string GrantsChart(const Report& report) {
  std::map<std::string, std::vector<const Request*>> people;
  for (const Request& request : report.requests) {
    if (request.granted() && request.ends && *request.ends >= report.since &&
        *request.begins<report.until&& * request.ends> * request.begins) {
      people[request.person].push_back(&request);
    }
  }
  if (people.empty()) return "";
  // The lanes of everybody below each other, with a little air between people.
  std::vector<const Request*> requests;
  std::vector<core::Span> spans;
  std::vector<std::size_t> rows;
  std::vector<std::pair<std::string, std::size_t>> first_rows;
  std::size_t next_row = 0;
  for (const auto& [person, held] : people) {
    std::vector<core::Span> own;
    for (const Request* request : held) own.push_back({*request->begins, *request->ends});
    const std::vector<std::size_t> lanes = core::Lanes(own);
    first_rows.emplace_back(person, next_row);
    for (std::size_t i = 0; i < held.size(); ++i) {
      requests.push_back(held[i]);
      spans.push_back(own[i]);
      rows.push_back(next_row + lanes[i]);
    }
    next_row += *std::max_element(lanes.begin(), lanes.end()) + 1;
  }
  const core::Span period{report.since, report.until};
  const Area area{kLabels, 8, kWidth - kLabels - 16, kLane * static_cast<double>(next_row)};
  Drawing drawing("grants", "When access was held",
                  fmt::format("{} grants of {} people from {} to {}.", requests.size(),
                              people.size(), Day(report.since), Day(report.until)),
                  area.height + 40);
  const double bottom = area.top + area.height;
  const auto marks = core::TimeMarks(period, 9);
  const bool hours = marks.size() > 1 && marks[1] - marks[0] < std::chrono::hours{24};
  for (const Instant mark : marks) {
    const double x = core::PositionOf(mark, period, area);
    drawing.Line(x, area.top, x, bottom, "grid");
    drawing.Text(x, bottom + 18, hours ? Minute(mark).substr(5) : Day(mark).substr(5), "middle");
  }
  for (const auto& [person, row] : first_rows) {
    const double y = area.top + kLane * static_cast<double>(row);
    drawing.Line(area.left - 10, y, area.left + area.width, y, "grid");
    drawing.Text(area.left - 14, y + kLane - 5, Name(person), "end", "name");
  }
  drawing.Line(area.left - 10, bottom, area.left + area.width, bottom, "axis");
  for (const Box& box : core::SpanBoxes(spans, rows, period, kLane, area)) {
    const Request& request = *requests[box.column];
    drawing.Open(request.id);
    drawing.Rect(box, request.break_glass ? "bar glass" : "bar",
                 fmt::format("request {} of {}{}: {}, {} to {}", request.id, request.person,
                             request.break_glass ? " (break-glass)" : "", request.access,
                             Minute(*request.begins), Minute(*request.ends)));
    const std::string id = fmt::to_string(request.id);
    if (box.width > 8.0 * static_cast<double>(id.size()) + 6) {
      drawing.Text(box.x + box.width / 2, box.y + box.height / 2 + 4, id, "middle", "inside");
    }
    drawing.Close();
  }
  return drawing.Finished();
}

}  // namespace jit::report
