#include "api/metrics.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <vector>

namespace jit::api {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

double Seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

prometheus::Histogram::BucketBoundaries Buckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

}  // namespace

Metrics::Metrics()
    : answers_(BuildCounter()
                   .Name("jit_http_requests_total")
                   .Help("Answered requests by operation and status.")
                   .Register(registry_)),
      answer_seconds_(BuildHistogram()
                          .Name("jit_http_request_duration_seconds")
                          .Help("From the request's last byte to the answer's, by operation.")
                          .Register(registry_)),
      failed_logins_(BuildCounter()
                         .Name("jit_logins_failed_total")
                         .Help("Logins that were refused, by target.")
                         .Register(registry_)),
      statements_(BuildCounter()
                      .Name("jit_sql_statements_total")
                      .Help("Runs of SQL through the API by target and outcome.")
                      .Register(registry_)),
      rows_(BuildCounter()
                .Name("jit_sql_rows_total")
                .Help("Rows that went out through the API, by target.")
                .Register(registry_)),
      statement_seconds_(BuildHistogram()
                             .Name("jit_sql_duration_seconds")
                             .Help("Runs of SQL through the API, by target.")
                             .Register(registry_)),
      moved_(BuildCounter()
                 .Name("jit_request_events_total")
                 .Help("Requests that this daemon moved on, by target and event.")
                 .Register(registry_)),
      push_seconds_(BuildHistogram()
                        .Name("jit_push_duration_seconds")
                        .Help("From the notification of an approval to its grant, by target.")
                        .Register(registry_)),
      revoke_seconds_(
          BuildHistogram()
              .Name("jit_revoke_duration_seconds")
              .Help("From the notification of an end to the daemon's look for what still "
                    "runs, by target.")
              .Register(registry_)),
      listen_lag_(BuildGauge()
                      .Name("jit_listen_lag_seconds")
                      .Help("How long the last probe took from NOTIFY to its arrival, by target.")
                      .Register(registry_)),
      requests_(BuildGauge()
                    .Name("jit_requests")
                    .Help("Open requests by target and status.")
                    .Register(registry_)),
      chain_head_(BuildGauge()
                      .Name("jit_audit_chain_head")
                      .Help("Number of the newest record of the audit log, by target.")
                      .Register(registry_)),
      up_(BuildGauge()
              .Name("jit_target_up")
              .Help("Whether the daemon is connected to the target.")
              .Register(registry_)),
      target_errors_(
          BuildCounter()
              .Name("jit_target_errors_total")
              .Help("Lost connections and refusals of the daemon's own login, by target.")
              .Register(registry_)),
      sessions_(BuildGauge()
                    .Name("jit_sessions")
                    .Help("Sessions of the API, by cookie and by token.")
                    .Register(registry_)
                    .Add({})),
      streams_(BuildGauge()
                   .Name("jit_event_streams")
                   .Help("Open streams of events.")
                   .Register(registry_)
                   .Add({})),
      connections_(BuildGauge()
                       .Name("jit_http_connections")
                       .Help("Open connections of clients.")
                       .Register(registry_)
                       .Add({})) {}

void Metrics::Answered(const std::string& operation, int status, std::chrono::nanoseconds took) {
  answers_.Add({{"operation", operation}, {"status", fmt::to_string(status)}}).Increment();
  answer_seconds_.Add({{"operation", operation}}, Buckets()).Observe(Seconds(took));
}

void Metrics::LoginFailed(const std::string& target) {
  failed_logins_.Add({{"target", target}}).Increment();
}

void Metrics::Statement(const std::string& target, const std::string& outcome, std::int64_t rows,
                        std::chrono::nanoseconds took) {
  statements_.Add({{"target", target}, {"outcome", outcome}}).Increment();
  rows_.Add({{"target", target}}).Increment(static_cast<double>(rows));
  statement_seconds_.Add({{"target", target}}, Buckets()).Observe(Seconds(took));
}

void Metrics::KnowTarget(const std::string& target) {
  const prometheus::Labels of_target{{"target", target}};
  failed_logins_.Add(of_target);
  target_errors_.Add(of_target);
  rows_.Add(of_target);
  push_seconds_.Add(of_target, Buckets());
  revoke_seconds_.Add(of_target, Buckets());
  for (const char* event : {"granted", "started", "expired", "lapsed", "cancelled", "revoked"})
    moved_.Add({{"target", target}, {"event", event}});
}

void Metrics::RequestMoved(const std::string& target, const std::string& event) {
  moved_.Add({{"target", target}, {"event", event}}).Increment();
}

void Metrics::Pushed(const std::string& target, std::chrono::nanoseconds took) {
  push_seconds_.Add({{"target", target}}, Buckets()).Observe(Seconds(took));
}

void Metrics::Revoked(const std::string& target, std::chrono::nanoseconds took) {
  revoke_seconds_.Add({{"target", target}}, Buckets()).Observe(Seconds(took));
}

void Metrics::ListenLag(const std::string& target, std::chrono::nanoseconds lag) {
  listen_lag_.Add({{"target", target}}).Set(Seconds(lag));
}

void Metrics::Requests(const std::string& target, const std::string& status, std::int64_t count) {
  requests_.Add({{"target", target}, {"status", status}}).Set(static_cast<double>(count));
}

void Metrics::ChainHead(const std::string& target, std::int64_t seq) {
  chain_head_.Add({{"target", target}}).Set(static_cast<double>(seq));
}

void Metrics::TargetUp(const std::string& target, bool up) {
  up_.Add({{"target", target}}).Set(up ? 1 : 0);
}

void Metrics::TargetError(const std::string& target) {
  target_errors_.Add({{"target", target}}).Increment();
}

void Metrics::ForgetTarget(const std::string& target) {
  up_.Remove(&up_.Add({{"target", target}}));
  listen_lag_.Remove(&listen_lag_.Add({{"target", target}}));
  chain_head_.Remove(&chain_head_.Add({{"target", target}}));
  for (const char* status : {"pending", "approved", "active"})
    requests_.Remove(&requests_.Add({{"target", target}, {"status", status}}));
}

void Metrics::SetSessions(std::int64_t count) { sessions_.Set(static_cast<double>(count)); }
void Metrics::SetStreams(std::int64_t count) { streams_.Set(static_cast<double>(count)); }
void Metrics::SetConnections(std::int64_t count) { connections_.Set(static_cast<double>(count)); }

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace jit::api
