// `show`: all that an approver needs to decide on one request.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/output.h"
#include "cli/source.h"
#include "core/text.h"
#include "views/request.h"
#include "views/status.h"

namespace jit::cli {
namespace {

using views::RequestFacts;

constexpr std::size_t kLabel = 14;

// The page for a person, a labelled line at a time.
class Page {
 public:
  explicit Page(const Output& output) : output_(output) {}

  void Title(std::string_view text) {
    text_ += text;
    text_ += '\n';
  }
  void Line(std::string_view label, const std::string& value,
            core::Style style = core::Style::kPlain) {
    const std::size_t width = output_.look().width == 0 ? 1000 : output_.look().width;
    const std::size_t room = width > kLabel + 20 ? width - kLabel - 2 : 20;
    std::string lines;
    // A reason of several lines stays one; what else is hidden in it becomes visible.
    for (std::string_view rest = value;;) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (!lines.empty()) lines += "\n" + std::string(kLabel + 2, ' ');
      std::string_view line = rest.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines += core::Wrap(core::EscapeForTerminal(line), room, kLabel + 2);
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
    text_ += fmt::format("  {}{}\n",
                         output_.Paint(fmt::format("{:<{}}", label, kLabel), core::Style::kDim),
                         output_.Paint(lines, style));
  }
  void Section(std::string_view title, const core::Table& table) {
    text_ += fmt::format("\n{}\n", output_.Paint(title, core::Style::kBold));
    core::TerminalLook look = output_.look();
    if (look.width > 2) look.width -= 2;
    const std::string rendered = core::RenderForPeople(table, look).text;
    for (std::string_view rest = rendered; !rest.empty();) {
      const std::size_t end = rest.find('\n') + 1;
      text_ += "  ";
      text_ += rest.substr(0, end);
      rest.remove_prefix(end);
    }
  }
  const std::string& text() const { return text_; }

