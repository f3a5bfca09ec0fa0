// `report`: for an auditor, who had what and when, and what they did with it.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/chain.h"
#include "cli/connect.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "report/read.h"
#include "report/render.h"

namespace jit::cli {
namespace {

constexpr std::chrono::hours kLongest{6};  // the chain of a long log takes its time
constexpr const char* kUsualPeriod = "30 days";

enum class ReportForm { kText, kHtml, kJson };

ReportForm ChooseForm(const Invocation& invocation) {
  const std::string named = invocation.Get("output").value_or("");
  if (invocation.Has("json")) {
    if (!named.empty() && named != "json")
      throw UsageError("--json and --output contradict each other");
    return ReportForm::kJson;
  }
  const std::string file = invocation.Get("out").value_or("");
  if (named == "html" || (named.empty() && (file.ends_with(".html") || file.ends_with(".htm"))))
    return ReportForm::kHtml;
  if (named == "json" || (named.empty() && file.ends_with(".json"))) return ReportForm::kJson;
  return ReportForm::kText;
}

// The caller's alone: statements are not for everybody.
void WriteFile(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto fail = [&] {
    throw std::runtime_error(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  };
  if (fd < 0) fail();
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0) {
      const int error = errno;
      ::close(fd);
      errno = error;
      fail();
    }
    done += static_cast<std::size_t>(written);
  }
  if (::close(fd) != 0) fail();
}

report::Chain CheckChain(Database& database) {
  report::Chain chain;
  try {
    const ChainState state = VerifyChain(database, std::nullopt);
    chain.state = state.first_bad ? report::Chain::State::kBroken : report::Chain::State::kIntact;
    chain.checked = state.checked;
    chain.first_bad = state.first_bad;
    chain.head = state.head;
  } catch (const pg::Error& error) {
    if (error.connection_lost()) throw;
    chain.why_unknown = error.what();
  }
  return chain;
}

ExitCode Run(Invocation& invocation) {
  invocation.NoArguments();
  const ReportForm form = ChooseForm(invocation);
  auto since = ReadMoment(invocation, "since");
  auto until = ReadMoment(invocation, "until");
  if (!since) since = core::ParseMoment(kUsualPeriod);
  if (!until) until = core::ParseMoment("0s");
  Database database = Open(invocation, kLongest);
  pg::Session& session = *database.session;
  report::Report report =
      report::Read(session, Resolve(session, since).value_or(""),
                   Resolve(session, until).value_or(""), invocation.Get("person"));
  if (report.since >= report.until) throw UsageError("--since is not before --until");
  if (invocation.Has("no-verify")) {
    report.chain.why_unknown = "--no-verify";
  } else {
    report.chain = CheckChain(database);
  }

  const std::string file = invocation.Get("out").value_or("");
  std::string text;
  if (form == ReportForm::kHtml) {
    text = report::RenderHtml(report);
  } else if (form == ReportForm::kJson) {
    text = report::RenderJson(report).dump(2, ' ', file.empty(),
                                           core::Json::error_handler_t::replace) +
           "\n";
  } else {
    core::TerminalLook look{0, false};
    if (file.empty()) look = TerminalLookOfStdout();
    text = report::RenderText(report, look);
  }
  if (file.empty()) {
    WriteToStdout(text);
  } else {
    WriteFile(file, text);
    PrintNote(fmt::format("{}: {} requests, {} to {}", file, report.requests.size(),
                          core::FormatRfc3339(report.since), core::FormatRfc3339(report.until)));
  }
  return ExitCode::kOk;
}

}  // namespace

Command ReportCommand() {
  Command command{
      .name = "report",
      .usage = "[options]",
      .summary = "report on a period for an auditor: who had what, and what they did with it",
      .details =
          "Requests and grants with who decided and how long they were held; what was run under "
          "each;\n"
          "break-glass uses and their reviews; grants never used; refused attempts; masked columns "
          "seen\n"
          "raw; standing privileges; changed policies and masks; and whether the log is intact. As "
          "HTML it is\n"
          "one page that needs nothing else, with charts. It takes a member of jit_auditor.",
      .options = {{"since", 0, "WHEN", "from then on (30d): so long ago, or a time in UTC"},
                  {"until", 0, "WHEN", "up to then (now)"},
                  {"person", 'p', "ROLE", "only of this login"},
                  {"output",
                   'o',
                   "FORM",
                   "text, html or json; by the name of --out, otherwise text",
                   {"text", "html", "json"}},
                  {"json", 0, "", "the same as --output json"},
                  {"out", 0, "FILE", "write it there, readable by you alone"},
                  {"no-verify", 0, "", "do not check the chain, which takes long on a long log"}},
      .examples = {"jit-coordinator report -d shop --since 2026-10-01 --until 2026-11-01 --out "
                   "october.html",
                   "jit-coordinator report --person alice --since 7d"},
      .run = Run};
  for (Option& option : ConnectionOptions()) command.options.push_back(std::move(option));
  return command;
}

}  // namespace jit::cli
