// Where a command's answers come from: a database that the caller is logged in to, or a server's
// API. Both give the same.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "core/audit_filter.h"
#include "core/policy.h"
#include "views/audit.h"
#include "views/calls.h"
#include "views/grants.h"
#include "views/request.h"
#include "views/requests.h"
#include "views/tokens.h"

namespace jit::cli {

using views::Decision;

struct Asking {
  std::string access;  // or, where it is empty:
  std::string statement;
  core::Interval duration;
  std::string reason;
  std::optional<std::string> ticket;
  std::optional<core::Instant> starts_at;
  std::optional<std::string> client_addr;
  std::optional<std::string> on_behalf_of;
  bool break_glass = false;
};

// As typed: names with globs, points in time not yet resolved.
struct AuditSearch {
  views::AuditFilter filter;  // without relation, since and until
  std::optional<std::string> relation;
  std::optional<core::Moment> since;
  std::optional<core::Moment> until;
  bool follow = false;
};

// The audit log, as views::AuditReader reads it.
class AuditFeed {
 public:
  virtual ~AuditFeed() = default;
  virtual bool ReadsLog() = 0;
  virtual views::AuditPage Newest() = 0;
  virtual std::vector<core::AuditEntry> Following() = 0;
};

// Everything throws pg::Error for what the database refuses; over a server also client::Error.
class Source {
 public:
  virtual ~Source() = default;

  virtual core::Table Requests(const views::RequestFilter& filter, bool& more) = 0;
  virtual views::RequestFacts Request(std::int64_t id) = 0;
  virtual core::Table Grants(const views::GrantFilter& filter) = 0;
  virtual std::vector<core::Policy> Policies() = 0;
  virtual core::Table Tokens(const views::TokenFilter& filter) = 0;
  // The feed must not outlive the source.
  virtual std::unique_ptr<AuditFeed> Audit(const AuditSearch& search) = 0;

  // Return the status afterwards.
  virtual std::string Decide(Decision decision, std::int64_t id,
                             const std::optional<std::string>& message,
                             const std::optional<core::Interval>& duration) = 0;
  virtual std::string RevokeToken(std::int64_t id) = 0;
  // Return the id of the request made.
  virtual std::int64_t Ask(const Asking& asking) = 0;
  virtual std::int64_t Extend(std::int64_t id, const core::Interval& duration,
                              const std::string& reason) = 0;

  // Whether there is a daemon, to grant what is approved.
  virtual bool HasDaemon() = 0;

  // To be called before what is to be watched is read.
  virtual void BeginWatching() = 0;
  // Until something may have changed, at most so long.
  virtual void AwaitChange(std::chrono::milliseconds wait) = 0;
};

// By --server, -d and the environment.
std::unique_ptr<Source> OpenSource(const Invocation& invocation);

// One each.
std::unique_ptr<Source> OpenDatabaseSource(const Invocation& invocation);
std::unique_ptr<Source> OpenServerSource(const Invocation& invocation, const std::string& address);

}  // namespace jit::cli
