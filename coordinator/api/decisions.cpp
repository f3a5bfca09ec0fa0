// Deciding on requests: each one call of the database, which holds who may.
#include "api/api.h"
#include "api/fields.h"
#include "views/calls.h"

namespace jit::api {
namespace {

using views::Decision;

// jit_approve has to be a statement of its own; so are they all.
Task<Answer> Decide(Call& call, Decision decision, std::optional<std::string> message,
                    std::optional<std::string> duration) {
  const std::int64_t id = call.id();
  views::Statement asked = views::DecisionCall(call.session->who().schema, decision, id,
                                               std::move(message), std::move(duration));
  const pg::Result done =
      co_await call.session->Query(std::move(asked.sql), std::move(asked.values));
  co_return JsonResponse({{"id", id}, {"status", done.TextOr(0, "status")}});
}

Task<Answer> Approve(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields fields(body);
  const auto comment = fields.Text("comment");
  const auto duration = fields.Length("duration");
  fields.Finish();
  Answer answer = co_await Decide(call, Decision::kApprove, comment, duration);
  co_return answer;
}

Task<Answer> Deny(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields fields(body);
  const auto comment = fields.Text("comment");
  fields.Finish();
  Answer answer = co_await Decide(call, Decision::kDeny, comment, std::nullopt);
  co_return answer;
}

Task<Answer> Cancel(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields(body).Finish();
  Answer answer = co_await Decide(call, Decision::kCancel, std::nullopt, std::nullopt);
  co_return answer;
}

Task<Answer> Revoke(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields fields(body);
  const auto reason = fields.Text("reason");
  fields.Finish();
  // One's own is handed back, another's taken away: the database tells them apart.
  if (!call.session->Has("approve") && !call.session->Has("request"))
    throw Failure(MissingScope(call.session->token()->name, "approve"));
  Answer answer = co_await Decide(call, Decision::kRevoke, reason, std::nullopt);
  co_return answer;
}

Task<Answer> Review(Call& call) {
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  const std::string comment = fields.RequiredText("comment");
  fields.Finish();
  Answer answer = co_await Decide(call, Decision::kReview, comment, std::nullopt);
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
