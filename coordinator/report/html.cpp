#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "core/html.h"
#include "report/page_style.h"
#include "report/render.h"
#include "report/sections.h"
#include "report/svg.h"

namespace jit::report {
namespace {

using core::EscapeHtml;
using core::Style;

constexpr std::size_t kLongestStatement = 1500;  // bytes; the log has the whole

// What stands in the page goes through here: every value escaped, the mark-up as written.
class Html {
 public:
  template <typename... Values>
  Html& Add(fmt::format_string<Values...> form, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), form, std::forward<Values>(values)...);
    return *this;
  }
  Html& Raw(std::string_view markup) {
    out_ += markup;
    return *this;
  }
  const std::string& text() const { return out_; }

 private:
  std::string out_;
};

std::string_view ClassOf(Style style) {
  switch (style) {
    case Style::kGood:
      return "good";
    case Style::kWarning:
      return "warning";
    case Style::kBad:
      return "bad";
    case Style::kPlain:
    case Style::kDim:
    case Style::kBold:
      break;
  }
  return "";
}

// Cut at a character, with a sign that it was.
std::string Shortened(const std::string& text) {
  if (text.size() <= kLongestStatement) return text;
  std::size_t end = kLongestStatement;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + " …";
}

std::string Code(const std::string& text) {
  return "<code>" + EscapeHtml(Shortened(text)) + "</code>";
}

void AppendCell(Html& html, const core::Column& column, const core::Cell& cell, bool code,
                bool link) {
  std::string classes(ClassOf(cell.style));
  const auto add = [&](const char* name) {
    classes += (classes.empty() ? "" : " ") + std::string(name);
  };
  if (column.right) add("right");
  if (!column.right && !column.shrinks) add("nowrap");
  if (column.shrinks) add("wide");
  const std::string text =
      code ? Code(cell.json.is_string() ? cell.json.get<std::string>() : cell.human)
           : EscapeHtml(cell.human);
  html.Add("<td class=\"{}\">", classes);
  if (link) {
    html.Add("<a href=\"#request-{}\">{}</a>", EscapeHtml(cell.plain), text);
  } else {
    html.Raw(text);
  }
  html.Raw("</td>");
}

void AppendTable(Html& html, const Section& section) {
  html.Raw("<div class=\"sheet\"><table>\n<thead><tr>");
  for (const core::Column& column : section.table.columns) {
    if (!column.title.empty()) {
      html.Add("<th scope=\"col\"{}>{}</th>", column.right ? " class=\"right\"" : "",
               EscapeHtml(column.title));
    }
  }
  html.Raw("</tr></thead>\n<tbody>\n");
  for (const auto& row : section.table.rows) {
    html.Raw("<tr>");
    for (std::size_t i = 0; i < row.size(); ++i) {
      const core::Column& column = section.table.columns[i];
      if (column.title.empty()) continue;
      const bool code =
          std::find(section.code.begin(), section.code.end(), column.name) != section.code.end();
      AppendCell(html, column, row[i], code, column.name == "id");
    }
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody>\n</table></div>\n");
}

void AppendSection(Html& html, const Section& section) {
  html.Add(
      "<section id=\"{0}\" aria-labelledby=\"{0}-heading\">\n<h2 id=\"{0}-heading\">{1}</h2>\n",
      section.id, EscapeHtml(section.title));
  if (section.table.rows.empty()) {
    html.Add("<p class=\"none\">{}</p>\n", EscapeHtml(section.none));
  } else {
    html.Add("<p class=\"about\">{}</p>\n", EscapeHtml(section.about));
    AppendTable(html, section);
  }
  if (!section.more.empty()) html.Add("<p class=\"about\">{}</p>\n", EscapeHtml(section.more));
  html.Raw("</section>\n");
}

void AppendFigures(Html& html, const Report& report) {
  html.Raw("<dl class=\"figures\">\n");
  for (const Figure& figure : Figures(report)) {
    html.Add("<div><dt>{}</dt><dd class=\"{}\">{}</dd></div>\n", EscapeHtml(figure.label),
             ClassOf(figure.style), EscapeHtml(figure.value));
  }
  html.Raw("</dl>\n");
}

void AppendChart(Html& html, std::string_view title, std::string_view keys,
                 const std::string& svg) {
  if (svg.empty()) return;
  html.Add("<figure><figcaption><strong>{}</strong>{}</figcaption>\n{}</figure>\n",
           EscapeHtml(title), keys, svg);
}

void AppendCharts(Html& html, const Report& report) {
  std::string outcomes;
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    outcomes += fmt::format("<span class=\"key outcome-{}\">{}</span>", i, kOutcomeNames[i]);
  }
  AppendChart(html, "Statements", outcomes, StatementsChart(report));
  AppendChart(
      html, "When access was held",
      "<span class=\"key plain\">granted</span><span class=\"key glass\">break-glass</span>",
      GrantsChart(report));
  AppendChart(html, "Hours of access by person", "", HoursChart(report));
}

