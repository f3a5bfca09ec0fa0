#include "run/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "core/redact.h"
#include "core/text.h"
#include "core/timestamp.h"

namespace jit::run {
namespace {

LogFormat current_format = LogFormat::kLogfmt;

std::string_view NameOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "info";
}

spdlog::level::level_enum SpdlogLevel(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Bare where no reader could misread it, else in quotes with everything escaped.
void AppendLogfmt(std::string& out, std::string_view key, std::string_view value) {
  if (!out.empty()) out += ' ';
  out.append(key) += '=';
  const std::string safe = core::EscapeForTerminal(value);
  if (!safe.empty() && safe.find_first_of(" =\"\\") == std::string::npos) {
    out += safe;
    return;
  }
  out += '"';
  for (const char c : safe) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

void SetUpLog(const std::string& level, const std::string& format) {
  auto logger = spdlog::get("jit-coordinator");
  if (!logger) {
    logger = spdlog::stderr_logger_mt("jit-coordinator");
    logger->set_pattern("%v");
    logger->flush_on(spdlog::level::debug);
  }
  logger->set_level(spdlog::level::from_str(level));
  current_format = format == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
}

std::string FormatLine(LogFormat format, std::string_view time, Level level,
                       std::string_view message, Fields fields) {
  if (format == LogFormat::kJson) {
    nlohmann::ordered_json line;
    line["time"] = time;
    line["level"] = NameOf(level);
    line["msg"] = core::Redact(message);
    for (const Field& field : fields) {
      if (!field.value.empty()) line[std::string(field.key)] = core::Redact(field.value);
    }
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  std::string line;
  AppendLogfmt(line, "time", time);
  AppendLogfmt(line, "level", NameOf(level));
  line += " msg=\"" + core::EscapeForTerminal(core::Redact(message)) + "\"";
  for (const Field& field : fields) {
    if (!field.value.empty()) AppendLogfmt(line, field.key, core::Redact(field.value));
  }
  return line;
}

void Log(Level level, std::string_view message, Fields fields) {
  const auto logger = spdlog::get("jit-coordinator");
  if (!logger || !logger->should_log(SpdlogLevel(level))) return;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  logger->log(SpdlogLevel(level), "{}",
              FormatLine(current_format, core::FormatRfc3339(now), level, message, fields));
}

}  // namespace jit::run
