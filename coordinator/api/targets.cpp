// Which databases there are to log in to, and how they are; and the policies of the one logged in
// to.
#include <fmt/format.h>

#include "api/api.h"
#include "api/fields.h"
#include "views/policies.h"

namespace jit::api {
namespace {

Task<Answer> ListTargets(Call& call) {
  Json list = Json::array();
  for (const TargetHealth& target : call.api.targets()) {
    Json one = {{"name", target.name}};
    // Whoever has not logged in learns what a page to log in needs.
    if (call.session) {
      one["connected"] = target.connected;
      one["database"] = target.database.empty() ? Json(nullptr) : Json(target.database);
      // Of the one logged in to: of others it may tell where they are.
      const bool own = target.name == call.session->target();
      one["last_error"] =
          target.last_error.empty() || !own ? Json(nullptr) : Json(target.last_error);
      one["listening_since"] = target.connected && target.since
                                   ? Json(core::FormatRfc3339(*target.since))
                                   : Json(nullptr);
    }
    list.push_back(std::move(one));
  }
  co_return JsonResponse({{"targets", std::move(list)}});
}

Task<Answer> ListPolicies(Call& call) {
  QueryFields(call.request()).Finish();
  const std::function<Task<core::Table>(pg::Connection&)> read = [](pg::Connection& c) {
    return views::ReadPolicies(c);
  };
  const core::Table policies = co_await call.session->Run<core::Table>(read);
  co_return JsonResponse({{"policies", core::RenderJson(policies)}});
}

}  // namespace

void AddTargetRoutes(http::Router<Route>& router) {
  router.Add("GET", "/api/v1/targets", {"list_targets", Scope::kSeen, ListTargets});
  router.Add("GET", "/api/v1/policies", {"list_policies", Scope::kRead, ListPolicies});
}

}  // namespace jit::api
