// The audit log read by what `audit` selects, all of it in SQL with parameters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/audit_entry.h"
#include "pg/session.h"

namespace jit::cli {

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

  // Whether it asks for what only statements have.
  bool only_statements() const { return relation || outcome || raw_columns; }
};

// The columns of either form, without rows.
core::Table AuditColumns(bool log);

class AuditReader {
 public:
  AuditReader(pg::Session& session, AuditFilter filter);

  // The newest that match, oldest first; `more` where the limit left some out.
  std::vector<core::AuditEntry> Newest(bool& more);

  // What was committed since the last call, or since Newest, in the order of the log. A statement
  // comes once, when it has ended.
  std::vector<core::AuditEntry> Following();

  // False: the caller sees only their own statements, and cannot follow.
  bool reads_log() const { return reads_log_; }

 private:
  std::vector<core::AuditEntry> Search();
  bool EndsBefore(std::int64_t lower, std::int64_t upper);
  std::vector<core::AuditEntry> Statements(const std::string& condition, pg::Values more);
  std::vector<core::AuditEntry> Records(std::int64_t above, std::int64_t up_to, bool newest,
                                        std::int64_t limit);
  std::vector<core::AuditEntry> EndedStatements(std::int64_t up_to);

  pg::Session& session_;
  AuditFilter filter_;
  bool reads_log_ = false;
  std::int64_t last_seq_ = 0;  // the newest record that was looked at
};

}  // namespace jit::cli
