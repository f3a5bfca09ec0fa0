// `show`: all that an approver needs to decide on one request.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/connect.h"
#include "cli/output.h"
#include "cli/request_view.h"
#include "core/text.h"

namespace jit::cli {
namespace {

using core::Cell;
using core::Json;

constexpr std::size_t kLabel = 14;
constexpr int kEarlier = 5;

// What is shown of one request, read in one go.
struct Facts {
  core::Instant now;
  pg::Result request;
  pg::Result approvals;
  pg::Result objects;
  pg::Result earlier;

  std::optional<std::string> Text(const char* column) const { return request.Text(0, column); }
  std::string status() const { return request.TextOr(0, "status"); }
};

Facts Read(pg::Session& session, std::int64_t id) {
  const std::string number = fmt::to_string(id);
  pg::Result request = session.Query(
      "SELECT r.*, p.id IS NOT NULL AS reviewable, r.requester = session_user AS own,"
      "       m.oid IS NOT NULL AS requester_exists, m.rolsuper AS requester_is_superuser"
      " FROM jit.visible_requests r LEFT JOIN jit.pending p ON p.id = r.id"
      " LEFT JOIN pg_catalog.pg_roles m ON m.rolname = r.requester WHERE r.id = $1",
      {number});
  if (request.empty()) {
    throw pg::Error(pg::Error::Kind::kStatement,
                    {"42704", fmt::format("request {} does not exist", id), "",
                     "You see your own requests, and as an approver or auditor all.", false});
  }
  return {
      session.Now(), std::move(request),
      session.Query("SELECT * FROM jit.request_approvals($1)", {number}),
      session.Query("SELECT * FROM jit.request_objects($1)", {number}),
      session.Query(
          "SELECT o.id, o.status, o.access, coalesce(o.approved_duration, o.duration) AS duration,"
          " o.reason, o.ticket, o.created_at"
          " FROM jit.visible_requests o JOIN jit.visible_requests r ON r.id = $1"
          " WHERE o.requester = r.requester AND o.id < r.id ORDER BY o.id DESC LIMIT $2",
          {number, fmt::to_string(kEarlier)})};
}

core::Table ApprovalsTable(const Facts& facts) {
  core::Table table{{{"approver", "APPROVER"},
                     {"decision", "DECISION"},
                     {"duration", "FOR"},
                     {"decided_at", "WHEN"},
                     {"comment", "COMMENT", false, true}},
                    {}};
  for (int row = 0; row < facts.approvals.rows(); ++row) {
    const std::string decision = facts.approvals.TextOr(row, "decision");
    table.rows.push_back(
        {Cell::Text(facts.approvals.Text(row, "approver")),
         Cell::Text(decision, decision == "approve" ? core::Style::kGood : core::Style::kBad),
         Cell::Length(facts.approvals.Length(row, "duration")),
         Cell::Time(facts.approvals.Time(row, "decided_at"), facts.now),
         Cell::Text(facts.approvals.Text(row, "comment"))});
  }
  return table;
}

core::Table ObjectsTable(const Facts& facts) {
  core::Table table{{{"relation", "RELATION", false, true},
                     {"kind", "KIND"},
                     {"privileges", "PRIVILEGES"},
                     {"columns", "COLUMNS", false, true},
                     {"estimated_rows", "ROWS (EST.)", true},
                     {"size_bytes", "SIZE", true},
                     {"present", ""}},
                    {}};
  for (int row = 0; row < facts.objects.rows(); ++row) {
    const bool present = facts.objects.Bool(row, "present");
    Cell relation = Cell::Text(facts.objects.Text(row, "relation"));
    if (!present) {
      relation.human += " (no longer what was asked for)";
      relation.style = core::Style::kBad;
    }
    Cell columns = Cell::List(facts.objects.List(row, "columns"));
    if (columns.json.is_null()) columns.human = "all";
    table.rows.push_back({relation, Cell::Text(facts.objects.Text(row, "kind")),
                          Cell::List(facts.objects.List(row, "privileges")), columns,
                          Cell::Number(facts.objects.Integer(row, "estimated_rows")),
                          Cell::Bytes(facts.objects.Integer(row, "size_bytes")),
                          Cell::Bool(present)});
  }
  return table;
}

core::Table EarlierTable(const Facts& facts) {
  core::Table table{{{"id", "ID", true},
                     {"status", "STATUS"},
                     {"access", "ACCESS", false, true},
                     {"duration", "FOR"},
                     {"created_at", "ASKED"},
                     {"reason", "REASON", false, true},
                     {"ticket", ""}},
                    {}};
  for (int row = 0; row < facts.earlier.rows(); ++row) {
    Cell id = Cell::Number(facts.earlier.Integer(row, "id"));
    id.human = id.plain;
    table.rows.push_back({id, StatusCell(facts.earlier.TextOr(row, "status")),
                          Cell::Text(facts.earlier.Text(row, "access")),
                          Cell::Length(facts.earlier.Length(row, "duration")),
                          Cell::Time(facts.earlier.Time(row, "created_at"), facts.now),
                          Cell::Text(facts.earlier.Text(row, "reason")),
                          Cell::Text(facts.earlier.Text(row, "ticket"))});
  }
  return table;
}

// One line for scripts and one member in JSON: the columns of the request as they are.
core::Table Plain(const Facts& facts) {
  core::Table table{{}, {{}}};
  const auto add = [&](const char* name, Cell cell) {
    table.columns.push_back({name, ""});
    table.rows[0].push_back(std::move(cell));
  };
  const pg::Result& r = facts.request;
  add("id", Cell::Number(r.Integer(0, "id")));
  for (const char* name : {"status", "requester", "access", "asked", "statement"})
    add(name, Cell::Text(r.Text(0, name)));
  add("duration", Cell::Length(r.Length(0, "duration")));
  add("approved_duration", Cell::Length(r.Length(0, "approved_duration")));
  for (const char* name : {"reason", "ticket", "policy"}) add(name, Cell::Text(r.Text(0, name)));
  add("approver_roles", Cell::List(r.List(0, "approver_roles")));
  add("approvals_needed", Cell::Number(r.Integer(0, "approvals_needed")));
  add("approvals_given", Cell::Number(r.Integer(0, "approvals_given")));
  for (const char* name : {"created_at", "decided_at", "starts_at", "lapse_at", "pushed_at",
                           "expires_at", "ended_at"}) {
    add(name, Cell::Time(r.Time(0, name), facts.now));
  }
  for (const char* name : {"ended_by", "end_reason", "client_addr"})
    add(name, Cell::Text(r.Text(0, name)));
  for (const char* name : {"session_only", "break_glass", "review_owed", "reviewable"})
    add(name, Cell::Bool(r.Bool(0, name)));
  add("extends", Cell::Number(r.Integer(0, "extends")));
  return table;
}

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

std::string When(const Facts& facts, const char* column) {
  const auto instant = facts.request.Time(0, column);
  if (!instant) return "";
  return fmt::format("{} ({})", core::FormatRelative(*instant, facts.now),
                     core::FormatAbsolute(*instant));
}

// '2 of jit_approver, 1 of dba', for each rule that wants approvals.
std::string Needed(const Facts& facts) {
  std::vector<std::string> parts;
  const auto requirements =
      nlohmann::json::parse(facts.request.TextOr(0, "requirements", "[]"), nullptr, false);
  if (requirements.is_array()) {
    for (const auto& one : requirements) {
      if (!one.is_object()) continue;
      parts.push_back(
          fmt::format("{} by members of {}", one.value("approvals", 0), one.value("approver", "")));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void AppendRequest(Page& page, const Facts& facts) {
  const pg::Result& r = facts.request;
  std::string who = r.TextOr(0, "requester");
  if (!r.Bool(0, "requester_exists")) who += " (there is no such role any more)";
  if (r.Bool(0, "requester_is_superuser")) who += " (a superuser: may do it anyway)";
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

void ShowToPeople(const Output& output, const Facts& facts) {
  Page page(output);
  page.Title(fmt::format(
      "{} {}", output.Paint("request " + facts.request.TextOr(0, "id"), core::Style::kBold),
      output.Paint(facts.status(), StyleOfStatus(facts.status()))));
  AppendRequest(page, facts);
  if (facts.approvals.rows() > 0) page.Section("Decisions so far", ApprovalsTable(facts));
  page.Section("What it opens", ObjectsTable(facts));
  const std::string earlier =
      "Earlier requests of " + core::EscapeForTerminal(facts.request.TextOr(0, "requester"));
  if (facts.earlier.empty()) {
    page.Title("\n" + output.Paint(earlier, core::Style::kBold) + "\n  none");
  } else {
    page.Section(earlier, EarlierTable(facts));
  }
  output.Write(page.text());
  if (facts.request.Bool(0, "reviewable")) {
    const std::string id = facts.request.TextOr(0, "id");
    PrintHint(fmt::format("jit-coordinator approve {0}, or jit-coordinator deny {0} -m WHY", id));
  } else if (facts.status() == "pending" && facts.request.Bool(0, "own")) {
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
  Database database = Open(invocation);
  const Facts facts = Read(*database.session, ids.front());
  if (output.for_people()) {
    ShowToPeople(output, facts);
  } else if (output.form() == Form::kTsv) {
    const core::Table table = Plain(facts);
    core::Table lines{{{"name", ""}, {"value", ""}}, {}};
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      lines.rows.push_back({Cell::Text(table.columns[i].name), table.rows[0][i]});
    }
    output.Print(lines);
  } else {
    Json document = core::RenderJson(Plain(facts))[0];
    document["requirements"] =
        Json::parse(facts.request.TextOr(0, "requirements", "[]"), nullptr, false);
    document["approvals"] = core::RenderJson(ApprovalsTable(facts));
    document["objects"] = core::RenderJson(ObjectsTable(facts));
    document["earlier"] = core::RenderJson(EarlierTable(facts));
    output.Print(document);
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
  for (auto* more : {+OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
  return command;
}

}  // namespace jit::cli
