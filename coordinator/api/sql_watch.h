// What ends a run of SQL before it is done: its time, its limits, its client's going, a cancel.
#pragma once

#include <memory>

#include "api/session.h"
#include "http/exchange.h"

namespace jit::api {

enum class Ending { kNone, kCancelled, kTime, kRows, kBytes, kGone };

// Stands beside a run and ends it when its time is over, its client has gone, or somebody says so.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(asio::io_context& reactor, std::shared_ptr<Session> session, pg::Connection& connection,
        const http::Exchange& exchange, Clock::time_point deadline)
      : reactor_(reactor),
        session_(std::move(session)),
        connection_(connection),
        exchange_(exchange),
        deadline_(deadline),
        timer_(reactor),
        finished_(reactor, Clock::time_point::max()) {}

  void Start() {
    asio::co_spawn(
        reactor_, [self = shared_from_this()] { return self->Look(); },
        [self = shared_from_this()](const std::exception_ptr&) {
          self->over_ = true;
          self->finished_.cancel();
        });
  }

  // The first reason counts.
  void Interrupt(Ending why) {
    if (ending_ != Ending::kNone) return;
    ending_ = why;
    timer_.cancel();
  }

  // Waits until nothing of it can still reach the connection: a late cancel would hit the next
  // statement.
  Task<void> Finish() {
    done_ = true;
    timer_.cancel();
    boost::system::error_code ignored;
    if (!over_) co_await finished_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  Ending ending() const { return ending_; }

 private:
  Task<void> Look();

  asio::io_context& reactor_;
  std::shared_ptr<Session> session_;
  pg::Connection& connection_;
  const http::Exchange& exchange_;
  Clock::time_point deadline_;
  asio::steady_timer timer_;
  asio::steady_timer finished_;
  Ending ending_ = Ending::kNone;
  bool done_ = false;
  bool over_ = false;
};

}  // namespace jit::api
