// Calls of the extension's functions, as the command line and the API both make them. Every
// argument is given, with its type: whoever may create functions in the extension's schema could
// otherwise put one there that fits a shorter or a looser call better, and would have it run as the
// caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace jit::views {

struct Statement {
  std::string sql;
  pg::Values values;
};

// What is decided on a request, in the database's words.
enum class Decision { kApprove, kDeny, kCancel, kRevoke, kReview };

// Lengths and points in time are the texts that the database reads.
struct Asking {
  std::optional<std::string> access;  // or, where it is left out:
  std::optional<std::string> statement;
  std::string duration;
  std::string reason;
  std::optional<std::string> ticket;
  std::optional<std::string> starts_at;
  std::optional<std::string> client_addr;
  std::optional<std::string> on_behalf_of;  // with access alone
  bool session_only = false;
  bool break_glass = false;
};

// `schema` is the extension's, quoted. The answer is one row with a column `status`, or `id`.
Statement DecisionCall(const std::string& schema, Decision decision, std::int64_t id,
                       std::optional<std::string> message, std::optional<std::string> duration);
Statement AskingCall(const std::string& schema, const Asking& asking);
Statement ExtensionCall(const std::string& schema, std::int64_t id, std::string duration,
                        std::string reason);
// The answer has id, token and expires_at.
Statement TokenCall(const std::string& schema, std::string name,
                    const std::vector<std::string>& scopes, std::optional<std::string> lifetime);
Statement TokenRevocationCall(const std::string& schema, std::int64_t id);

}  // namespace jit::views
