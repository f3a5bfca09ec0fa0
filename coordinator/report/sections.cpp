#include "report/sections.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/audit_entry.h"
#include "report/usage.h"

namespace jit::report {
namespace {

using core::Cell;
using core::Json;
using core::Style;

Cell Id(std::int64_t id) {
  Cell cell = Cell::Number(id);
  cell.human = cell.plain;
  return cell;
}

Cell Ids(const std::vector<std::int64_t>& ids) {
  const std::string text = fmt::format("{}", fmt::join(ids, ", "));
  return {text, fmt::format("{}", fmt::join(ids, ",")), ids, Style::kPlain};
}

// To the minute for people; scripts get all of it.
Cell Time(OptionalInstant instant) {
  Cell cell = Cell::At(instant);
  if (instant) cell.human = Minute(*instant);
  return cell;
}

Cell Optional(const std::string& text) { return text.empty() ? Cell::Null() : Cell::Text(text); }

Cell Held(const Report& report, const Request& request) {
  if (!request.granted()) return Cell::Null();
  const auto held = request.Held(report.made_at);
  Cell cell{FormatHeld(held), "", std::chrono::duration<double>(held).count(), Style::kPlain};
  cell.plain = fmt::format("{:.0f}", std::chrono::duration<double>(held).count());
  return cell;
}

Cell Status(const std::string& status) {
  const bool bad = status == "denied" || status == "revoked";
  return Cell::Text(status, status == "active" ? Style::kGood : bad ? Style::kBad : Style::kPlain);
}

// 'carol, dave', or how else it came to be granted.
std::string ApprovedBy(const Request& request) {
  std::vector<std::string> names;
  for (const Decision& decision : request.decisions) {
    names.push_back(decision.decision == "deny" ? decision.who + " (denied)" : decision.who);
  }
  if (!names.empty()) return fmt::format("{}", fmt::join(names, ", "));
  if (request.break_glass) return "nobody: break-glass";
  return request.granted() ? "the policy" : "";
}

Section Requests(const Report& report) {
  Section section{"requests",
                  "Requests and grants",
                  "Asked for, or held, in the period. HELD is how long the access was open.",
                  "Nothing was asked for and nothing was held.",
                  {{{"id", "ID", true},
                    {"person", "PERSON", false, true},
                    {"access", "ACCESS", false, true},
                    {"reason", "REASON", false, true},
                    {"approved_by", "DECIDED BY", false, true},
                    {"begins", "FROM"},
                    {"ends", ""},
                    {"held_seconds", "HELD", true},
                    {"statements", "STATEMENTS", true},
                    {"rows", "ROWS", true},
                    {"status", "STATUS"}},
                   {}},
                  {"access"}};
  for (const Request& request : report.requests) {
    section.table.rows.push_back(
        {Id(request.id), Cell::Text(request.person), Cell::Text(request.access),
         Cell::Text(request.reason), Optional(ApprovedBy(request)), Time(request.begins),
         Time(request.ends), Held(report, request), Cell::Number(request.use.statements),
         Cell::Number(request.use.rows), Status(request.status)});
  }
  return section;
}

Section BreakGlass(const Report& report) {
  Section section{"break_glass",
                  "Break-glass",
                  "Granted at once, without approval. Each owes a review by somebody else.",
                  "Nobody broke the glass.",
                  {{{"id", "ID", true},
                    {"person", "PERSON", false, true},
                    {"at", "WHEN"},
                    {"access", "ACCESS", false, true},
                    {"reason", "REASON", false, true},
                    {"statements", "STATEMENTS", true},
                    {"review", "REVIEW", false, true},
                    {"review_owed", ""},
                    {"reviewed_by", ""},
                    {"reviewed_at", ""}},
                   {}},
                  {"access"}};
  for (const Request& request : report.requests) {
    if (!request.break_glass) continue;
    Cell review = Cell::Text(request.review);
    if (request.review_owed) {
      review = {"owed", "", nullptr, Style::kBad};
    } else {
      review.human = request.reviewed_by + (request.review.empty() ? "" : ": ") + request.review;
    }
    section.table.rows.push_back({Id(request.id), Cell::Text(request.person),
                                  Time(request.asked_at), Cell::Text(request.access),
                                  Cell::Text(request.reason), Cell::Number(request.use.statements),
                                  review, Cell::Bool(request.review_owed),
                                  Optional(request.reviewed_by), Time(request.reviewed_at)});
  }
  return section;
}

Section Unused(const Report& report) {
  Section section{"never_used",
                  "Grants never used",
                  "Granted in the period, and no statement was run under them.",
                  "Every grant was used.",
                  {{{"id", "ID", true},
                    {"person", "PERSON", false, true},
                    {"access", "ACCESS", false, true},
                    {"reason", "REASON", false, true},
                    {"begins", "FROM"},
                    {"held_seconds", "HELD", true},
                    {"status", "STATUS"}},
                   {}},
                  {"access"}};
  for (const Request& request : report.requests) {
    if (!NeverUsed(report, request)) continue;
    section.table.rows.push_back({Id(request.id), Cell::Text(request.person),
                                  Cell::Text(request.access), Cell::Text(request.reason),
                                  Time(request.begins), Held(report, request),
                                  Status(request.status)});
  }
  return section;
}

Section Refused(const Report& report) {
  Section section{"refused",
                  "Refused attempts",
                  "Statements that were not let through, the most frequent first.",
                  "Nothing was refused.",
                  {{{"person", "PERSON", false, true},
                    {"statement", "STATEMENT", false, true},
                    {"error", "ERROR", false, true},
                    {"count", "TIMES", true},
                    {"last", "LAST"}},
                   {}},
                  {"statement"}};
  for (const Refusal& refusal : report.refusals) {
    section.table.rows.push_back(
        {Cell::Text(refusal.person),
         {core::OneLine(refusal.text), refusal.text, refusal.text, Style::kPlain},
         Cell::Text(refusal.error, Style::kBad),
         Cell::Number(refusal.count),
         Time(refusal.last)});
  }
  if (report.other_refusals > 0)
    section.more = fmt::format("{} more are left out", report.other_refusals);
  return section;
}

Section Raw(const Report& report) {
  Section section{"seen_raw",
                  "Masked columns seen raw",
                  "Whoever holds UNMASK, or is exempt from a mask, and read the real values.",
                  "No masked column was seen raw.",
                  {{{"column", "COLUMN", false, true},
                    {"person", "PERSON", false, true},
                    {"requests", "REQUESTS"},
                    {"statements", "STATEMENTS", true},
                    {"last", "LAST"}},
                   {}},
                  {"column"}};
  for (const RawColumn& seen : report.raw_columns) {
    Cell requests = Ids(seen.requests);
    if (seen.requests.empty()) requests.human = "none: exempt";
    section.table.rows.push_back({Cell::Text(seen.column), Cell::Text(seen.person), requests,
                                  Cell::Number(seen.statements), Time(seen.last)});
  }
  return section;
}

Section StandingAccess(const Report& report) {
  Section section{
      "standing",
      "Standing privileges",
      "What requesters hold now without any request: what keeps just-in-time from being "
      "true.",
      "No requester holds anything without asking.",
      {{{"role", "PERSON", false, true},
        {"relation", "RELATION", false, true},
        {"privileges", "PRIVILEGES", false, true},
        {"via", "BY WAY OF", false, true}},
       {}}};
  for (const Standing& one : report.standing) {
    section.table.rows.push_back({Cell::Text(one.role), Cell::Text(one.relation),
                                  Cell::List(one.privileges), Cell::Text(one.via)});
  }
  return section;
}

Section Changes(const std::string& id, const std::string& title, const std::string& about,
                const std::string& none, const std::vector<Change>& changes) {
  Section section{id,
                  title,
                  about,
                  none,
                  {{{"at", "WHEN"},
                    {"kind", "KIND"},
                    {"who", "WHO", false, true},
                    {"what", "WHAT", false, true}},
                   {}}};
  for (const Change& change : changes) {
    const Style style = core::StyleOfOutcome(change.kind);
    section.table.rows.push_back(
        {Time(change.at), Cell::Text(change.kind, style == Style::kBad ? style : Style::kPlain),
         Optional(change.who), Cell::Text(change.what)});
  }
  return section;
}

}  // namespace

std::string Minute(Instant instant) {
  std::string text = core::FormatRfc3339(std::chrono::floor<std::chrono::minutes>(instant));
  text.resize(16);
  text[10] = ' ';
  return text;
}

std::string FormatHeld(std::chrono::microseconds held) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(held);
  const auto shown =
      minutes.count() > 0
          ? std::chrono::milliseconds(minutes)
          : std::chrono::milliseconds(std::chrono::floor<std::chrono::seconds>(held));
  return shown.count() == 0 ? "0s" : core::FormatSpan(shown);
}

