// `audit`: what was asked for, decided and run, out of the log that nothing erases.
#include <fmt/format.h>

#include <thread>

#include "cli/moment.h"
#include "cli/output.h"
#include "cli/source.h"
#include "core/csv.h"

namespace jit::cli {
namespace {

constexpr std::chrono::seconds kPoll{1};

const std::vector<std::string> kKinds{"requested",
                                      "approved",
                                      "denied",
                                      "cancelled",
                                      "lapsed",
                                      "granted",
                                      "started",
                                      "expired",
                                      "revoked",
                                      "pending",
                                      "break_glass",
                                      "reviewed",
                                      "policy_changed",
                                      "mask_changed",
                                      "mask_class_changed",
                                      "trusted_function_changed",
                                      "setting_changed",
                                      "membership_changed",
                                      "statement",
                                      "statement_begun",
                                      "statement_ended",
                                      "statement_cancelled",
                                      "statement_refused",
                                      "transaction_committed",
                                      "transaction_rolled_back",
                                      "transaction_prepared",
                                      "audit_started",
                                      "events_rolled_back",
                                      "audit_detached"};

AuditSearch ReadSearch(const Invocation& invocation) {
  AuditSearch search;
  views::AuditFilter& filter = search.filter;
  filter.person = invocation.Get("person");
  if (invocation.Has("request"))
    filter.request = fmt::to_string(invocation.Integer("request", 0, 1, INT64_MAX));
  search.relation = invocation.Get("relation");
  search.since = ReadMoment(invocation, "since");
  search.until = ReadMoment(invocation, "until");
  search.follow = invocation.Has("follow");
  filter.outcome = invocation.Get("outcome");
  filter.kind = invocation.Get("kind");
  filter.raw_columns = invocation.Has("raw-columns");
  filter.log = invocation.Has("log") || filter.kind;
  filter.limit = invocation.Integer("limit", 100, 1, 1'000'000);
  if (filter.log && filter.outcome)
    throw UsageError("--outcome is of statements; of the raw log choose by --kind");
  if (invocation.Has("follow")) {
    if (invocation.Has("until"))
      throw UsageError("--follow goes on without an end; --until has one");
    if (filter.outcome == "running" || filter.outcome == "unknown")
      throw UsageError("--follow shows statements when they have ended");
  }
  return search;
}

// Table after table below each other, as one: the header only once, one object a line in JSON.
class Lines {
 public:
  Lines(const Output& output, bool log) : output_(output), log_(log) {}

  void Print(const std::vector<core::AuditEntry>& entries) {
    const core::Table table = views::AuditTable(entries, log_);
    switch (output_.form()) {
      case Form::kTable: {
        core::TerminalLook look = output_.look();
        look.header = first_;
        output_.Write(core::RenderForPeople(table, look).text);
        break;
      }
      case Form::kTsv:
        output_.Write(core::RenderTsv(table));
        break;
      case Form::kCsv:
        output_.Write(core::RenderCsv(table, first_));
        break;
      case Form::kJson:
        for (std::size_t row = 0; row < table.rows.size(); ++row)
          output_.PrintLine(core::RenderJson(table, row));
        break;
    }
    first_ = false;
  }

 private:
  const Output& output_;
  const bool log_;
  bool first_ = true;
};

void ShowOnce(const Output& output, const std::vector<core::AuditEntry>& entries, bool log) {
  const core::Table table = views::AuditTable(entries, log);
  if (table.rows.empty() && output.for_people()) {
    PrintNote("nothing in the log matches");
    return;
  }
  output.Print(table, "--json shows everything of each.");
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const AuditSearch search = ReadSearch(invocation);
  const views::AuditFilter& filter = search.filter;
  const auto source = OpenSource(invocation);
  const auto feed = source->Audit(search);
  if (!feed->ReadsLog()) {
    if (filter.log || invocation.Has("follow")) {
      throw pg::Error(pg::Error::Kind::kStatement,
                      {"42501", "permission denied for the audit log", "",
                       "It takes a member of jit_auditor. Without --log and --follow you see your "
                       "own statements.",
                       false});
    }
    PrintNote("you see your own statements; the rest of the log is for members of jit_auditor");
  }
  const views::AuditPage newest = feed->Newest();
  if (!invocation.Has("follow")) {
    ShowOnce(output, newest.entries, filter.log);
    if (newest.more)
      PrintNote(fmt::format("there are more than {}; --limit shows them", filter.limit));
    return ExitCode::kOk;
  }
  Lines lines(output, filter.log);
  lines.Print(newest.entries);
  while (true) {
    const auto next = feed->Following();
    if (next.empty()) {
      std::this_thread::sleep_for(kPoll);
    } else {
      lines.Print(next);
    }
  }
}

}  // namespace

Command AuditCommand() {
  Command command{
      .name = "audit",
      .usage = "[options]",
      .summary = "search the audit log: who ran what, who decided what",
      .details =
          "The newest entries, in the order in which they happened: statements with how they "
          "ended, "
          "and\n"
          "what was done to requests, policies, masks and settings. It takes a member of "
          "jit_auditor;\n"
          "anybody else sees their own statements. A point in time is so long ago (2h, 7d) or a\n"
          "timestamp, in UTC unless it says otherwise ('2026-11-25', '2026-11-25 14:30+01').\n"
          "--follow shows a statement once, when it has ended; with --log every record.\n"
          "In --csv a text that begins like a formula has an apostrophe in front.",
      .options = {{"person", 'p', "ROLE",
                   "only of this login; of events also those on its requests"},
                  {"request", 'r', "ID", "only under or about this request"},
                  {"relation", 0, "NAME",
                   "only statements on it, as schema.name; * and ? match any"},
                  {"since", 0, "WHEN", "not older"},
                  {"until", 0, "WHEN", "only older"},
                  {"outcome", 0, "OUTCOME", "only statements that ended so", views::kAuditOutcomes},
                  {"raw-columns", 0, "", "only statements that saw masked columns raw"},
                  {"log", 0, "", "the records of the log itself, with their hashes"},
                  {"kind", 'k', "KIND", "only records of this kind; means --log", kKinds},
                  {"limit", 'L', "N", "at most so many (100)"},
                  {"follow", 'f', "",
                   "go on with what is new, until Ctrl-C; with --json one object "
                   "a line"},
                  {"csv", 0, "", "comma-separated, with a header (RFC 4180)"}},
      .examples = {"jit-coordinator audit --person alice --since 2h",
                   "jit-coordinator audit --relation 'sales.*' --raw-columns --csv > seen.csv",
                   "jit-coordinator audit --follow --json | jq -c 'select(.what == \"refused\")'"},
      .run = Run};
  AddOptionsOfEitherWay(command);
  return command;
}

}  // namespace jit::cli
