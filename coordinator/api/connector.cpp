#include "api/connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "api/problem.h"
#include "api/secret.h"

namespace jit::api {
namespace {

constexpr std::size_t kThreads = 4;  // of a target

// Of the target only where it is. Whatever could speak for somebody else stays out: the daemon's
// own user, password file, certificate and Kerberos ticket.
pg::Parameters WhereOnly(const config::Target& target) {
  pg::Parameters parameters = pg::ParseConninfo(target.conninfo);
  for (const char* keyword : {"user", "password", "passfile", "sslcert", "sslkey", "sslpassword",
                              "gssencmode", "application_name", "fallback_application_name"}) {
    pg::Unset(parameters, keyword);
  }
  pg::Set(parameters, "gssencmode", "disable");
  return parameters;
}

void SetName(pg::Parameters& parameters, const std::string& peer) {
  pg::Set(parameters, "application_name", "jit-api " + peer);
}

std::string OptionsOf(const pg::Parameters& parameters) {
  for (const pg::Parameter& parameter : parameters) {
    if (parameter.keyword == "options") return parameter.value + " ";
  }
  return "";
}

core::Instant Now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace

// A step that hangs holds up nobody but itself.
Connector::~Connector() {
  for (auto& [target, pool] : pools_) {
    pool->stop();
    std::thread([hanging = std::move(pool)]() mutable { hanging.reset(); }).detach();
  }
}

void Connector::Join() {
  for (auto& [target, pool] : pools_) pool->stop();
  for (auto& [target, pool] : pools_) pool->join();
  pools_.clear();
}

asio::thread_pool& Connector::PoolOf(const std::string& target) {
  auto& pool = pools_[target];
  if (!pool) pool = std::make_unique<asio::thread_pool>(kThreads);
  return *pool;
}

Task<void> Connector::Introduce(Session& session, Limits limits) {
  pg::Connection& connection = session.control_;
  co_await connection.SetUp();
  co_await session.Refresh();
  if (session.who_.schema.empty()) {
    throw Failure(TargetUnavailable(fmt::format(
        "the database \"{}\" does not have the extension jit_access", connection.database())));
  }
  session.created_at_ = Now();
  session.ends_ = Clock::now() + limits.lifetime;
  session.ends_at_ =
      session.created_at_ + std::chrono::duration_cast<std::chrono::microseconds>(limits.lifetime);
}

Task<std::shared_ptr<Session>> Connector::ByPassword(config::Target target, std::string user,
                                                     std::string password, int connections,
                                                     std::string peer, Limits limits) {
  auto session = std::make_shared<Session>(reactor_, PoolOf(target.name), target.name);
  pg::Parameters parameters = WhereOnly(target);
  pg::Set(parameters, "user", std::move(user));
  pg::Set(parameters, "password", password);
  Wipe(password);
  pg::Set(parameters, "passfile", "/dev/null");
  SetName(parameters, peer);
  std::exception_ptr failure;
  try {
    co_await session->control_.Open(parameters, limits.connect_timeout, limits.query_timeout);
    if (!session->control_.used_password()) {
      // trust, peer, ident or a certificate: they prove who the daemon is, not who calls.
      throw Failure(NotAuthenticated(
          "the database did not ask for a password, so it has not checked who you are; its "
          "pg_hba.conf must demand scram-sha-256 of connections from the coordinator"));
    }
    co_await Introduce(*session, limits);
    for (int i = 0; i < connections; ++i) {
      auto work = std::make_unique<WorkConnection>(reactor_, PoolOf(target.name));
      co_await work->connection.Open(parameters, limits.connect_timeout, limits.query_timeout);
      work->since = Now();
      session->work_.push_back(std::move(work));
    }
  } catch (...) {
    failure = std::current_exception();
  }
  for (pg::Parameter& parameter : parameters) {
    if (parameter.keyword == "password") Wipe(parameter.value);
  }
  if (failure) std::rethrow_exception(failure);
  session->csrf_ = NewSecret();
  co_return session;
}

Task<std::optional<TokenInfo>> Connector::OpenByToken(pg::Connection& connection,
                                                      const config::Target& target,
                                                      const std::string& token,
                                                      const std::string& peer, Limits limits) {
  pg::Parameters parameters = WhereOnly(target);
  pg::Set(parameters, "user", target.gateway_user);
  if (!target.gateway_passfile.empty()) pg::Set(parameters, "passfile", target.gateway_passfile);
  SetName(parameters, peer);
  // In the startup packet: no statement and no log line holds it.
  pg::Set(parameters, "options", OptionsOf(parameters) + "-c jit_access.token=" + token);
  std::exception_ptr failure;
  try {
    co_await connection.Open(parameters, limits.connect_timeout, limits.query_timeout);
  } catch (...) {
    failure = std::current_exception();
  }
  for (pg::Parameter& parameter : parameters) {
    if (parameter.keyword == "options") Wipe(parameter.value);
  }
  if (failure) std::rethrow_exception(failure);
  const pg::Result found = co_await connection.Execute("SELECT * FROM jit.token_login()");
  if (found.empty()) co_return std::nullopt;
  TokenInfo info;
  info.id = found.Integer(0, "id").value_or(0);
  info.name = found.TextOr(0, "name");
  for (std::string& scope : found.List(0, "scopes").value_or(std::vector<std::string>{}))
    info.scopes.insert(std::move(scope));
  if (const auto end = found.Time(0, "expires_at")) info.expires_at = core::FormatRfc3339(*end);
  co_return info;
}

Task<std::shared_ptr<Session>> Connector::ByToken(config::Target target, std::string token,
                                                  std::string peer, Limits limits) {
  auto session = std::make_shared<Session>(reactor_, PoolOf(target.name), target.name);
  std::optional<TokenInfo> info =
      co_await OpenByToken(session->control_, target, token, peer, limits);
  Wipe(token);
  if (!info) throw Failure(NotAuthenticated("the token is not valid"));
  session->token_ = std::move(info);
  co_await Introduce(*session, limits);
  co_return session;
}

Task<void> Connector::AddWork(std::shared_ptr<Session> session, config::Target target,
                              std::string token, std::string peer, Limits limits) {
  auto work = std::make_unique<WorkConnection>(reactor_, PoolOf(target.name));
  const std::optional<TokenInfo> info =
      co_await OpenByToken(work->connection, target, token, peer, limits);
  Wipe(token);
  if (!info || info->id != session->token_->id)
    throw Failure(NotAuthenticated("the token is not valid"));
  work->since = Now();
  session->work_.push_back(std::move(work));
}

}  // namespace jit::api
