// Deciding on requests: each one call of the database, which holds who may.
#include <fmt/format.h>

#include "api/api.h"
#include "api/fields.h"

namespace jit::api {
namespace {

// jit_approve has to be a statement of its own; so are they all.
Task<Answer> Decide(Call& call, std::string function, pg::Values more) {
  const std::int64_t id = call.id();
  std::string arguments = "$1";
  for (std::size_t i = 0; i < more.size(); ++i) arguments += fmt::format(", ${}", i + 2);
  pg::Values values = pg::With(fmt::to_string(id));
  for (auto& value : more) values.push_back(std::move(value));
  const pg::Result done = co_await call.session->Query(
      fmt::format("SELECT {}({}) AS status", function, arguments), std::move(values));
  co_return JsonResponse({{"id", id}, {"status", done.TextOr(0, "status")}});
}

std::string InSchema(const Call& call, const char* function) {
  return fmt::format("{}.{}", call.session->who().schema, function);
}

Task<Answer> Approve(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields fields(body);
  pg::Values more = pg::With(fields.Text("comment"), fields.Length("duration"));
  fields.Finish();
  Answer answer = co_await Decide(call, InSchema(call, "jit_approve"), std::move(more));
  co_return answer;
}

Task<Answer> Deny(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields fields(body);
  pg::Values more = pg::With(fields.Text("comment"));
  fields.Finish();
  Answer answer = co_await Decide(call, InSchema(call, "jit_deny"), std::move(more));
  co_return answer;
}

Task<Answer> Cancel(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields(body).Finish();
  pg::Values none;
  Answer answer = co_await Decide(call, InSchema(call, "jit_cancel"), std::move(none));
  co_return answer;
}

Task<Answer> Revoke(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields fields(body);
  pg::Values more = pg::With(fields.Text("reason"));
  fields.Finish();
  // One's own is handed back, another's taken away: the database tells them apart.
  if (!call.session->Has("approve") && !call.session->Has("request"))
    throw Failure(MissingScope(call.session->token()->name, "approve"));
  Answer answer = co_await Decide(call, InSchema(call, "jit_revoke"), std::move(more));
  co_return answer;
}

Task<Answer> Review(Call& call) {
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  pg::Values more = pg::With(fields.RequiredText("comment"));
  fields.Finish();
  Answer answer = co_await Decide(call, "jit.review", std::move(more));
  co_return answer;
}

}  // namespace

void AddDecisionRoutes(http::Router<Route>& router) {
  router.Add("POST", "/api/v1/requests/{id}/approve",
             {"approve_request", Scope::kApprove, Approve});
  router.Add("POST", "/api/v1/requests/{id}/deny", {"deny_request", Scope::kApprove, Deny});
  router.Add("POST", "/api/v1/requests/{id}/cancel", {"cancel_request", Scope::kRequest, Cancel});
  router.Add("POST", "/api/v1/requests/{id}/revoke", {"revoke_request", Scope::kAny, Revoke});
  router.Add("POST", "/api/v1/requests/{id}/review", {"review_request", Scope::kApprove, Review});
}

}  // namespace jit::api