std::vector<Section> Sections(const Report& report) {
  return {Requests(report),
          BreakGlass(report),
          Raw(report),
          Refused(report),
          Unused(report),
          StandingAccess(report),
          Changes("changes", "Policies, masks and settings changed",
                  "By whom the rules were changed in the period.", "No rule was changed.",
                  report.changes),
          Changes("log_events", "The audit log itself",
                  "Starts of its worker, records that it lost, partitions that were cut off.",
                  "Nothing was recorded of the log itself.", report.log_events)};
}

std::vector<Figure> Figures(const Report& report) {
  std::int64_t granted = 0, glass = 0, owed = 0, statements = 0, refused = 0, raw = 0;
  std::chrono::microseconds held{0};
  for (const Request& request : report.requests) {
    granted += request.granted() ? 1 : 0;
    glass += request.break_glass ? 1 : 0;
    owed += request.review_owed ? 1 : 0;
    held += request.Held(report.made_at);
  }
  for (const auto& [day, counts] : report.statements) {
    for (const std::int64_t count : counts) statements += count;
    refused += counts[OutcomeIndex("refused")];
  }
  for (const RawColumn& seen : report.raw_columns) raw += seen.statements;
  const auto count = [](const char* id, const char* label, std::int64_t value,
                        Style style = Style::kPlain) {
    return Figure{id, label, core::FormatCount(value), value, value > 0 ? style : Style::kPlain};
  };
  return {count("requests", "requests", static_cast<std::int64_t>(report.requests.size())),
          count("granted", "granted", granted),
          {"held_seconds", "access held", FormatHeld(held),
           std::chrono::duration<double>(held).count()},
          count("statements", "statements", statements),
          count("rows", "rows", report.rows),
          count("refused", "refused", refused, Style::kWarning),
          count("seen_raw", "saw masked columns raw", raw, Style::kWarning),
          count("break_glass", "break-glass uses", glass, Style::kBad),
          count("reviews_owed", "reviews owed", owed, Style::kBad)};
}

std::string ChainSentence(const Chain& chain) {
  switch (chain.state) {
    case Chain::State::kIntact:
      return fmt::format(
          "The audit log is intact: {} rows checked, each follows from the one before.",
          core::FormatCount(chain.checked));
    case Chain::State::kBroken:
      return fmt::format("The audit log is not intact: row {} is not what the chain says.",
                         core::FormatCount(chain.first_bad.value_or(0)));
    case Chain::State::kUnknown:
      return "The audit log was not checked" +
             (chain.why_unknown.empty() ? std::string(".") : ": " + chain.why_unknown);
  }
  return "";
}

core::Style ChainStyle(const Chain& chain) {
  return chain.state == Chain::State::kIntact   ? Style::kGood
         : chain.state == Chain::State::kBroken ? Style::kBad
                                                : Style::kWarning;
}

}  // namespace jit::report
