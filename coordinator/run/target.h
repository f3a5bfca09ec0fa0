// One watched database: connect, listen, do what is due, sleep until the next thing is; and again.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "config/config.h"
#include "core/timestamp.h"
#include "pg/connection.h"
#include "run/anchor.h"

namespace jit::run {

// All that a target's loop depends on; a loop whose settings change is replaced by a new one.
struct TargetSettings {
  config::Target target;
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds query_timeout;
  std::chrono::milliseconds reconnect_min;
  std::chrono::milliseconds reconnect_max;

  bool operator==(const TargetSettings&) const = default;
};

// What a loop tells whoever wants to know; each call is short and throws nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void Notified(const std::string& target) = 0;
  virtual void Moved(const std::string& target, const std::string& event) = 0;
  // From hearing of it to having done it.
  virtual void Pushed(const std::string& target, std::chrono::nanoseconds took) = 0;
  virtual void LookedForEnded(const std::string& target, std::chrono::nanoseconds took) = 0;
  virtual void ListenLag(const std::string& target, std::chrono::nanoseconds lag) = 0;
  virtual void OpenRequests(const std::string& target, const std::string& status,
                            std::int64_t count) = 0;
  virtual void ChainHead(const std::string& target, std::int64_t seq) = 0;
  virtual void Connected(const std::string& target, bool connected) = 0;
  virtual void Failed(const std::string& target) = 0;
};

class TargetLoop : public std::enable_shared_from_this<TargetLoop> {
 public:
  // Called when the first attempt is over and whenever the connection comes or goes.
  using Changed = std::function<void()>;

  // `observer` outlives the loop.
  TargetLoop(asio::io_context& reactor, asio::thread_pool& pool, TargetSettings settings,
             Changed changed, Observer& observer);

  // Runs in the reactor until Stop, holding itself alive.
  void Start();
  // Lets what is in flight finish, then ends the loop.
  void Stop();

  const TargetSettings& settings() const { return settings_; }
  bool tried() const { return tried_; }
  bool connected() const { return connected_; }
  bool ended() const { return ended_; }
  // Of the connection there is, or was last.
  const std::string& database() const { return database_; }
  // Why there is no connection; empty while there is one.
  const std::string& last_error() const { return last_error_; }
  // When the connection came, or went.
  core::Instant since() const { return since_; }

 private:
  Task<void> Run();
  // From connecting to the loss of the connection, which it throws.
  Task<void> Watch();
  Task<void> Listen(pg::Connection& connection);
  // Does what is due; how long there is nothing to do.
  Task<std::chrono::milliseconds> Pass(pg::Connection& connection);
  // Takes what was notified; true where somebody else has changed something.
  bool TakeNotifications(pg::Connection& connection);
  // What is measured now and then: how far notifications lag, how many requests are open.
  Task<void> Measure(pg::Connection& connection);
  Task<void> Pause(std::chrono::milliseconds wait);
  void SetState(bool connected);
  pg::Parameters ConnectionParameters() const;

  asio::io_context& reactor_;
  asio::thread_pool& pool_;
  TargetSettings settings_;
  Changed changed_;
  Observer& observer_;
  Anchoring anchoring_;
  asio::steady_timer pause_;
  pg::Connection* connection_ = nullptr;  // while there is one: to wake it
  std::string database_;
  std::string last_error_;
  core::Instant since_{};
  std::optional<Clock::time_point> heard_at_;  // of a change that no pass has seen yet
  bool heard_of_end_ = false;
  std::string probe_;  // the one that is under way
  std::uint64_t probes_ = 0;
  Clock::time_point probed_at_{};
  Clock::time_point measure_at_ = Clock::now();
  bool passed_ = false;  // a pass has succeeded over this connection
  bool tried_ = false;
  bool connected_ = false;
  bool stopping_ = false;
  bool ended_ = false;
};

}  // namespace jit::run
