// --watch: the same table again whenever something changed.
#pragma once

#include <functional>
#include <string_view>

#include "cli/output.h"
#include "cli/source.h"

namespace jit::cli {

class Watch {
 public:
  // Throws UsageError for what cannot be watched.
  Watch(const Invocation& invocation, const Output& output);

  // Once, or with --watch until the caller is interrupted.
  void Show(Source& source, std::string_view where_whole,
            const std::function<core::Table()>& read) const;

 private:
  const Output& output_;
  bool on_;
  std::chrono::milliseconds interval_;
};

}  // namespace jit::cli
