// What operators and tools ask of the daemon itself: its description, its metrics, its health.
#include "api/api.h"

namespace jit::api {
namespace {

Task<Answer> ShowDescription(Call&) {
  http::Response response{200, "application/yaml", {}, std::string(Description())};
  response.headers.Add("Cache-Control", "max-age=300");
  co_return response;
}

Task<Answer> ShowMetrics(Call& call) {
  if (!call.request().peer_is_local && !call.api.settings().metrics_for_everyone) {
    throw Failure(Problem{403, "forbidden", "Not allowed",
                          "metrics are for this machine alone, unless the configuration says "
                          "metrics = \"everyone\""});
  }
  Metrics& metrics = call.api.metrics();
  metrics.SetSessions(static_cast<std::int64_t>(call.api.sessions().size()));
  metrics.SetStreams(call.api.feeds().streams());
  metrics.SetConnections(call.api.connections());
  co_return http::Response{200, "text/plain; version=0.0.4; charset=utf-8", {}, metrics.Text()};
}

Task<Answer> ShowAlive(Call&) { co_return JsonResponse({{"status", "ok"}}); }

Task<Answer> ShowReady(Call& call) {
  bool all_tried = true;
  bool any_connected = false;
  Json targets = Json::object();
  for (const TargetHealth& target : call.api.targets()) {
    all_tried = all_tried && target.tried;
    any_connected = any_connected || target.connected;
    targets[target.name] = target.connected ? "connected"
                           : target.tried   ? "not connected"
                                            : "not tried";
  }
  const bool ready = all_tried && any_connected;
  co_return JsonResponse({{"status", ready ? "ready" : "not ready"}, {"targets", targets}},
                         ready ? 200 : 503);
}

}  // namespace

void AddServiceRoutes(http::Router<Route>& router) {
  router.Add("GET", "/openapi.yaml", {"read_description", Scope::kOpen, ShowDescription});
  router.Add("GET", "/metrics", {"read_metrics", Scope::kOpen, ShowMetrics});
  router.Add("GET", "/healthz", {"is_alive", Scope::kOpen, ShowAlive});
  router.Add("GET", "/readyz", {"is_ready", Scope::kOpen, ShowReady});
}

}  // namespace jit::api
