// Who can do what right now, and until when.
#include "views/grants.h"
#include "api/api.h"
#include "api/fields.h"

namespace jit::api {
namespace {

Task<Answer> ListGrants(Call& call) {
  QueryFields query(call.request());
  views::GrantFilter filter;
  filter.grantee = query.Text("grantee");
  filter.relation = query.Text("relation");
  filter.mine = query.Bool("mine");
  query.Finish();
  const std::function<Task<core::Table>(pg::Connection&)> read = [filter](pg::Connection& c) {
    return views::ReadGrants(c, filter);
  };
  const core::Table grants = co_await call.session->Run<core::Table>(read);
  co_return JsonResponse({{"grants", core::RenderJson(grants)}});
}

}  // namespace

void AddGrantRoutes(http::Router<Route>& router) {
  router.Add("GET", "/api/v1/grants", {"list_grants", Scope::kRead, ListGrants});
}

}  // namespace jit::api
