// The auditor's report: what statements add up to, and pages of hostile text.
#include <gtest/gtest.h>

#include "core/html.h"
#include "report/render.h"
#include "report/sections.h"
#include "report/usage.h"

namespace jit::report {
namespace {

using std::chrono::hours;

Instant Day(int day, int hour = 0) {
  return Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / day}} + hours{hour};
}

StatementGroup Group(const std::string& text, std::vector<std::int64_t> requests,
                     const std::string& outcome = "succeeded", std::int64_t count = 1) {
  StatementGroup group;
  group.first = Day(2, 9);
  group.last = Day(2, 10);
  group.person = "alice";
  group.requests = std::move(requests);
  group.outcome = outcome;
  group.key = text;
  group.text = text;
  group.relations = {"sales.orders"};
  group.count = count;
  group.rows = 10 * count;
  return group;
}

Report Make() {
  Report report;
  report.database = "shop";
  report.made_by = "erin";
  report.since = Day(1);
  report.until = Day(8);
  report.made_at = Day(8);
  Request& one = report.requests.emplace_back();
  one.id = 1;
  one.person = "alice";
  one.access = "SELECT ON sales.orders";
  one.reason = "INC-1";
  one.status = "expired";
  one.begins = Day(2);
  one.ends = Day(2, 3);
  one.decisions = {{"carol", "approve", "fine", Day(1, 23)}};
  Request& two = report.requests.emplace_back(one);
  two.id = 2;
  two.decisions.clear();
  two.break_glass = true;
  two.review_owed = true;
  return report;
}

TEST(AddStatements, counts_under_each_request_once) {
  Report report = Make();
  AddStatements(report, {Group("a", {1, 2}, "succeeded", 3), Group("a", {1, 1}, "failed", 2),
                         Group("b", {1}), Group("c", {7}), Group("d", {})});
  const Use& use = report.requests[0].use;
  EXPECT_EQ(use.statements, 6);
  EXPECT_EQ(use.rows, 60);
  EXPECT_EQ(use.unsuccessful, 2);
  ASSERT_EQ(use.top.size(), 2u);
  EXPECT_EQ(use.top[0].text, "a");
  EXPECT_EQ(use.top[0].count, 5);
  EXPECT_EQ(use.top[0].unsuccessful, 2);
  EXPECT_EQ(use.relations, (std::vector<std::string>{"sales.orders"}));
  EXPECT_EQ(report.requests[1].use.statements, 3);
  ASSERT_EQ(report.statements.size(), 1u);
  EXPECT_EQ(report.statements[0].first, Day(2));
  EXPECT_EQ(report.statements[0].second[0], 6);
  EXPECT_EQ(report.statements[0].second[OutcomeIndex("failed")], 2);
}

TEST(AddStatements, what_has_not_ended_is_one_kind) {
  EXPECT_EQ(OutcomeIndex("running"), OutcomeIndex("unknown"));
  EXPECT_EQ(kOutcomeNames[OutcomeIndex("running")], "not ended");
}

TEST(AddStatements, of_many_statements_the_most_frequent_are_kept) {
  Report report = Make();
  std::vector<StatementGroup> groups;
  for (int i = 0; i < 9; ++i)
    groups.push_back(Group("s" + std::to_string(i), {1}, "succeeded", i + 1));
  AddStatements(report, groups);
  EXPECT_EQ(report.requests[0].use.top.size(), kTopStatements);
  EXPECT_EQ(report.requests[0].use.top[0].text, "s8");
  EXPECT_EQ(report.requests[0].use.others, 4u);
}

