// The audit log read by what `audit` selects, all of it in SQL with parameters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/audit_entry.h"
#include "pg/connection.h"
#include "views/audit_table.h"

namespace jit::views {

struct AuditFilter {
  std::optional<std::string> person;
  std::optional<std::string> request;
  std::optional<std::string> relation;  // a pattern of LIKE
  std::optional<std::string> since;     // the server's timestamps
  std::optional<std::string> until;
  std::optional<std::string> outcome;
  std::optional<std::string> kind;
  bool raw_columns = false;
  bool log = false;  // the raw records instead of statements and events
  std::int64_t limit = 100;
  std::optional<std::int64_t> before_seq;  // only older entries: AuditPage::next of the page before

  // Whether it asks for what only statements have.
  bool only_statements() const { return relation || outcome || raw_columns; }
};

extern const std::vector<std::string> kAuditOutcomes;

struct AuditPage {
  std::vector<core::AuditEntry> entries;  // oldest first
  bool more = false;                      // the limit left some out
  std::optional<std::int64_t> next;       // where there are more: what the next page is before
};

// Not to be used by two tasks at once, nor inside a transaction. The connection must outlive it.
class AuditReader {
 public:
  AuditReader(pg::Connection& connection, AuditFilter filter)
      : connection_(connection), filter_(std::move(filter)) {}

  // False: the caller sees only their own statements, and cannot follow.
  Task<bool> ReadsLog();

  // The newest that match.
  Task<AuditPage> Newest();

  // All that match, a stretch of the log at a time, in its order; no value behind the last. What is
  // committed after the first call is not in it.
  Task<std::optional<std::vector<core::AuditEntry>>> Onward();

  // What was committed since the last call, or since Newest, in the order of the log. A statement
  // comes once, when it has ended. It takes a caller who reads the log.
  Task<std::vector<core::AuditEntry>> Following();

 private:
  using Entries = std::vector<core::AuditEntry>;

  Task<Entries> Find();
  Task<Entries> Search();
  Task<bool> EndsBefore(std::int64_t lower, std::int64_t upper);
  Task<Entries> Statements(std::string condition, pg::Values more);
  Task<Entries> Records(std::int64_t above, std::int64_t up_to, bool newest, std::int64_t limit);
  Task<Entries> EndedStatements(std::int64_t up_to);
  Task<void> Span();
  Task<Entries> Stretch();
  Task<Entries> OwnOnward();

  pg::Connection& connection_;
  AuditFilter filter_;
  std::optional<bool> reads_log_;
  std::int64_t last_seq_ = 0;  // the newest record that was looked at
  // Of Onward: what is done, and where it ends; no value before the first call.
  std::optional<std::int64_t> done_;
  std::int64_t end_ = 0;
  std::int64_t stretch_ = 0;
};

// One page, for whoever does not follow.
Task<AuditPage> ReadAudit(pg::Connection& connection, AuditFilter filter);

}  // namespace jit::views
