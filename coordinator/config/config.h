// The configuration file: what the daemon watches, and under which names the command line finds a
// database.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/api_config.h"
#include "core/toml_reader.h"

namespace jit::config {

using std::chrono::milliseconds;

struct Target {
  std::string name;
  std::string conninfo;          // which database; without a password
  std::string user;              // the daemon's login; the command line uses the caller's own
  std::string passfile;          // the daemon's password file; empty = libpq's default
  std::string gateway_user;      // the login for bearer tokens; empty = none are taken
  std::string gateway_passfile;  // empty = as passfile
  milliseconds poll_interval{};
  milliseconds anchor_interval{300'000};  // 0 = the audit chain is not anchored
  std::string anchor_file;                // empty = only in the daemon's log

  bool operator==(const Target&) const = default;
};

struct Config {
  milliseconds poll_interval{10'000};
  milliseconds connect_timeout{10'000};
  milliseconds query_timeout{30'000};
  milliseconds reconnect_min{200};
  milliseconds reconnect_max{30'000};
  std::string log_level = "info";
  std::string log_format = "logfmt";
  milliseconds anchor_interval{300'000};
  std::string anchor_file;
  std::optional<Api> api;       // none: no HTTP is served
  std::vector<Target> targets;  // in the order of their names

  const Target* Find(std::string_view name) const;
};

struct Loaded {
  Config config;
  std::vector<core::FileError> errors;  // not empty: the configuration is not to be used
};

// Pure: reads text, touches nothing.
Loaded Parse(std::string_view text);

// Reads the file; one that cannot be read is an error too.
Loaded Load(const std::string& path);

extern const std::vector<std::string> kLogLevels;
extern const std::vector<std::string> kLogFormats;

// Where the configuration is, by the environment: JIT_COORDINATOR_CONFIG, else the user's
// (XDG_CONFIG_HOME, HOME) where it exists, else /etc/jit-coordinator.toml where it exists.
using Getenv = const char* (*)(const char*);
using Exists = bool (*)(const std::string&);
std::optional<std::string> DefaultPath(Getenv getenv, Exists exists);

}  // namespace jit::config