TEST(AddStatements, refusals_and_raw_columns_are_gathered) {
  Report report = Make();
  StatementGroup raw = Group("r", {2, 1});
  raw.raw_columns = {"sales.customers.ssn"};
  StatementGroup again = raw;
  again.requests = {1};
  again.last = Day(3);
  AddStatements(report, {Group("x", {}, "refused", 2), Group("x", {}, "refused"),
                         Group("y", {}, "refused", 5), raw, again});
  ASSERT_EQ(report.refusals.size(), 2u);
  EXPECT_EQ(report.refusals[0].text, "y");
  EXPECT_EQ(report.refusals[1].count, 3);
  ASSERT_EQ(report.raw_columns.size(), 1u);
  EXPECT_EQ(report.raw_columns[0].requests, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(report.raw_columns[0].statements, 2);
  EXPECT_EQ(report.raw_columns[0].last, Day(3));
}

TEST(NeverUsed, only_what_was_granted_in_the_period) {
  Report report = Make();
  EXPECT_TRUE(NeverUsed(report, report.requests[0]));
  report.requests[0].use.statements = 1;
  EXPECT_FALSE(NeverUsed(report, report.requests[0]));
  // It may have been used before the period.
  report.requests[1].begins = Day(1) - hours{1};
  EXPECT_FALSE(NeverUsed(report, report.requests[1]));
  report.requests[1].begins.reset();
  EXPECT_FALSE(NeverUsed(report, report.requests[1]));
}

TEST(Held, ends_now_at_the_latest_and_is_never_less_than_nothing) {
  Request request;
  EXPECT_EQ(request.Held(Day(2)), hours{0});
  request.begins = Day(2);
  request.ends = Day(2, 5);
  EXPECT_EQ(request.Held(Day(2, 1)), hours{1});
  EXPECT_EQ(request.Held(Day(9)), hours{5});
  request.ends = Day(1);  // revoked before it began
  EXPECT_EQ(request.Held(Day(9)), hours{0});
}

TEST(Sections, a_review_that_is_owed_stands_out) {
  for (const Section& section : Sections(Make())) {
    if (section.id != "break_glass") continue;
    ASSERT_EQ(section.table.rows.size(), 1u);
    const core::Json row = core::RenderJson(section.table, 0);
    EXPECT_EQ(row["id"], 2);
    EXPECT_EQ(row["review_owed"], true);
  }
}

TEST(EscapeHtml, nothing_is_markup_and_nothing_hides) {
  EXPECT_EQ(core::EscapeHtml("<a href=\"x\" b='&'>"),
            "&lt;a href=&quot;x&quot; b=&#39;&amp;&#39;&gt;");
  EXPECT_EQ(core::EscapeHtml("a\x1b[2J\u202e\xff\nb"), "a\\x1b[2J\\u202e\\xff\nb");
  EXPECT_EQ(core::EscapeHtml("Größe 日本"), "Größe 日本");
}

const std::string kEvil =
    "\"'></code></title></style><script>alert(1)</script><img src=x onerror=y>\u202e";

// Every text of a report is somebody's.
Report Evil() {
  Report report = Make();
  for (std::string* text : {&report.database, &report.server, &report.made_by, &report.version,
                            &report.person, &report.chain.why_unknown})
    *text = kEvil;
  for (Request& request : report.requests) {
    for (std::string* text : {&request.person, &request.access, &request.reason, &request.ticket,
                              &request.status, &request.policy, &request.ended_by,
                              &request.end_reason, &request.reviewed_by, &request.review})
      *text = kEvil;
    request.decisions = {{kEvil, kEvil, kEvil, Day(2)}};
  }
  StatementGroup group = Group(kEvil, {1, 2});
  group.person = group.error = kEvil;
  group.relations = group.raw_columns = {kEvil};
  StatementGroup refused = group;
  refused.outcome = "refused";
  AddStatements(report, {group, refused});
  report.standing = {{kEvil, kEvil, {kEvil}, kEvil}};
  report.changes = report.log_events = {{Day(3), kEvil, kEvil, kEvil}};
  report.chain.head = {3, kEvil};
  return report;
}

TEST(RenderHtml, no_text_becomes_markup) {
  const std::string page = RenderHtml(Evil());
  for (const char* markup : {"<script", "<img", "\u202e", "'></code>", "<title></title>"})
    EXPECT_EQ(page.find(markup), std::string::npos) << markup;
  EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
  // What closes an element is ours: as often as it is opened.
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = page.find(what); at != std::string::npos; at = page.find(what, at + 1))
      ++found;
    return found;
  };
  for (const char* element :
       {"code", "style", "table", "article", "section", "figure", "svg", "dd"}) {
    EXPECT_EQ(count(std::string("</") + element + ">"),
              count(std::string("<") + element + ">") + count(std::string("<") + element + " "))
        << element;
  }
}

TEST(RenderHtml, needs_nothing_from_elsewhere) {
  const std::string page = RenderHtml(Make());
  for (const char* what : {"http:", "https:", "src=", "url(", "@import", "<link"})
    EXPECT_EQ(page.find(what), std::string::npos) << what;
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_NE(page.find("@media print"), std::string::npos);
}

TEST(RenderHtml, a_link_of_a_request_leads_to_it) {
  const std::string page = RenderHtml(Make());
  EXPECT_NE(page.find("href=\"#request-2\""), std::string::npos);
  EXPECT_NE(page.find("id=\"request-2\""), std::string::npos);
}

TEST(RenderText, no_escape_sequence_gets_through) {
  Report report = Evil();
  report.requests[0].reason = "\x1b[2J";
  const std::string text = RenderText(report, {100, false});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\u202e"), std::string::npos);
}

TEST(RenderJson, has_every_part) {
  const core::Json json = RenderJson(Make());
  for (const char* part : {"chain", "figures", "requests", "break_glass", "seen_raw", "refused",
                           "never_used", "standing", "changes", "log_events"}) {
    EXPECT_TRUE(json.contains(part)) << part;
  }
  EXPECT_EQ(json["requests"][0]["held_seconds"], 3 * 3600.0);
  EXPECT_EQ(json["figures"]["reviews_owed"], 1);
}

TEST(Report, of_nothing_says_so) {
  Report report;
  report.since = Day(1);
  report.until = Day(2);
  EXPECT_NE(RenderHtml(report).find("Nobody broke the glass."), std::string::npos);
  EXPECT_EQ(RenderHtml(report).find("<svg"), std::string::npos);
  EXPECT_NE(RenderText(report, {80, false}).find("Nothing was refused."), std::string::npos);
}

TEST(FormatHeld, to_the_minute) {
  EXPECT_EQ(FormatHeld(hours{1} + std::chrono::seconds{59}), "1h");
  EXPECT_EQ(FormatHeld(std::chrono::seconds{45}), "45s");
  EXPECT_EQ(FormatHeld(std::chrono::microseconds{5}), "0s");
  EXPECT_EQ(FormatHeld(hours{49}), "2d1h");
}

}  // namespace
}  // namespace jit::report
