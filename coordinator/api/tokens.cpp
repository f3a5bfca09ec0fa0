// Bearer tokens: made by whoever is logged in, shown once, revoked at once.
#include <fmt/format.h>

#include "api/api.h"
#include "api/fields.h"
#include "views/calls.h"
#include "views/tokens.h"

namespace jit::api {
namespace {

Task<Answer> ListTokens(Call& call) {
  QueryFields query(call.request());
  views::TokenFilter filter;
  filter.all = query.Bool("all");
  query.Finish();
  const std::function<Task<core::Table>(pg::Connection&)> read = [filter](pg::Connection& c) {
    return views::ReadTokens(c, filter);
  };
  const core::Table tokens = co_await call.session->Run<core::Table>(read);
  co_return JsonResponse({{"tokens", core::RenderJson(tokens)}});
}

Task<Answer> CreateToken(Call& call) {
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  const std::string name = fields.RequiredText("name");
  const auto scopes = fields.Texts("scopes");
  if (!scopes) throw Failure(InvalidField("scopes", "\"scopes\" is missing"));
  const auto lifetime = fields.Length("lifetime");
  fields.Finish();
  views::Statement asked = views::TokenCall(call.session->who().schema, name, *scopes, lifetime);
  const pg::Result made =
      co_await call.session->Query(std::move(asked.sql), std::move(asked.values));
  const auto end = made.Time(0, "expires_at");
  const Json answer = {{"id", made.Integer(0, "id").value_or(0)},
                       {"name", name},
                       {"token", made.TextOr(0, "token")},
                       {"scopes", *scopes},
                       {"expires_at", end ? Json(core::FormatRfc3339(*end)) : Json(nullptr)}};
  co_return JsonResponse(answer, 201);
}

Task<Answer> RevokeToken(Call& call) {
  const std::int64_t id = call.id();
  views::Statement asked = views::TokenRevocationCall(call.session->who().schema, id);
  const pg::Result done =
      co_await call.session->Query(std::move(asked.sql), std::move(asked.values));
  // The notification says the same to every daemon; ours need not wait for it.
  call.api.sessions().EndToken(call.session->target(), id);
  co_return JsonResponse({{"id", id}, {"status", done.TextOr(0, "status")}});
}

}  // namespace

void AddTokenRoutes(http::Router<Route>& router) {
  router.Add("GET", "/api/v1/tokens", {"list_tokens", Scope::kRead, ListTokens});
  router.Add("POST", "/api/v1/tokens", {"create_token", Scope::kSession, CreateToken});
  router.Add("DELETE", "/api/v1/tokens/{id}", {"revoke_token", Scope::kAny, RevokeToken});
}

}  // namespace jit::api
