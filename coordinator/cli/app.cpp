#include "cli/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdio>

#include "cli/invocation.h"
#include "cli/output.h"
#include "client/error.h"
#include "pg/error.h"

namespace jit::cli {
namespace {

ExitCode ExitCodeOf(const pg::Error& error) {
  switch (error.kind()) {
    case pg::Error::Kind::kTimeout:
      return ExitCode::kTimedOut;
    case pg::Error::Kind::kConnection:
      return core::ExitCodeFor(error.sqlstate());
    case pg::Error::Kind::kStatement:
      return error.sqlstate().empty() ? ExitCode::kFailed : core::ExitCodeFor(error.sqlstate());
  }
  return ExitCode::kFailed;
}

ExitCode Dispatch(const std::vector<std::string>& words) {
  static constexpr std::array kHelp{"--help", "-h"};
  const auto is_help = [](const std::string& word) {
    return std::find(kHelp.begin(), kHelp.end(), word) != kHelp.end();
  };
  if (!words.empty() && is_help(words.front())) {
    fmt::print("{}", Overview());
    return ExitCode::kOk;
  }
  if (!words.empty() && words.front() == "--version") return Dispatch({"version"});
  const Located located = Locate(words);
  // Help is given whatever else stands on the line.
  if (std::any_of(located.words.begin(), located.words.end(), is_help)) {
    fmt::print("{}", HelpFor(*located.command));
    return ExitCode::kOk;
  }
  Invocation invocation(*located.command, located.words);
  return located.command->run(invocation);
}

}  // namespace

int Main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    return static_cast<int>(Dispatch(words));
  } catch (const UsageError& error) {
    PrintError(error.what(), error.hint());
    return static_cast<int>(ExitCode::kUsage);
  } catch (const pg::Error& error) {
    PrintError(error.fields());
    return static_cast<int>(ExitCodeOf(error));
  } catch (const client::Error& error) {
    PrintError(error.fields());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    PrintError(error.what());
    return static_cast<int>(ExitCode::kFailed);
  }
}

}  // namespace jit::cli
