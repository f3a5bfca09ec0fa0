// Whose turn it is with something that one at a time may use: in the order of asking.
#pragma once

#include <list>
#include <memory>
#include <utility>

#include "pg/asio.h"

namespace jit::api {

class Turn {
 public:
  explicit Turn(asio::io_context& reactor) : reactor_(reactor) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Gives the turn back when it goes. The Turn must outlive it.
  class Hold {
   public:
    Hold() = default;
    explicit Hold(Turn* turn) : turn_(turn) {}
    Hold(Hold&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(turn_, other.turn_);
      return *this;
    }
    ~Hold() {
      if (turn_ != nullptr) turn_->Release();
    }
    explicit operator bool() const { return turn_ != nullptr; }

   private:
    Turn* turn_ = nullptr;
  };

  bool taken() const { return taken_; }

  Task<Hold> Take() {
    if (!taken_) {
      taken_ = true;
      co_return Hold(this);
    }
    const auto timer = std::make_shared<asio::steady_timer>(reactor_, Clock::time_point::max());
    waiting_.push_back(timer);
    boost::system::error_code ignored;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return Hold(this);  // handed over by Release: taken_ stayed true
  }

  // At once, or not at all.
  Hold TryTake() {
    if (taken_) return Hold();
    taken_ = true;
    return Hold(this);
  }

 private:
  void Release() {
    if (waiting_.empty()) {
      taken_ = false;
      return;
    }
    const auto next = waiting_.front();
    waiting_.pop_front();
    next->cancel();
  }

  asio::io_context& reactor_;
  std::list<std::shared_ptr<asio::steady_timer>> waiting_;
  bool taken_ = false;
};

}  // namespace jit::api
