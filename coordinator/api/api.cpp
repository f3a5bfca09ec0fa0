#include "api/api.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "api/fields.h"
#include "api/origin.h"
#include "api/secret.h"
#include "run/log.h"

namespace jit::api {
namespace {

using run::Level;

constexpr std::string_view kBearer = "Bearer ";
constexpr int kMostTokensUnderWay = 32;

bool IsUnsafe(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

// Nothing else may come into the startup packet with it.
bool LooksLikeToken(std::string_view text) {
  static constexpr std::size_t kSecret = 43;
  return text.starts_with("jit_") && text.size() == 4 + kSecret &&
         std::all_of(text.begin() + 4, text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::string_view NameOf(Scope scope) {
  switch (scope) {
    case Scope::kSeen:
    case Scope::kRead:
      return "read";
    case Scope::kRequest:
      return "request";
    case Scope::kApprove:
      return "approve";
    case Scope::kQuery:
      return "query";
    default:
      return "";
  }
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

}  // namespace

std::int64_t Call::id() const { return IdOf(path.at("id")); }

std::string CookieName(bool secure) { return secure ? "__Host-jit_session" : "jit_session"; }

http::Response JsonResponse(const Json& body, int status) {
  return {
      status, "application/json", {}, body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Api::Api(asio::io_context& reactor, asio::thread_pool& pool, const config::Config& config,
         Surroundings surroundings)
    : reactor_(reactor),
      pool_(pool),
      config_(config),
      surroundings_(std::move(surroundings)),
      sessions_(reactor),
      connector_(reactor),
      feeds_(reactor),
      login_guard_(config.api->login_attempts) {
  InitSecrets();
  for (const auto& add : {AddIdentityRoutes, AddTokenRoutes, AddRequestRoutes, AddDecisionRoutes,
                          AddGrantRoutes, AddCatalogueRoutes, AddSqlRoutes, AddAuditRoutes,
                          AddEventRoutes, AddTargetRoutes, AddServiceRoutes}) {
    add(router_);
  }
  RequireDescribed();
  sessions_.SetLimits(settings().idle_timeout, settings().sessions_per_user);
  for (const config::Target& target : config_.targets) metrics_.KnowTarget(target.name);
  StartServer();
  sessions_.StartSweeping();
  feeds_.StartTicking();
}

Api::~Api() { Stop(); }

void Api::Stop() {
  if (server_) server_->Stop();
  feeds_.Stop();
  sessions_.Stop();
}

void Api::StartServer() {
  auto server = std::make_unique<http::Server>(
      reactor_, ServerSettings(),
      http::Server::Callbacks{
          [this](http::Exchange& exchange) { return Handle(exchange); },
          [](int status, std::string_view why) { return ToResponse(Unread(status, why)); },
          [this](const http::Request& request, http::Response& response) {
            AddSharedHeaders(request, response);
          },
          [](const std::string& error) {
            run::Log(Level::kError, "error of our own", {{"error", error.substr(0, 500)}});
          }});
  server->Start();
  server_ = std::move(server);
  run::Log(Level::kInfo, "serving HTTP",
           {{"address", fmt::format("{}:{}", settings().host, server_->port())},
            {"tls", settings().secure() ? "yes" : "no"}});
}

http::Settings Api::ServerSettings() const {
  http::Settings out;
  out.host = settings().host;
  out.port = settings().port;
  out.certificate = settings().tls_certificate;
  out.key = settings().tls_key;
  out.max_header = settings().max_header;
  out.max_body = settings().max_body;
  out.client_timeout = settings().client_timeout;
  out.max_connections = settings().max_connections;
  out.trusted_proxies = settings().trusted_proxies;
  return out;
}

std::string Api::Reload(const config::Config& config) {
  const http::Settings before = ServerSettings();
  const config::Config old = std::exchange(config_, config);
  if (ServerSettings() == before) {
    if (const std::string error = server_->ReloadCertificate(); !error.empty())
      return fmt::format("the certificate stays as it was: {}", error);
  } else {
    // The old one's port may be the new one's, too.
    server_->Stop();
    try {
      StartServer();
    } catch (const std::exception& error) {
      config_ = old;
      StartServer();
      return error.what();
    }
  }
  sessions_.SetLimits(settings().idle_timeout, settings().sessions_per_user);
  login_guard_.set_most(settings().login_attempts);
  for (const config::Target& target : old.targets) {
    const config::Target* now = config_.Find(target.name);
    if (now == nullptr || now->conninfo != target.conninfo) {
      sessions_.EndTarget(target.name, "the target has changed");
    } else if (now->gateway_user != target.gateway_user) {
      sessions_.EndTokens(target.name, "the target's gateway has changed");
    }
    if (now == nullptr) metrics_.ForgetTarget(target.name);
  }
  for (const config::Target& target : config_.targets) metrics_.KnowTarget(target.name);
  return {};
}

// Anybody can say NOTIFY: it is a reason to look, and nothing more. What a revoked token's sessions
// are connected by, the database itself has closed.
void Api::Notified(const std::string& target) { feeds_.Wake(target); }

Connector::Limits Api::limits() const {
  return {config_.connect_timeout, config_.query_timeout, settings().session_lifetime};
}

const config::Target& Api::TargetOf(const std::optional<std::string>& name) const {
  if (!name) {
    if (config_.targets.size() == 1) return config_.targets.front();
    throw Failure(UnknownTarget("which target? GET /api/v1/targets lists them"));
  }
  const config::Target* found = config_.Find(*name);
  if (found == nullptr)
    throw Failure(UnknownTarget(fmt::format("there is no target \"{}\"", name->substr(0, 63))));
  return *found;
}

// A route that the description does not know is a mistake of ours, found when the daemon starts.
void Api::RequireDescribed() const {
  const YAML::Node document = YAML::Load(std::string(Description()));
  const YAML::Node paths = document["paths"];
  router_.Visit([&](const std::string& method, const std::string& pattern, const Route& route) {
    const YAML::Node path = paths[pattern];
    const YAML::Node operation = path ? path[Lower(method)] : YAML::Node();
    const YAML::Node id = operation && operation.IsMap() ? operation["operationId"] : YAML::Node();
    if (!id || !id.IsScalar() || id.as<std::string>() != route.operation) {
      throw std::runtime_error(
          fmt::format("{} {} ({}) is not in openapi.yaml", method, pattern, route.operation));
    }
  });
}

Task<void> Api::Handle(http::Exchange& exchange) {
  const Clock::time_point begun = Clock::now();
  std::string user;
  std::string operation = "none";
  Answer answer;
  std::optional<Problem> problem;
  std::string mistake;
  try {
    answer = co_await Dispatch(exchange, user, operation);
  } catch (const Failure& failure) {
    problem = failure.problem();
  } catch (const pg::Error& error) {
    problem = FromDatabase(error);
  } catch (const http::Gone&) {
    metrics_.Answered(operation, 499, Clock::now() - begun);
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    mistake = error.what();
  }
  if (!mistake.empty()) {
    run::Log(Level::kError, "error of our own",
             {{"operation", operation}, {"error", mistake.substr(0, 500)}});
    problem = Internal();
  }
  if (problem) {
    problem->more["instance"] = exchange.request().path;
    answer = ToResponse(*problem);
  }
  int status = 200;
  if (answer && !exchange.begun()) {
    status = answer->status;
    co_await exchange.Send(*answer);
  }
  metrics_.Answered(operation, status, Clock::now() - begun);
  Log(exchange.request(), user, operation, status, begun);
}

Task<Answer> Api::Dispatch(http::Exchange& exchange, std::string& user, std::string& operation) {
  const http::Request& request = exchange.request();
  if (!HostIsOurs(request, settings())) throw Failure(UnknownHost());
  auto found = router_.Find(request.method, request.segments);
  if (found.allowed.empty())
    throw Failure(NotFound(fmt::format("there is nothing at {}", request.path.substr(0, 200))));
  if (found.route == nullptr) {
    found.allowed.emplace_back("OPTIONS");
    if (std::find(found.allowed.begin(), found.allowed.end(), "GET") != found.allowed.end())
      found.allowed.emplace_back("HEAD");
    const std::string allow = fmt::format("{}", fmt::join(found.allowed, ", "));
    if (request.method == "OPTIONS") {
      operation = "options";
      http::Response response{204, "", {}, ""};
      response.headers.Add("Allow", allow);
      co_return response;
    }
    Problem problem{405, "method-not-allowed", "Not with this method",
                    fmt::format("{} answers {}", request.path.substr(0, 200), allow)};
    problem.headers.Add("Allow", allow);
    throw Failure(std::move(problem));
  }
  operation = found.route->operation;
  Call call{*this, exchange, std::move(found.values), nullptr, {}};
  co_await Authenticate(call, found.route->scope);
  std::unique_ptr<Session::Use> use;
  if (call.session) {
    use = std::make_unique<Session::Use>(call.session);
    user = call.session->who().user;
  }
  if (request.method == "HEAD" && found.route->streams != nullptr) {
    // Who asks for the head alone does not want to wait for the end.
    http::Response head{200, found.route->streams, {}, ""};
    co_return head;
  }
  Answer answer = co_await found.route->handle(call);
  Wipe(call.token);
  co_return answer;
}

Task<void> Api::Authenticate(Call& call, Scope scope) {
  const http::Request& request = call.request();
  const auto authorization = request.headers.Get("authorization");
  std::string token;
  if (authorization) {
    if (request.headers.Count("authorization") != 1 || authorization->size() <= kBearer.size() ||
        !http::EqualIgnoringCase(authorization->substr(0, kBearer.size()), kBearer)) {
      throw Failure(NotAuthenticated("of authorizations only one is understood: \"Bearer jit_…\""));
    }
    token = authorization->substr(kBearer.size());
  }
  if (scope == Scope::kOpen || (scope == Scope::kSeen && !authorization)) {
    // Who is there is of interest to some of them.
    if (!authorization) AuthenticateByCookie(call);
    if (call.session && call.session->ended()) call.session.reset();
    co_return;
  }
  if (authorization) {
    co_await AuthenticateByToken(call, std::move(token));
  } else {
    AuthenticateByCookie(call);
    if (!call.session) throw Failure(NotAuthenticated("log in: POST /api/v1/login"));
    if (!call.session->Alive()) throw Failure(SessionEnded(call.session->end_reason()));
    co_await call.session->Refresh();
    if (request.headers.Get("sec-fetch-site") == "cross-site")
      throw Failure(Csrf("the request comes from a page of another site"));
    if (IsUnsafe(request.method)) {
      if (!OriginIsOurs(request, settings()))
        throw Failure(Csrf("the request comes from a page of another origin"));
      const auto proof = request.headers.Get("x-csrf-token");
      if (!proof || !SameSecret(*proof, call.session->csrf()))
        throw Failure(
            Csrf("the header X-CSRF-Token must hold what the login answered as csrf_token"));
    }
  }
  if (scope == Scope::kSession && call.session->token()) {
    throw Failure(Problem{403, "session-wanted", "Not with a token",
                          "a token makes no tokens: log in with your password"});
  }
  const std::string_view wanted = NameOf(scope);
  if (!wanted.empty() && !call.session->Has(std::string(wanted)))
    throw Failure(MissingScope(call.session->token()->name, wanted));
}

void Api::AuthenticateByCookie(Call& call) {
  const auto secret = call.request().Cookie(CookieName(call.request().secure));
  if (secret) call.session = sessions_.Find(*secret);
  if (call.session && call.session->Over(Clock::now(), settings().idle_timeout))
    call.session->End("it was not used for too long, or has lasted long enough");
}

Task<void> Api::AuthenticateByToken(Call& call, std::string token) {
  const http::Request& request = call.request();
  const auto name = request.headers.Get("jit-target");
  const config::Target target = TargetOf(name ? std::optional<std::string>(*name) : std::nullopt);
  if (target.gateway_user.empty()) {
    throw Failure(
        TargetUnavailable(fmt::format("the target \"{}\" takes no tokens: the coordinator's "
                                      "configuration has no gateway_user for it",
                                      target.name)));
  }
  if (!LooksLikeToken(token)) throw Failure(NotAuthenticated("the token is not valid"));
  const auto open = [this, target, token, peer = request.peer]() -> Task<std::shared_ptr<Session>> {
    // Whoever has a session of the token need not wait for what others try.
    if (const int wait = login_guard_.Wait(peer, Clock::now()); wait > 0)
      throw Failure(TooManyAttempts(wait));
    // Each takes a connection of the database's until it is known whether the token is good.
    int& under_way = tokens_under_way_[target.name];
    if (under_way >= kMostTokensUnderWay) throw Failure(TooManyAttempts(1));
    ++under_way;
    const std::shared_ptr<void> leave(nullptr, [&under_way](void*) { --under_way; });
    std::optional<pg::Error> refused;
    try {
      std::shared_ptr<Session> made = co_await connector_.ByToken(target, token, peer, limits());
      sessions_.RequireRoom(target.name, made->who().user);
      co_return made;
    } catch (const pg::Error& error) {
      refused = error;
    }
    if (!refused->sqlstate().starts_with("28")) {
      run::Log(Level::kWarning, "no session for a token",
               {{"target", target.name},
                {"sqlstate", std::string(refused->sqlstate())},
                {"error", refused->what()}});
      throw Failure(Unreached(*refused));
    }
    run::Log(Level::kWarning, "token refused",
             {{"target", target.name},
              {"address", peer},
              {"sqlstate", std::string(refused->sqlstate())},
              {"error", refused->what()}});
    login_guard_.Count(peer, Clock::now());
    metrics_.LoginFailed(target.name);
    throw Failure(NotAuthenticated("the token is not valid"));
  };
  call.session = co_await sessions_.OfToken(target.name, token, open);
  co_await call.session->Refresh();
  call.token = std::move(token);
}

void Api::AddSharedHeaders(const http::Request& request, http::Response& response) const {
  auto& headers = response.headers;
  if (headers.Count("cache-control") == 0) headers.Add("Cache-Control", "no-store");
  headers.Add("X-Content-Type-Options", "nosniff");
  headers.Add("X-Frame-Options", "DENY");
  headers.Add("Referrer-Policy", "no-referrer");
  headers.Add("Cross-Origin-Resource-Policy", "same-origin");
  if (headers.Count("content-security-policy") == 0)
    headers.Add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (request.secure) headers.Add("Strict-Transport-Security", "max-age=31536000");
  if (settings().cors_origins.empty()) return;
  headers.Add("Vary", "Origin");
  const auto origin = request.headers.Get("origin");
  const auto& known = settings().cors_origins;
  if (!origin || std::find(known.begin(), known.end(), *origin) == known.end()) return;
  // Without credentials: a page of another origin comes with a token, never with our cookie.
  headers.Add("Access-Control-Allow-Origin", std::string(*origin));
  headers.Add("Access-Control-Expose-Headers", "Location, Retry-After");
  if (request.method != "OPTIONS") return;
  headers.Add("Access-Control-Allow-Methods", "GET, POST, DELETE");
  headers.Add("Access-Control-Allow-Headers",
              "Authorization, Content-Type, Jit-Target, Last-Event-ID");
  headers.Add("Access-Control-Max-Age", "600");
}

void Api::Log(const http::Request& request, const std::string& user, const std::string& operation,
              int status, Clock::time_point begun) const {
  // Paths hold names and numbers; queries may hold more, and stay out.
  const Level level = status >= 500                                                ? Level::kWarning
                      : IsUnsafe(request.method) || status == 401 || status == 403 ? Level::kInfo
                                                                                   : Level::kDebug;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
  run::Log(level, "http",
           {{"method", request.method.substr(0, 16)},
            {"path", request.path.substr(0, 200)},
            {"operation", operation},
            {"status", fmt::to_string(status)},
            {"user", user},
            {"address", request.peer},
            {"ms", fmt::format("{:.1f}", static_cast<double>(took.count()) / 1000)}});
}

}  // namespace jit::api