void AppendFact(Html& html, std::string_view name, const std::string& value, bool code = false) {
  if (value.empty()) return;
  html.Add("<dt>{}</dt><dd>{}</dd>\n", name, code ? Code(value) : EscapeHtml(value));
}

std::string Counted(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", core::FormatCount(count), what, count == 1 ? "" : "s");
}

std::string DecisionText(const Decision& decision) {
  std::string out = decision.who + (decision.decision == "deny" ? " denied" : " approved");
  if (decision.at) out += " " + Minute(*decision.at);
  if (!decision.comment.empty()) out += ": " + decision.comment;
  return out;
}

std::string HeldText(const Report& report, const Request& request) {
  if (!request.granted()) return "never";
  std::string out = "from " + Minute(*request.begins);
  if (request.ends) out += " to " + Minute(*request.ends);
  out += ", " + FormatHeld(request.Held(report.made_at));
  if (request.ends && *request.ends > report.made_at) out += " so far";
  if (!request.ended_by.empty()) out += ", ended by " + request.ended_by;
  if (!request.end_reason.empty()) out += ": " + request.end_reason;
  return out;
}

std::string AskedText(const Request& request) {
  std::string out = Minute(request.asked_at);
  if (request.asked_for) out += " for " + core::FormatInterval(*request.asked_for);
  if (request.approved_for && request.asked_for &&
      !core::SameLength(*request.approved_for, *request.asked_for)) {
    out += ", shortened to " + core::FormatInterval(*request.approved_for);
  }
  return out;
}

void AppendStatements(Html& html, const Use& use) {
  if (use.top.empty()) return;
  html.Raw(
      "<table><thead><tr><th scope=\"col\">STATEMENT</th><th scope=\"col\" "
      "class=\"right\">RUNS</th>"
      "<th scope=\"col\" class=\"right\">ROWS</th><th scope=\"col\" class=\"right\">NOT DONE</th>"
      "<th scope=\"col\">LAST</th></tr></thead>\n<tbody>\n");
  for (const TopStatement& top : use.top) {
    html.Add(
        "<tr><td class=\"wide\">{}</td><td class=\"right\">{}</td><td class=\"right\">{}</td>"
        "<td class=\"right{}\">{}</td><td class=\"nowrap\">{}</td></tr>\n",
        Code(top.text), core::FormatCount(top.count), core::FormatCount(top.rows),
        top.unsuccessful > 0 ? " warning" : "", core::FormatCount(top.unsuccessful),
        Minute(top.last));
  }
  html.Raw("</tbody></table>\n");
  if (use.others > 0) html.Add("<p class=\"about\">and {} other statements</p>\n", use.others);
}

