#include "api/sql_watch.h"

namespace jit::api {
namespace {

constexpr std::chrono::seconds kPatience{5};     // with a statement that was cancelled
constexpr std::chrono::milliseconds kLook{500};  // how often to see whether the client is there

}  // namespace

Task<void> Watch::Look() {
  while (!done_ && ending_ == Ending::kNone) {
    timer_.expires_at(std::min(deadline_, Clock::now() + kLook));
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (done_ || ending_ != Ending::kNone) break;
    if (Clock::now() >= deadline_) {
      ending_ = Ending::kTime;
    } else if (exchange_.gone()) {
      ending_ = Ending::kGone;
    }
  }
  if (done_) co_return;
  co_await connection_.Cancel();
  // A function may trap it, and go on.
  timer_.expires_after(kPatience);
  boost::system::error_code ignored;
  if (!done_) co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!done_) co_await session_->Terminate(connection_.backend_pid());
}

}  // namespace jit::api
