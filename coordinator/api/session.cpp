#include "api/session.h"

#include <fmt/format.h>

#include "api/problem.h"
#include "api/sql_rows.h"

namespace jit::api {
namespace {

constexpr std::chrono::seconds kFresh{10};

constexpr const char* kInstalled = R"sql(
SELECT pg_catalog.quote_ident(n.nspname) AS schema, e.extversion AS version
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'jit_access'
)sql";

}  // namespace

Task<void> Session::Refresh() {
  const Clock::time_point now = Clock::now();
  if (now < refresh_at_) co_return;
  refresh_at_ = now + kFresh;
  if (who_.schema.empty()) {
    const pg::Result installed = co_await Query(kInstalled);
    if (installed.empty()) co_return;
    who_.schema = installed.TextOr(0, "schema");
    who_.extension_version = installed.TextOr(0, "version");
    who_.server_version = control_.server_version();
  }
  // Word for word what the audit log leaves out.
  const pg::Result found = co_await Query("SELECT * FROM jit.session_facts()");
  const std::string role = found.empty() ? "" : found.TextOr(0, "role");
  if (found.empty() || !found.Bool(0, "may_log_in") || (!role_.empty() && role != role_)) {
    End("the role is gone, or may no longer log in");
    throw Failure(SessionEnded(end_reason_));
  }
  // What a token opened does not hang on any password.
  if (!token_ && !found.Bool(0, "password_unchanged")) {
    End("the password has changed");
    throw Failure(SessionEnded(end_reason_));
  }
  role_ = role;
  type_names_.clear();  // they may have been renamed
  who_.user = found.TextOr(0, "user");
  who_.database = found.TextOr(0, "database");
  who_.superuser = found.Bool(0, "superuser");
  who_.requester = found.Bool(0, "requester");
  who_.approver = found.Bool(0, "approver");
  who_.auditor = found.Bool(0, "auditor");
  who_.delegate = found.Bool(0, "delegate");
}

std::string Session::TypeName(Oid type) const {
  if (const std::string_view usual = UsualTypeName(type); !usual.empty()) return std::string(usual);
  const auto known = type_names_.find(type);
  return known == type_names_.end() ? fmt::format("oid:{}", type) : known->second;
}

Task<void> Session::LearnTypes(const PGresult* result) {
  std::string wanted;
  for (int i = 0; i < PQnfields(result); ++i) {
    const Oid type = PQftype(result, i);
    if (!UsualTypeName(type).empty() || type_names_.contains(type)) continue;
    wanted += fmt::format("{}{}", wanted.empty() ? "{" : ",", type);
  }
  if (wanted.empty()) co_return;
  try {
    const pg::Result found = co_await Query(
        "SELECT t.oid, pg_catalog.format_type(t.oid, NULL) AS name"
        " FROM pg_catalog.pg_type t WHERE t.oid = ANY ($1::pg_catalog.oid[])",
        pg::With(wanted + "}"));
    for (int row = 0; row < found.rows(); ++row) {
      const auto type = static_cast<Oid>(found.Integer(row, "oid").value_or(0));
      type_names_[type] = found.TextOr(row, "name");
    }
  } catch (const Failure&) {
    // The session has ended, and with it what runs.
  } catch (const pg::Error&) {
    // The rows are worth more than the names: made in a transaction that goes on, perhaps.
  }
}

Task<pg::Result> Session::Query(std::string sql, pg::Values values) {
  const auto self = shared_from_this();
  Lease lease = co_await Borrow();
  std::optional<pg::Error> failure;
  try {
    pg::Result result = co_await lease.connection->Execute(std::move(sql), std::move(values));
    co_return result;
  } catch (const pg::Error& error) {
    failure = error;
  }
  Check(*failure);
  throw *failure;
}

Task<Session::Lease> Session::Borrow() {
  Lease lease;
  lease.hold = co_await turn_.Take();
  if (ended_) throw Failure(SessionEnded(end_reason_));
  lease.connection = &control_;
  co_return lease;
}

Task<void> Session::Terminate(int backend_pid) {
  const auto self = shared_from_this();
  try {
    const Turn::Hold hold = co_await turn_.Take();
    co_await control_.Execute("SELECT pg_catalog.pg_terminate_backend($1::pg_catalog.int4)",
                              pg::With(fmt::to_string(backend_pid)));
  } catch (const std::exception&) {
    // Then the server has ended both.
  }
}

void Session::Check(const pg::Error& error) {
  if (!error.connection_lost()) return;
  End(fmt::format("the connection to the database was lost: {}", error.what()));
}

bool Session::Alive() {
  if (ended_) return false;
  // While a statement is under way its own waiting finds out.
  if (!turn_.taken() && !control_.Alive()) End("the database has closed the connection");
  return !ended_;
}

void Session::End(const std::string& why) {
  if (ended_) return;
  ended_ = true;
  ended_at_ = Clock::now();
  end_reason_ = why;
  for (const auto& one : work_) {
    if (one->running()) one->interrupt();
  }
  if (on_end_) on_end_();
  CloseIfEnded();
}

void Session::CloseIfEnded() {
  if (!ended_ || closed_ || users_ > 0) return;
  closed_ = true;
  control_.Close();
  for (const auto& one : work_) one->connection.Close();
}

}  // namespace jit::api