void AppendRequest(Html& html, const Report& report, const Request& request) {
  html.Add(
      "<article id=\"request-{0}\" aria-labelledby=\"request-{0}-heading\">\n<header>"
      "<h3 id=\"request-{0}-heading\">Request {0}, {1}</h3><span class=\"badge\">{2}</span>",
      request.id, EscapeHtml(request.person), EscapeHtml(request.status));
  if (request.break_glass) html.Raw("<span class=\"badge bad\">break-glass</span>");
  if (request.review_owed) html.Raw("<span class=\"badge bad\">review owed</span>");
  html.Raw("</header>\n<dl>\n");
  AppendFact(html, "access", request.access, true);
  AppendFact(html, "reason", request.reason);
  AppendFact(html, "ticket", request.ticket);
  AppendFact(html, "asked", AskedText(request));
  for (const Decision& decision : request.decisions)
    AppendFact(html, "decision", DecisionText(decision));
  AppendFact(html, "policy", request.policy.empty() ? "none matched" : request.policy);
  AppendFact(html, "held", HeldText(report, request));
  if (request.break_glass && !request.review_owed) {
    AppendFact(html, "review",
               request.reviewed_by + (request.review.empty() ? "" : ": " + request.review));
  }
  if (request.granted()) {
    AppendFact(
        html, "run",
        request.use.statements == 0
            ? std::string("nothing in the period")
            : fmt::format("{}, {}, {} not done", Counted(request.use.statements, "statement"),
                          Counted(request.use.rows, "row"),
                          core::FormatCount(request.use.unsuccessful)));
  }
  AppendFact(html, "relations", fmt::format("{}", fmt::join(request.use.relations, ", ")));
  if (!request.use.raw_columns.empty()) {
    html.Add("<dt>seen raw</dt><dd class=\"warning\">{}</dd>\n",
             EscapeHtml(fmt::format("{}", fmt::join(request.use.raw_columns, ", "))));
  }
  html.Raw("</dl>\n");
  AppendStatements(html, request.use);
  html.Raw("</article>\n");
}

void AppendHead(Html& html, const Report& report, const std::vector<Section>& sections) {
  // Should a mistake of ours ever let markup through, the policy keeps the browser from running it.
  html.Add(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>Access report: {}, {} to {}</title>\n<style>{}</style>\n</head>\n<body>\n",
      EscapeHtml(report.database), Minute(report.since).substr(0, 10),
      Minute(report.until).substr(0, 10), kPageStyle);
  html.Add(
      "<header>\n<h1>Access report: {}</h1>\n<p class=\"meta\">{} to {} UTC, {}</p>\n"
      "<p class=\"meta\">made {} UTC by {}, {}</p>\n",
      EscapeHtml(report.database), Minute(report.since), Minute(report.until),
      report.person.empty() ? "everybody" : EscapeHtml(report.person), Minute(report.made_at),
      EscapeHtml(report.made_by), EscapeHtml(report.server));
  html.Raw("<nav aria-label=\"Sections\"><ul>\n");
  for (const Section& section : sections)
    html.Add("<li><a href=\"#{}\">{}</a></li>\n", section.id, EscapeHtml(section.title));
  html.Raw("<li><a href=\"#details\">Each request</a></li>\n</ul></nav>\n</header>\n<main>\n");
}

void AppendChain(Html& html, const Chain& chain) {
  html.Add("<p class=\"chain {}\">{}", ClassOf(ChainStyle(chain)),
           EscapeHtml(ChainSentence(chain)));
  if (chain.head.seq > 0)
    html.Add("<small>row {}: {}</small>", chain.head.seq, EscapeHtml(chain.head.hash));
  html.Raw("</p>\n");
}

}  // namespace

std::string RenderHtml(const Report& report) {
  const std::vector<Section> sections = Sections(report);
  Html html;
  AppendHead(html, report, sections);
  AppendChain(html, report.chain);
  AppendFigures(html, report);
  AppendCharts(html, report);
  for (const Section& section : sections) AppendSection(html, section);
  html.Raw(
      "<section id=\"details\" aria-labelledby=\"details-heading\">\n"
      "<h2 id=\"details-heading\">Each request</h2>\n"
      "<p class=\"about\">Who decided, how long it was held, and what was run under it. "
      "Statements inside functions count, too.</p>\n");
  for (const Request& request : report.requests) AppendRequest(html, report, request);
  if (report.requests.empty()) html.Raw("<p class=\"none\">None.</p>\n");
  html.Add(
      "</section>\n</main>\n<footer>jit-coordinator {}. Times are UTC. The audit log holds the "
      "whole text of what is shortened here.</footer>\n</body>\n</html>\n",
      EscapeHtml(report.version));
  return html.text();
}

}  // namespace jit::report
