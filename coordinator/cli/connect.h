// Which database a command talks to, and as whom: the caller's own login, never the daemon's.
#pragma once

#include <memory>
#include <string>

#include "cli/invocation.h"
#include "config/config.h"
#include "pg/session.h"

namespace jit::cli {

// The configuration by --config, else where config::DefaultPath finds it; throws UsageError for one
// with mistakes. Without any file: a configuration without targets, and an empty path.
struct FoundConfig {
  std::string path;
  config::Config config;
};
FoundConfig FindConfig(const Invocation& invocation);
FoundConfig ReadConfig(const std::string& path);

// Of -d, -U and the environment.
pg::Parameters ParametersOf(const Invocation& invocation);

// Of a target, for the caller.
pg::Parameters ParametersOf(const Invocation& invocation, const config::Target& target);

// Connected; asks for a password where the server wants one and there is somebody to ask.
constexpr std::chrono::milliseconds kQueryTimeout{30'000};  // where --timeout says nothing else
std::unique_ptr<pg::Session> Connect(const Invocation& invocation, pg::Parameters parameters,
                                     std::chrono::milliseconds timeout = kQueryTimeout);

// A connected database that has the extension.
struct Database {
  std::unique_ptr<pg::Session> session;
  std::string schema;  // where jit_request and its like are, quoted
};
Database Open(const Invocation& invocation, std::chrono::milliseconds timeout = kQueryTimeout);

// The target that -d or the environment names; empty for a connection string or nothing.
std::string TargetName(const Invocation& invocation);

// Of the command line as a statement's parameter: NULL where not given.
std::optional<std::string> IntervalValue(const std::optional<core::Interval>& interval);

}  // namespace jit::cli
