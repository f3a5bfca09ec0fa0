// Logging in and out, and who one is.
#include <fmt/format.h>

#include <algorithm>

#include "api/api.h"
#include "api/fields.h"
#include "api/origin.h"
#include "api/secret.h"
#include "run/log.h"
#include "views/grants.h"

namespace jit::api {
namespace {

constexpr int kMostLogins = 32;  // at a target whose end is not known yet
// libpq takes time by its square to bring a password in Unicode into its normal form.
constexpr std::size_t kLongestPassword = 1024;

class LoginUnderWay {
 public:
  explicit LoginUnderWay(int& count) : count_(count) { ++count_; }
  ~LoginUnderWay() { --count_; }
  LoginUnderWay(const LoginUnderWay&) = delete;
  LoginUnderWay& operator=(const LoginUnderWay&) = delete;

 private:
  int& count_;
};

std::string Rfc3339(core::Instant at) {
  return core::FormatRfc3339(std::chrono::floor<std::chrono::seconds>(at));
}

Json TokenJson(const Session& session) {
  if (!session.token()) return nullptr;
  const TokenInfo& token = *session.token();
  return {{"id", token.id},
          {"name", token.name},
          {"scopes", token.scopes},
          {"expires_at", token.expires_at}};
}

Json Me(const Api& api, Session& session) {
  const Who& who = session.who();
  Json own = nullptr;
  if (!session.token()) {
    own = {{"created_at", Rfc3339(session.created_at())},
           {"expires_at", Rfc3339(session.ends_at())},
           {"idle_timeout_seconds",
            std::chrono::duration_cast<std::chrono::seconds>(api.settings().idle_timeout).count()},
           {"connections", session.work().size()}};
  }
  return {{"target", session.target()},
          {"database", who.database},
          {"user", who.user},
          {"superuser", who.superuser},
          {"requester", who.requester},
          {"approver", who.approver},
          {"auditor", who.auditor},
          {"delegate", who.delegate},
          {"authentication", session.token() ? "token" : "session"},
          {"token", TokenJson(session)},
          {"session", own},
          {"csrf_token", session.token() ? Json(nullptr) : Json(session.csrf())},
          {"server_version", who.server_version},
          {"extension_version", who.extension_version}};
}

std::string SetCookie(bool secure, const std::string& value, const std::string& more) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}{}", CookieName(secure), value,
                     secure ? "; Secure" : "", more);
}

// A page of another origin cannot log somebody in as somebody else.
void RequireOwnOrigin(const Call& call) {
  if (call.request().headers.Get("sec-fetch-site") == "cross-site")
    throw Failure(Csrf("the request comes from a page of another site"));
  if (!OriginIsOurs(call.request(), call.api.settings()))
    throw Failure(Csrf("the request comes from a page of another origin"));
}

