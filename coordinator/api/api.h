// The HTTP API: its routes, who is calling, and what all handlers share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/connector.h"
#include "api/feeds.h"
#include "api/metrics.h"
#include "api/problem.h"
#include "api/sessions.h"
#include "config/config.h"
#include "core/login_guard.h"
#include "http/router.h"
#include "http/server.h"

namespace jit::api {

class Api;

// What a token must be allowed for a route. kOpen: anybody; kSeen: anybody, and
// whoever is logged in, or has a token that reads, sees more; kAny: whoever is logged in.
enum class Scope { kOpen, kSeen, kAny, kSession, kRead, kRequest, kApprove, kQuery };

// One call of a handler.
struct Call {
  Api& api;
  http::Exchange& exchange;
  http::PathValues path;
  std::shared_ptr<Session> session;  // null only on routes that are open
  std::string token;                 // that the call came with; empty for a cookie

  const http::Request& request() const { return exchange.request(); }
  std::int64_t id() const;  // of the path's {id}; throws Failure
};

// The answer; none where the handler has sent it itself, piece by piece.
using Answer = std::optional<http::Response>;

struct Route {
  std::string operation;  // operationId of the description
  Scope scope;
  Task<Answer> (*handle)(Call& call);
  const char* streams = nullptr;  // what it answers piece by piece, perhaps without an end
};

// A target as the daemon sees it.
struct TargetHealth {
  std::string name;
  bool tried = false;
  bool connected = false;
  std::string database;
  std::string last_error;
  std::optional<core::Instant> since;  // connected, or not
};

class Api {
 public:
  struct Surroundings {
    std::function<std::vector<TargetHealth>()> targets;
  };

  // Throws std::runtime_error where it cannot listen, or a route is not in the description.
  Api(asio::io_context& reactor, asio::thread_pool& pool, const config::Config& config,
      Surroundings surroundings);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // A new configuration: limits count at once, the certificate for new connections. What is wrong,
  // empty if nothing; then the old one stays.
  std::string Reload(const config::Config& config);
  void Stop();

  // At the end of the daemon, behind Stop.
  void Join() { connector_.Join(); }

  // What a target's loop has heard.
  void Notified(const std::string& target);

  // For handlers.
  asio::io_context& reactor() { return reactor_; }
  asio::thread_pool& pool() { return pool_; }
  const config::Config& config() const { return config_; }
  const config::Api& settings() const { return *config_.api; }
  Sessions& sessions() { return sessions_; }
  Connector& connector() { return connector_; }
  Feeds& feeds() { return feeds_; }
  Metrics& metrics() { return metrics_; }
  // Logins whose end is not known yet: each takes a connection of the database's.
  int& logins_under_way(const std::string& target) { return logins_under_way_[target]; }
  core::LoginGuard& login_guard() { return login_guard_; }
  std::vector<TargetHealth> targets() const { return surroundings_.targets(); }
  std::int64_t connections() const { return server_->connections(); }
  Connector::Limits limits() const;
  // The target of that name, or the only one where the name is left out. Throws Failure.
  const config::Target& TargetOf(const std::optional<std::string>& name) const;

 private:
  Task<void> Handle(http::Exchange& exchange);
  Task<Answer> Dispatch(http::Exchange& exchange, std::string& user, std::string& operation);
  Task<void> Authenticate(Call& call, Scope scope);
  void AuthenticateByCookie(Call& call);
  Task<void> AuthenticateByToken(Call& call, std::string token);
  void AddSharedHeaders(const http::Request& request, http::Response& response) const;
  void Log(const http::Request& request, const std::string& user, const std::string& operation,
           int status, Clock::time_point begun) const;
  void RequireDescribed() const;
  http::Settings ServerSettings() const;
  void StartServer();

  asio::io_context& reactor_;
  asio::thread_pool& pool_;
  config::Config config_;
  Surroundings surroundings_;
  http::Router<Route> router_;
  Sessions sessions_;
  std::map<std::string, int> tokens_under_way_;  // logins by token whose end is not known yet
  Connector connector_;
  Metrics metrics_;
  Feeds feeds_;
  core::LoginGuard login_guard_;
  std::map<std::string, int> logins_under_way_;
  std::unique_ptr<http::Server> server_;
};

// The cookie's name; with TLS one that only we can set, for this host alone.
std::string CookieName(bool secure);
http::Response JsonResponse(const Json& body, int status = 200);

// One file each adds its routes.
void AddIdentityRoutes(http::Router<Route>& router);
void AddTokenRoutes(http::Router<Route>& router);
void AddRequestRoutes(http::Router<Route>& router);
void AddDecisionRoutes(http::Router<Route>& router);
void AddGrantRoutes(http::Router<Route>& router);
void AddCatalogueRoutes(http::Router<Route>& router);
void AddSqlRoutes(http::Router<Route>& router);
void AddAuditRoutes(http::Router<Route>& router);
void AddEventRoutes(http::Router<Route>& router);
void AddTargetRoutes(http::Router<Route>& router);
void AddServiceRoutes(http::Router<Route>& router);  // /openapi.yaml, /metrics, /healthz, /readyz

// coordinator/openapi.yaml, as it was when this was built.
std::string_view Description();

}  // namespace jit::api
