// The daemon's log: one line an event, logfmt or JSON, to stderr. No line holds a password.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace jit::run {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kLogfmt, kJson };

// A field without a value is left out of the line.
struct Field {
  std::string_view key;
  std::string value;
};
using Fields = std::initializer_list<Field>;

// From the words of the configuration.
void SetUpLog(const std::string& level, const std::string& format);

void Log(Level level, std::string_view message, Fields fields = {});

// The line as written, without the newline. `time` is RFC 3339.
std::string FormatLine(LogFormat format, std::string_view time, Level level,
                       std::string_view message, Fields fields);

}  // namespace jit::run
