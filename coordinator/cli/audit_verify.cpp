// `audit verify`: is the chain of the audit log whole, and is it the one that was anchored?
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "cli/chain.h"
#include "cli/connect.h"
#include "cli/output.h"
#include "core/anchor_file.h"
#include "core/text.h"

namespace jit::cli {
namespace {

using core::Json;

constexpr std::chrono::hours kLongest{6};  // a long log takes its time

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad()) throw UsageError(fmt::format("{} cannot be read", path), "");
  return text.str();
}

struct Anchors {
  core::AnchorFile file;
  core::AnchorReport report;
};

Anchors Compare(const Invocation& invocation, pg::Session& session, const std::string& text) {
  const core::ChainPlace place{TargetName(invocation), session.connection().database(),
                               SystemIdentifier(session)};
  Anchors out{core::ReadAnchors(text, place, invocation.Has("any-cluster")), {}};
  out.report = core::CompareAnchors(out.file, ChainNowAt(session, out.file));
  return out;
}

core::Table FindingsTable(const core::AnchorReport& report) {
  core::Table table{{{"line", "LINE", true},
                     {"time", "ANCHORED"},
                     {"seq", "ROW", true},
                     {"finding", "FINDING"},
                     {"hash", "", false, true}},
                    {}};
  for (const auto& finding : report.findings) {
    core::Cell line = core::Cell::Null();
    if (finding.line != 0) line = core::Cell::Number(static_cast<std::int64_t>(finding.line));
    core::Cell seq = core::Cell::Null();
    core::Cell time = core::Cell::Null();
    core::Cell hash = core::Cell::Null();
    if (finding.anchor) {
      seq = core::Cell::Number(finding.anchor->head.seq);
      time = core::Cell::At(finding.anchor->time);
      hash = core::Cell::Text(finding.anchor->head.hash);
    }
    table.rows.push_back(
        {line, time, seq, core::Cell::Text(finding.text, core::Style::kBad), hash});
  }
  return table;
}

Json Document(const ChainState& chain, const std::optional<Anchors>& anchors, bool intact) {
  Json document = ChainJson(chain);
  if (anchors) {
    document["anchors"] = Json{{"compared", anchors->report.compared},
                               {"cut_off", anchors->report.cut_off},
                               {"of_other_clusters", anchors->file.of_other_clusters},
                               {"of_others", anchors->file.of_others},
                               {"findings", core::RenderJson(FindingsTable(anchors->report))}};
  }
  document["intact"] = intact;
  return document;
}

// A line each, the verdict first.
void Tell(const Output& output, const ChainState& chain, const std::optional<Anchors>& anchors) {
  const auto say = [&](const std::string& text, core::Style style) {
    output.Write(output.Paint(text, style) + "\n");
  };
  if (chain.first_bad) {
    say(fmt::format("not intact: row {} is not what the chain says ({} rows checked)",
                    core::FormatCount(*chain.first_bad), core::FormatCount(chain.checked)),
        core::Style::kBad);
  } else {
    say(fmt::format("intact: {} rows checked, each follows from the one before",
                    core::FormatCount(chain.checked)),
        core::Style::kGood);
  }
  if (chain.head.seq > 0 && chain.partition.empty()) {
    say(fmt::format("head:   row {}, {}", core::FormatCount(chain.head.seq), chain.head.hash),
        core::Style::kPlain);
  }
  if (!anchors) return;
  const core::AnchorReport& report = anchors->report;
  if (report.findings.empty()) {
    say(fmt::format("anchors: {} compared, all match",
                    core::FormatCount(static_cast<std::int64_t>(report.compared))),
        core::Style::kGood);
  } else {
    say(fmt::format("anchors: {} compared, {} findings", report.compared, report.findings.size()),
        core::Style::kBad);
    output.Write(core::RenderForPeople(FindingsTable(report), output.look()).text);
  }
  if (report.cut_off > 0) {
    PrintNote(
        fmt::format("{} anchors are of rows that left the log with detached partitions: not "
                    "compared",
                    report.cut_off));
  }
  if (anchors->file.of_other_clusters > 0) {
    PrintNote(
        fmt::format("{} lines are of a database of this name in another cluster: not compared",
                    anchors->file.of_other_clusters));
    PrintHint("--any-cluster compares them too: after pg_upgrade the same log has a new cluster.");
  }
}

core::Table Lines(const ChainState& chain, const std::optional<Anchors>& anchors, bool intact) {
  core::Table table{{{"name", ""}, {"value", ""}}, {}};
  const auto add = [&](const char* name, core::Cell value) {
    table.rows.push_back({core::Cell::Text(std::string(name)), std::move(value)});
  };
  add("intact", core::Cell::Bool(intact));
  add("checked", core::Cell::Number(chain.checked));
  add("first_bad", core::Cell::Number(chain.first_bad));
  add("head_seq", core::Cell::Number(chain.head.seq));
  add("head_hash", core::Cell::Text(chain.head.hash));
  if (!anchors) return table;
  add("anchors_compared", core::Cell::Number(static_cast<std::int64_t>(anchors->report.compared)));
  for (const auto& finding : anchors->report.findings)
    add("finding", core::Cell::Text(fmt::format("line {}: {}", finding.line, finding.text)));
  return table;
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  if (invocation.Has("partition") && invocation.Has("anchor"))
    throw UsageError("--anchor is of the whole log, not of one partition");
  if (invocation.Has("any-cluster") && !invocation.Has("anchor"))
    throw UsageError("--any-cluster goes with --anchor");
  std::string text;
  if (const auto path = invocation.Get("anchor")) text = ReadFile(*path);

  Database database = Open(invocation, kLongest);
  const ChainState chain = VerifyChain(database, invocation.Get("partition"));
  std::optional<Anchors> anchors;
  if (invocation.Has("anchor")) anchors = Compare(invocation, *database.session, text);

  const bool intact = !chain.first_bad && (!anchors || anchors->report.findings.empty());
  switch (output.form()) {
    case Form::kJson:
      output.Print(Document(chain, anchors, intact));
      break;
    case Form::kTable:
      Tell(output, chain, anchors);
      break;
    case Form::kTsv:
    case Form::kCsv:
      output.Print(Lines(chain, anchors, intact));
      break;
  }
  return intact ? ExitCode::kOk : ExitCode::kNotIntact;
}

}  // namespace

Command AuditVerifyCommand() {
  Command command{
      .name = "audit verify",
      .usage = "[options]",
      .summary = "check that no row of the audit log was altered or removed",
      .details =
          "Each row holds the hash of the one before; the database computes them all again. That "
          "shows a\n"
          "row that was altered, removed or put in. Somebody who may do that may also write the "
          "whole\n"
          "chain anew: --anchor compares it with what the daemon wrote down outside the "
          "database.\n"
          "Exits with 9 where something does not match. It takes a member of jit_auditor.",
      .options = {{"anchor", 'a', "FILE", "compare with the anchors in this file"},
                  {"any-cluster", 0, "",
                   "also with those of another cluster's database of this name"},
                  {"partition", 0, "NAME", "only this partition, attached or detached"}},
      .examples = {"jit-coordinator audit verify -d shop --anchor "
                   "/var/lib/jit-coordinator/anchors.jsonl"},
      .run = Run};
  for (auto* more : {+OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
  return command;
}

}  // namespace jit::cli