Task<Answer> LogIn(Call& call) {
  RequireOwnOrigin(call);
  Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  const auto target_name = fields.Text("target");
  const std::string user = fields.RequiredText("user");
  std::string password = fields.RequiredText("password");
  const int connections = static_cast<int>(fields.Integer("connections", 1, 4).value_or(1));
  fields.Finish();
  // The copies that the document and the request hold are gone with them, at the end of this call.
  if (user.empty() || user.size() > 63)
    throw Failure(InvalidField("user", "\"user\" must be the name of a role"));
  // libpq would look for an empty one elsewhere.
  if (password.empty()) throw Failure(InvalidField("password", "\"password\" must not be empty"));
  if (password.size() > kLongestPassword) {
    throw Failure(InvalidField("password",
                               fmt::format("\"password\" has at most {} bytes", kLongestPassword)));
  }
  const config::Target target = call.api.TargetOf(target_name);

  const std::string by_user = target.name + '\0' + user;
  const std::string peer = call.request().peer;
  const Clock::time_point now = Clock::now();
  core::LoginGuard& guard = call.api.login_guard();
  if (const int wait = guard.Wait(peer, by_user, now); wait > 0)
    throw Failure(TooManyAttempts(wait));
  int& logins = call.api.logins_under_way(target.name);
  if (logins >= kMostLogins) throw Failure(TooManyAttempts(1));
  const LoginUnderWay under_way(logins);
  guard.Count(peer, by_user, now);

  std::shared_ptr<Session> session;
  std::optional<pg::Error> refused;
  try {
    session = co_await call.api.connector().ByPassword(target, user, std::move(password),
                                                       connections, peer, call.api.limits());
  } catch (const pg::Error& error) {
    refused = error;
  }
  if (refused) {
    const bool wrong = refused->sqlstate().starts_with("28");
    run::Log(run::Level::kWarning, "login refused",
             {{"target", target.name},
              {"user", user},
              {"address", peer},
              {"sqlstate", std::string(refused->sqlstate())},
              {"error", refused->sqlstate() == "28P01" ? "" : refused->what()}});
    call.api.metrics().LoginFailed(target.name);
    // Whether it is the user or the password that is wrong is nobody's business.
    if (wrong) throw Failure(NotAuthenticated("the user or the password is not right"));
    guard.TakeBack(peer, by_user);
    throw Failure(Unreached(*refused));
  }
  guard.Succeeded(peer, by_user, now);
  try {
    // Not before: how many sessions somebody has is nobody else's business.
    call.api.sessions().RequireRoom(target.name, session->who().user);
  } catch (const Failure&) {
    session->End("there are too many");
    throw;
  }
  const std::string secret = NewSecret();
  call.api.sessions().Add(secret, session);
  run::Log(run::Level::kInfo, "logged in",
           {{"target", target.name}, {"user", user}, {"address", peer}});
  http::Response response = JsonResponse(Me(call.api, *session), 201);
  response.headers.Add("Set-Cookie", SetCookie(call.request().secure, secret, ""));
  co_return response;
}

Task<Answer> LogOut(Call& call) {
  if (const auto secret = call.request().Cookie(CookieName(call.request().secure));
      secret && !call.session->token()) {
    call.api.sessions().Remove(*secret, "logged out");
  } else {
    call.session->End("logged out");
  }
  http::Response response{204, "", {}, ""};
  response.headers.Add("Set-Cookie", SetCookie(call.request().secure, "", "; Max-Age=0"));
  co_return response;
}

Task<Answer> ShowMe(Call& call) { co_return JsonResponse(Me(call.api, *call.session)); }

Task<Json> ReadAccess(pg::Connection& connection) {
  views::GrantFilter filter;
  filter.mine = true;
  const core::Table grants = co_await views::ReadGrants(connection, filter);
  const pg::Result more = co_await connection.Execute(
      "SELECT (SELECT pg_catalog.min(g.expires_at) FROM jit.active_grants g"
      "        WHERE g.grantee = session_user) AS next_end,"
      "       pg_catalog.current_setting('jit_access.default_explain', true) AS explain");
  const auto end = more.Time(0, "next_end");
  co_return Json{{"grants", core::RenderJson(grants)},
                 {"next_end", end ? Json(core::FormatRfc3339(*end)) : Json(nullptr)},
                 {"default_explain", more.TextOr(0, "explain", "off") != "off"}};
}

Task<Answer> ShowAccess(Call& call) {
  const Json body = co_await call.session->Run<Json>(ReadAccess);
  co_return JsonResponse(body);
}

}  // namespace

void AddIdentityRoutes(http::Router<Route>& router) {
  router.Add("POST", "/api/v1/login", {"login", Scope::kOpen, LogIn});
  router.Add("POST", "/api/v1/logout", {"logout", Scope::kAny, LogOut});
  router.Add("GET", "/api/v1/me", {"who_am_i", Scope::kAny, ShowMe});
  router.Add("GET", "/api/v1/me/access", {"what_may_i", Scope::kRead, ShowAccess});
}

}  // namespace jit::api
