#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "pg/conninfo.h"

namespace jit::config {
namespace {

void SetWait(core::TomlReader& in, std::string_view key, milliseconds& wait) {
  wait = in.Wait(key).value_or(wait);
}

// The name becomes a word of a shell, of a log line and of a completion.
bool GoodName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name.front() != '-' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
             std::string_view::npos;
}

// Where and how often the audit chain's head is written down: in general, and for one target.
void ReadAnchor(core::TomlReader& in, milliseconds& interval, std::string& file) {
  interval = in.WaitOrNever("anchor_interval").value_or(interval);
  file = in.Text("anchor_file").value_or(file);
  if (!file.empty() && file.front() != '/') {
    in.Fail("anchor_file", "\"anchor_file\" must be an absolute path, or empty for none");
  }
}

// What a target does not say itself is as `general` has it.
Target ReadTarget(const std::string& name, const toml::table& table, const Config& general,
                  std::vector<core::FileError>& errors) {
  core::TomlReader in(table, errors);
  Target target;
  target.name = name;
  target.poll_interval = general.poll_interval;
  target.anchor_interval = general.anchor_interval;
  target.anchor_file = general.anchor_file;
  if (!GoodName(name)) {
    in.Fail({}, fmt::format("target \"{}\": a name is letters, digits, '_', '.' and '-'", name));
  }
  if (const auto conninfo = in.String("conninfo")) {
    target.conninfo = *conninfo;
    if (const auto problem = pg::CheckConninfo(*conninfo)) in.Fail("conninfo", *problem);
  } else if (!table.contains("conninfo")) {
    in.Fail("conninfo", fmt::format("target \"{}\" needs a \"conninfo\"", name));
  }
  target.user = in.String("user").value_or("");
  target.passfile = in.String("passfile").value_or("");
  target.gateway_user = in.String("gateway_user").value_or("");
  target.gateway_passfile = in.String("gateway_passfile").value_or(target.passfile);
  SetWait(in, "poll_interval", target.poll_interval);
  ReadAnchor(in, target.anchor_interval, target.anchor_file);
  in.Finish();
  return target;
}

void ReadLog(const toml::table& table, Config& config, std::vector<core::FileError>& errors) {
  core::TomlReader in(table, errors);
  config.log_level = in.OneOf("level", kLogLevels).value_or(config.log_level);
  config.log_format = in.OneOf("format", kLogFormats).value_or(config.log_format);
  in.Finish();
}

void ReadAudit(const toml::table& table, Config& config, std::vector<core::FileError>& errors) {
  core::TomlReader in(table, errors);
  ReadAnchor(in, config.anchor_interval, config.anchor_file);
  in.Finish();
}

void ReadReconnect(const toml::table& table, Config& config, std::vector<core::FileError>& errors) {
  core::TomlReader in(table, errors);
  SetWait(in, "min", config.reconnect_min);
  SetWait(in, "max", config.reconnect_max);
  if (config.reconnect_min > config.reconnect_max) in.Fail("min", "\"min\" is longer than \"max\"");
  in.Finish();
}

}  // namespace

const std::vector<std::string> kLogLevels{"debug", "info", "warning", "error"};
const std::vector<std::string> kLogFormats{"logfmt", "json"};

const Target* Config::Find(std::string_view name) const {
  const auto found =
      std::find_if(targets.begin(), targets.end(), [&](const Target& t) { return t.name == name; });
  return found == targets.end() ? nullptr : &*found;
}

Loaded Parse(std::string_view text) {
  Loaded out;
  const auto root = core::ParseToml(text, out.errors);
  if (!root) return out;
  Config& config = out.config;
  core::TomlReader in(*root, out.errors);
  SetWait(in, "poll_interval", config.poll_interval);
  SetWait(in, "connect_timeout", config.connect_timeout);
  SetWait(in, "query_timeout", config.query_timeout);
  if (const auto* log = in.Table("log")) ReadLog(*log, config, out.errors);
  if (const auto* audit = in.Table("audit")) ReadAudit(*audit, config, out.errors);
  if (const auto* reconnect = in.Table("reconnect")) ReadReconnect(*reconnect, config, out.errors);
  if (const auto* api = in.Table("api")) config.api = ReadApi(*api, out.errors);
  if (const auto* targets = in.Table("target")) {
    for (const auto& [key, node] : *targets) {
      if (const auto* table = node.as_table()) {
        config.targets.push_back(ReadTarget(std::string(key.str()), *table, config, out.errors));
      } else {
        out.errors.push_back({node.source().begin.line, "targets are tables: [target.NAME]"});
      }
    }
  }
  in.Finish();
  std::stable_sort(
      out.errors.begin(), out.errors.end(),
      [](const core::FileError& a, const core::FileError& b) { return a.line < b.line; });
  return out;
}

Loaded Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad()) {
    Loaded out;
    out.errors.push_back({0, "cannot be read"});
    return out;
  }
  return Parse(text.str());
}

std::optional<std::string> DefaultPath(Getenv getenv, Exists exists) {
  const auto variable = [&](const char* name) {
    const char* value = getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string named = variable("JIT_COORDINATOR_CONFIG"); !named.empty()) return named;
  std::string home = variable("XDG_CONFIG_HOME");
  if (home.empty() && !variable("HOME").empty()) home = variable("HOME") + "/.config";
  if (const std::string own = home + "/jit-coordinator/config.toml"; !home.empty() && exists(own))
    return own;
  if (const std::string system = "/etc/jit-coordinator.toml"; exists(system)) return system;
  return std::nullopt;
}

}  // namespace jit::config
