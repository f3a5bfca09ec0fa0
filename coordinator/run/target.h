// One watched database: connect, listen, do what is due, sleep until the next thing is; and again.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "config/config.h"
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

class TargetLoop : public std::enable_shared_from_this<TargetLoop> {
 public:
  // Called when the first attempt is over and whenever the connection comes or goes.
  using Changed = std::function<void()>;

  TargetLoop(asio::io_context& reactor, asio::thread_pool& pool, TargetSettings settings,
             Changed changed);

  // Runs in the reactor until Stop, holding itself alive.
  void Start();
  // Lets what is in flight finish, then ends the loop.
  void Stop();

  const TargetSettings& settings() const { return settings_; }
  bool tried() const { return tried_; }
  bool connected() const { return connected_; }
  bool ended() const { return ended_; }

 private:
  Task<void> Run();
  // From connecting to the loss of the connection, which it throws.
  Task<void> Watch();
  Task<void> Listen(pg::Connection& connection);
  // Does what is due; how long there is nothing to do.
  Task<std::chrono::milliseconds> Pass(pg::Connection& connection);
  Task<void> Pause(std::chrono::milliseconds wait);
  void SetState(bool connected);
  pg::Parameters ConnectionParameters() const;

  asio::io_context& reactor_;
  asio::thread_pool& pool_;
  TargetSettings settings_;
  Changed changed_;
  Anchoring anchoring_;
  asio::steady_timer pause_;
  pg::Connection* connection_ = nullptr;  // while there is one: to wake it
  bool passed_ = false;                   // a pass has succeeded over this connection
  bool tried_ = false;
  bool connected_ = false;
  bool stopping_ = false;
  bool ended_ = false;
};

}  // namespace jit::run
