#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/audit_entry.h"
#include "core/text.h"
#include "report/render.h"
#include "report/sections.h"

namespace jit::report {
namespace {

using core::Style;

constexpr std::size_t kLabel = 25;

class Page {
 public:
  explicit Page(const core::TerminalLook& look) : look_(look) {}

  void Heading(std::string_view text) {
    out_ += "\n" + core::Paint(text, Style::kBold, look_.colour) + "\n";
  }
  void Plain(std::string_view text, Style style = Style::kPlain) {
    out_ += core::Paint(core::EscapeForTerminal(text), style, look_.colour) + "\n";
  }
  void Line(std::string_view label, const std::string& value, Style style = Style::kPlain) {
    if (value.empty()) return;
    const std::size_t width = look_.width == 0 ? 1000 : look_.width;
    const std::size_t room = width > kLabel + 24 ? width - kLabel - 2 : 22;
    out_ += fmt::format(
        "  {}{}\n", core::Paint(fmt::format("{:<{}}", label, kLabel), Style::kDim, look_.colour),
        core::Paint(core::Wrap(core::EscapeForTerminal(core::OneLine(value)), room, kLabel + 2),
                    style, look_.colour));
  }
  void Indented(const core::Table& table) {
    core::TerminalLook look = look_;
    if (look.width > 2) look.width -= 2;
    const std::string rendered = core::RenderForPeople(table, look).text;
    for (std::string_view rest = rendered; !rest.empty();) {
      const std::size_t end = rest.find('\n') + 1;
      out_ += "  ";
      out_ += rest.substr(0, end);
      rest.remove_prefix(end);
    }
  }
  const std::string& text() const { return out_; }

 private:
  core::TerminalLook look_;
  std::string out_;
};

core::Table TopTable(const Use& use) {
  core::Table table{{{"count", "RUNS", true},
                     {"rows", "ROWS", true},
                     {"unsuccessful", "NOT DONE", true},
                     {"last", "LAST"},
                     {"statement", "STATEMENT", false, true}},
                    {}};
  for (const TopStatement& top : use.top) {
    core::Cell last = core::Cell::At(top.last);
    last.human = Minute(top.last);
    table.rows.push_back({core::Cell::Number(top.count), core::Cell::Number(top.rows),
                          core::Cell::Number(top.unsuccessful), last,
                          core::Cell::Text(core::OneLine(top.text))});
  }
  return table;
}

void AppendUse(Page& page, const Use& use) {
  if (use.statements == 0) return;
  page.Line("relations", fmt::format("{}", fmt::join(use.relations, ", ")));
  page.Line("seen raw", fmt::format("{}", fmt::join(use.raw_columns, ", ")), Style::kWarning);
  page.Indented(TopTable(use));
  if (use.others > 0) page.Plain(fmt::format("  and {} other statements", use.others), Style::kDim);
}

}  // namespace

std::string RenderText(const Report& report, const core::TerminalLook& look) {
  Page page(look);
  page.Plain(fmt::format("Access report: {}", report.database), Style::kBold);
  page.Line("period", fmt::format("{} to {} UTC", Minute(report.since), Minute(report.until)));
  page.Line("people", report.person.empty() ? "everybody" : report.person);
  page.Line("made",
            fmt::format("{} UTC by {}, {}", Minute(report.made_at), report.made_by, report.server));
  for (const Figure& figure : Figures(report)) page.Line(figure.label, figure.value, figure.style);
  page.Plain(ChainSentence(report.chain), ChainStyle(report.chain));
  for (const Section& section : Sections(report)) {
    page.Heading(section.title);
    if (section.table.rows.empty()) {
      page.Plain("  " + section.none, Style::kDim);
    } else {
      page.Indented(section.table);
    }
    if (!section.more.empty()) page.Plain("  " + section.more, Style::kDim);
    if (section.id != "requests") continue;
    for (const Request& request : report.requests) {
      if (request.use.statements == 0) continue;
      page.Heading(core::EscapeForTerminal(
          fmt::format("Under request {} of {}", request.id, request.person)));
      AppendUse(page, request.use);
    }
  }
  return page.text();
}

namespace {

core::Json Time(OptionalInstant instant) {
  return instant ? core::Json(core::FormatRfc3339(*instant)) : core::Json();
}

core::Json RequestJson(const Request& request, Instant now) {
  core::Json json;
  json["id"] = request.id;
  json["person"] = request.person;
  json["access"] = request.access;
  json["reason"] = request.reason;
  json["ticket"] = request.ticket.empty() ? core::Json() : core::Json(request.ticket);
  json["status"] = request.status;
  json["policy"] = request.policy.empty() ? core::Json() : core::Json(request.policy);
  json["asked_at"] = Time(request.asked_at);
  json["asked_for"] =
      request.asked_for ? core::Json(core::FormatInterval(*request.asked_for)) : core::Json();
  json["approved_for"] =
      request.approved_for ? core::Json(core::FormatInterval(*request.approved_for)) : core::Json();
  json["begins"] = Time(request.begins);
  json["ends"] = Time(request.ends);
  json["held_seconds"] = std::chrono::duration<double>(request.Held(now)).count();
  json["break_glass"] = request.break_glass;
  json["review_owed"] = request.review_owed;
  json["decisions"] = core::Json::array();
  for (const Decision& decision : request.decisions) {
    json["decisions"].push_back({{"who", decision.who},
                                 {"decision", decision.decision},
                                 {"comment", decision.comment},
                                 {"at", Time(decision.at)}});
  }
  core::Json& use = json["use"];
  use["statements"] = request.use.statements;
  use["rows"] = request.use.rows;
  use["unsuccessful"] = request.use.unsuccessful;
  use["relations"] = request.use.relations;
  use["raw_columns"] = request.use.raw_columns;
  use["top"] = core::RenderJson(TopTable(request.use));
  use["other_statements"] = request.use.others;
  return json;
}

core::Json ChainJson(const Chain& chain) {
  core::Json json;
  json["state"] = chain.state == Chain::State::kIntact   ? "intact"
                  : chain.state == Chain::State::kBroken ? "not intact"
                                                         : "not checked";
  json["checked"] = chain.checked;
  json["first_bad"] = chain.first_bad ? core::Json(*chain.first_bad) : core::Json();
  json["head"] = core::Json{{"seq", chain.head.seq}, {"hash", chain.head.hash}};
  return json;
}

}  // namespace

core::Json RenderJson(const Report& report) {
  core::Json json;
  json["database"] = report.database;
  json["server"] = report.server;
  json["since"] = Time(report.since);
  json["until"] = Time(report.until);
  json["person"] = report.person.empty() ? core::Json() : core::Json(report.person);
  json["made_at"] = Time(report.made_at);
  json["made_by"] = report.made_by;
  json["chain"] = ChainJson(report.chain);
  for (const Figure& figure : Figures(report)) json["figures"][figure.id] = figure.json;
  json["statements_by_day"] = core::Json::array();
  for (const auto& [day, counts] : report.statements) {
    core::Json one{{"day", Minute(day).substr(0, 10)}};
    for (std::size_t i = 0; i < kOutcomes; ++i) one[kOutcomeNames[i]] = counts[i];
    json["statements_by_day"].push_back(std::move(one));
  }
  for (const Section& section : Sections(report)) {
    if (section.id != "requests") json[section.id] = core::RenderJson(section.table);
  }
  json["requests"] = core::Json::array();
  for (const Request& request : report.requests)
    json["requests"].push_back(RequestJson(request, report.made_at));
  return json;
}

}  // namespace jit::report
