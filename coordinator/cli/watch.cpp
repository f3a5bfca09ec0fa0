#include "cli/watch.h"

#include <unistd.h>

namespace jit::cli {
namespace {

constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J\x1b[3J";

}  // namespace

Watch::Watch(const Invocation& invocation, const Output& output)
    : output_(output),
      on_(invocation.Has("watch")),
      interval_(invocation.Wait("interval", std::chrono::milliseconds{2000})) {
  if (!on_ && invocation.Has("interval")) throw UsageError("--interval goes with --watch");
  if (on_ && output_.form() != Form::kJson && ::isatty(STDOUT_FILENO) == 0) {
    throw UsageError("--watch needs a terminal, or --json");
  }
  if (on_ && output_.form() == Form::kTsv) throw UsageError("--watch shows a table or --json");
}

void Watch::Show(Source& source, std::string_view where_whole,
                 const std::function<core::Table()>& read) const {
  if (!on_) {
    output_.Print(read(), where_whole);
    return;
  }
  source.BeginWatching();
  core::Json last;
  while (true) {
    const core::Table table = read();
    if (output_.for_people()) {
      output_.Write(kClearScreen);
      output_.Print(table);
    } else if (core::Json now = core::RenderJson(table); now != last) {
      output_.Write(now.dump(-1, ' ', false, core::Json::error_handler_t::replace) + "\n");
      last = std::move(now);
    }
    source.AwaitChange(interval_);
  }
}

}  // namespace jit::cli
