#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/csv.h"
#include "core/look.h"
#include "core/text.h"

namespace jit::cli {
namespace {

const char* Environment(const char* name) { return std::getenv(name); }

std::size_t TerminalWidth() {
  if (const char* columns = std::getenv("COLUMNS")) {
    std::size_t width = 0;
    const auto [end, error] = std::from_chars(columns, columns + std::strlen(columns), width);
    if (error == std::errc{} && *end == '\0' && width >= 20) return width;
  }
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return 0;
}

Form ChooseForm(const Invocation& invocation) {
  if (invocation.Has("csv")) {
    if (invocation.Has("json") || invocation.Has("output"))
      throw UsageError("--csv contradicts the other form asked for");
    return Form::kCsv;
  }
  if (invocation.Has("json")) {
    if (invocation.Has("output") && invocation.Get("output") != "json") {
      throw UsageError("--json and --output contradict each other");
    }
    return Form::kJson;
  }
  const std::string named = invocation.Get("output").value_or("");
  if (named == "json") return Form::kJson;
  if (named == "tsv") return Form::kTsv;
  if (named == "table") return Form::kTable;
  return ::isatty(STDOUT_FILENO) != 0 ? Form::kTable : Form::kTsv;
}

// Escaped to ASCII on a terminal, where what is not might be hostile.
std::string Dumped(const core::Json& document, int indent) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  return document.dump(indent, ' ', terminal, core::Json::error_handler_t::replace) + "\n";
}

void PrintLabelled(std::string_view label, core::Style style, std::string_view text) {
  const bool colour = core::UseColour(Environment, StderrIsTerminal());
  fmt::print(stderr, "{} {}\n", core::Paint(label, style, colour),
             core::EscapeForTerminal(text, true));
}

}  // namespace

Output::Output(const Invocation& invocation) : form_(ChooseForm(invocation)) {
  look_ = TerminalLookOfStdout();
}

void Output::Print(const core::Table& table, std::string_view where_whole) const {
  switch (form_) {
    case Form::kJson:
      Print(core::RenderJson(table));
      return;
    case Form::kTsv:
      Write(core::RenderTsv(table));
      return;
    case Form::kCsv:
      Write(core::RenderCsv(table));
      return;
    case Form::kTable:
      break;
  }
  const core::RenderedTable rendered = core::RenderForPeople(table, look_);
  Write(rendered.text);
  if (rendered.cut && !where_whole.empty()) PrintHint(where_whole);
}

void Output::Print(const core::Json& document) const { Write(Dumped(document, 2)); }
void Output::PrintLine(const core::Json& document) const { Write(Dumped(document, -1)); }

void Output::Write(std::string_view text) const { WriteToStdout(text); }

core::TerminalLook TerminalLookOfStdout() {
  core::TerminalLook look;
  look.colour = core::UseColour(Environment, ::isatty(STDOUT_FILENO) != 0);
  look.width = TerminalWidth();
  return look;
}

void WriteToStdout(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw std::runtime_error(fmt::format("cannot write the answer: {}", std::strerror(errno)));
  }
}

void PrintError(const pg::ErrorFields& error, std::string_view context) {
  std::string message =
      context.empty() ? error.message : fmt::format("{}: {}", context, error.message);
  if (!error.sqlstate.empty()) message += fmt::format(" (SQLSTATE {})", error.sqlstate);
  PrintLabelled("error:", core::Style::kBad, message);
  if (!error.detail.empty()) PrintLabelled("detail:", core::Style::kPlain, error.detail);
  if (!error.hint.empty()) PrintHint(error.hint);
}

void PrintError(std::string_view message, std::string_view hint) {
  PrintLabelled("error:", core::Style::kBad, message);
  if (!hint.empty()) PrintHint(hint);
}

void PrintHint(std::string_view hint) { PrintLabelled("hint:", core::Style::kDim, hint); }

void PrintNote(std::string_view note) {
  fmt::print(stderr, "{}\n", core::EscapeForTerminal(note, true));
}

void PrintNotice(const pg::ErrorFields& notice) {
  PrintLabelled("notice:", core::Style::kWarning, notice.message);
}

bool StdinIsTerminal() { return ::isatty(STDIN_FILENO) != 0; }
bool StderrIsTerminal() { return ::isatty(STDERR_FILENO) != 0; }

}  // namespace jit::cli
