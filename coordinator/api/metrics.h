// What the daemon counts and measures, in Prometheus' text form.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace jit::api {

class Metrics {
 public:
  Metrics();

  void Answered(const std::string& operation, int status, std::chrono::nanoseconds took);
  void LoginFailed(const std::string& target);
  void Statement(const std::string& target, const std::string& outcome, std::int64_t rows,
                 std::chrono::nanoseconds took);

  // Of a target's loop. `event` as run_due has it.
  // From now on there is a figure for each that counts, and be it 0.
  void KnowTarget(const std::string& target);
  void RequestMoved(const std::string& target, const std::string& event);
  // From the notification to what it asked for being done.
  void Pushed(const std::string& target, std::chrono::nanoseconds took);
  void Revoked(const std::string& target, std::chrono::nanoseconds took);
  void ListenLag(const std::string& target, std::chrono::nanoseconds lag);
  void Requests(const std::string& target, const std::string& status, std::int64_t count);
  void ChainHead(const std::string& target, std::int64_t seq);
  void TargetUp(const std::string& target, bool up);
  void TargetError(const std::string& target);
  // A target that is no longer watched leaves nothing behind.
  void ForgetTarget(const std::string& target);

  void SetSessions(std::int64_t count);
  void SetStreams(std::int64_t count);
  void SetConnections(std::int64_t count);

  std::string Text() const;

 private:
  using Labels = std::map<std::string, std::string>;

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& answers_;
  prometheus::Family<prometheus::Histogram>& answer_seconds_;
  prometheus::Family<prometheus::Counter>& failed_logins_;
  prometheus::Family<prometheus::Counter>& statements_;
  prometheus::Family<prometheus::Counter>& rows_;
  prometheus::Family<prometheus::Histogram>& statement_seconds_;
  prometheus::Family<prometheus::Counter>& moved_;
  prometheus::Family<prometheus::Histogram>& push_seconds_;
  prometheus::Family<prometheus::Histogram>& revoke_seconds_;
  prometheus::Family<prometheus::Gauge>& listen_lag_;
  prometheus::Family<prometheus::Gauge>& requests_;
  prometheus::Family<prometheus::Gauge>& chain_head_;
  prometheus::Family<prometheus::Gauge>& up_;
  prometheus::Family<prometheus::Counter>& target_errors_;
  prometheus::Gauge& sessions_;
  prometheus::Gauge& streams_;
  prometheus::Gauge& connections_;
};

}  // namespace jit::api