 private:
  const Output& output_;
  std::string text_;
};

std::string When(const RequestFacts& facts, const char* column) {
  const auto instant = facts.request->Time(0, column);
  if (!instant) return "";
  return fmt::format("{} ({})", core::FormatRelative(*instant, facts.now),
                     core::FormatAbsolute(*instant));
}

// '2 of jit_approver, 1 of dba', for each rule that wants approvals.
std::string Needed(const RequestFacts& facts) {
  std::vector<std::string> parts;
  if (facts.requirements.is_array()) {
    for (const auto& one : facts.requirements) {
      if (!one.is_object()) continue;
      parts.push_back(
          fmt::format("{} by members of {}", one.value("approvals", 0), one.value("approver", "")));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void AppendRequest(Page& page, const RequestFacts& facts) {
  const core::Rows& r = *facts.request;
  std::string who = r.TextOr(0, "requester");
  if (r.Has("requester_exists") && !r.Bool(0, "requester_exists"))
    who += " (there is no such role any more)";
  if (r.Bool(0, "requester_is_superuser")) who += " (a superuser: may do it anyway)";
  if (const auto by = facts.Text("requested_by")) who += ", asked for by " + *by;
  page.Line("who", who, core::Style::kBold);
  page.Line("what", r.TextOr(0, "access"), core::Style::kBold);
  if (const auto statement = facts.Text("statement")) page.Line("for statement", *statement);
  const auto asked = r.Length(0, "duration");
  const auto approved = r.Length(0, "approved_duration");
  std::string length =
      core::FormatInterval(approved ? *approved : asked.value_or(core::Interval{}));
  if (approved && asked && !core::SameLength(*approved, *asked))
    length += fmt::format(", {} was asked for", core::FormatInterval(*asked));
  page.Line("for", length);
  page.Line("why", r.TextOr(0, "reason"));
  page.Line("ticket", facts.Text("ticket").value_or("none"));
  page.Line("asked", When(facts, "created_at"));
  if (facts.Text("starts_at")) page.Line("starts", When(facts, "starts_at"));
  if (facts.status() == "pending") page.Line("lapses", When(facts, "lapse_at"));
  if (facts.Text("decided_at")) page.Line("decided", When(facts, "decided_at"));
  if (facts.status() == "active" || facts.status() == "approved") {
    if (facts.Text("expires_at")) page.Line("expires", When(facts, "expires_at"));
  }
  if (facts.Text("ended_at")) {
    std::string end = When(facts, "ended_at");
    if (const auto by = facts.Text("ended_by")) end += " by " + *by;
    if (const auto why = facts.Text("end_reason")) end += ": " + *why;
    page.Line("ended", end);
  }
  std::vector<std::string> limits;
  if (r.Bool(0, "session_only")) limits.push_back("only the session that asked");
  if (const auto address = facts.Text("client_addr")) limits.push_back("only from " + *address);
  if (const auto extends = facts.Text("extends")) limits.push_back("extends request " + *extends);
  if (!limits.empty()) page.Line("limits", fmt::format("{}", fmt::join(limits, "; ")));
  if (r.Bool(0, "break_glass")) {
    page.Line("break-glass",
              r.Bool(0, "review_owed") ? "granted without approval; a review is owed"
                                       : "granted without approval; reviewed",
              core::Style::kBad);
  }
  page.Line("policy", facts.Text("policy").value_or("none matched: the built-in rule"));
  const std::string needed = Needed(facts);
  page.Line("approvals", fmt::format("{} given, needed: {}", r.TextOr(0, "approvals_given"),
                                     needed.empty() ? "none" : needed));
}

void ShowToPeople(const Output& output, const RequestFacts& facts) {
  Page page(output);
  page.Title(fmt::format(
      "{} {}", output.Paint("request " + facts.request->TextOr(0, "id"), core::Style::kBold),
      output.Paint(facts.status(), views::StyleOfStatus(facts.status()))));
  AppendRequest(page, facts);
  if (facts.approvals->rows() > 0) page.Section("Decisions so far", views::ApprovalsTable(facts));
  page.Section("What it opens", views::ObjectsTable(facts));
  const std::string earlier =
      "Earlier requests of " + core::EscapeForTerminal(facts.request->TextOr(0, "requester"));
  if (facts.earlier->empty()) {
    page.Title("\n" + output.Paint(earlier, core::Style::kBold) + "\n  none");
  } else {
    page.Section(earlier, views::EarlierTable(facts));
  }
  output.Write(page.text());
  if (facts.request->Bool(0, "reviewable")) {
    const std::string id = facts.request->TextOr(0, "id");
    PrintHint(fmt::format("jit-coordinator approve {0}, or jit-coordinator deny {0} -m WHY", id));
  } else if (facts.status() == "pending" && facts.request->Bool(0, "own")) {
    PrintNote("this is your own request: somebody else has to decide");
  }
}

ExitCode StatusCode(const std::string& status) {
  if (status == "active" || status == "approved") return ExitCode::kOk;
  return status == "pending" ? ExitCode::kPending : ExitCode::kFailed;
}

ExitCode Run(Invocation& invocation) {
  const Output output(invocation);
  const auto ids = invocation.RequestIds();
  if (ids.size() != 1) throw UsageError("one request at a time");
  const auto source = OpenSource(invocation);
  const RequestFacts facts = source->Request(ids.front());
  if (output.for_people()) {
    ShowToPeople(output, facts);
  } else if (output.form() == Form::kTsv) {
    const core::Table table = views::RequestColumns(facts);
    core::Table lines{{{"name", ""}, {"value", ""}}, {}};
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      lines.rows.push_back({core::Cell::Text(table.columns[i].name), table.rows[0][i]});
    }
    output.Print(lines);
  } else {
    output.Print(views::RequestJson(facts));
  }
  return invocation.Has("exit-status") ? StatusCode(facts.status()) : ExitCode::kOk;
}

}  // namespace

Command ShowCommand() {
  Command command{
      .name = "show",
      .usage = "ID [options]",
      .summary = "show one request in full, to decide on it",
      .details =
          "Who asks for what, how long and why, the policy that matched and who else must "
          "approve,\n"
          "what the grant would open, and what the same person asked for before.",
      .arguments = Arguments::kRequest,
      .statuses = "all",
      .options = {{"exit-status", 0, "",
                   "exit with 0 approved or active, 8 pending, 1 anything else"}},
      .examples = {"jit-coordinator show 12", "jit-coordinator show 12 --json | jq .objects"},
      .run = Run};
  AddOptionsOfEitherWay(command);
  return command;
}

}  // namespace jit::cli
