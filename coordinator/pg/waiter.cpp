#include "pg/waiter.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace jit::pg {

void Waiter::Watch(int socket) {
  Release();
  const int copy = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (copy < 0)
    throw std::system_error(errno, std::generic_category(), "cannot duplicate a socket");
  socket_.assign(copy);
}

void Waiter::Release() {
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.close(ignored);
}

Task<bool> Waiter::UntilReadable(Clock::time_point deadline) {
  return Until(asio::posix::stream_descriptor::wait_read, deadline);
}

Task<bool> Waiter::UntilWritable(Clock::time_point deadline) {
  return Until(asio::posix::stream_descriptor::wait_write, deadline);
}

Task<bool> Waiter::UntilReady(bool reading, Clock::time_point deadline) {
  return reading ? UntilReadable(deadline) : UntilWritable(deadline);
}

Task<bool> Waiter::Until(asio::posix::stream_descriptor::wait_type what,
                         Clock::time_point deadline) {
  if (std::exchange(woken_, false)) co_return false;
  const std::uint64_t number = ++wait_number_;
  timer_.expires_at(deadline);
  timer_.async_wait([this, number](const boost::system::error_code& error) {
    if (error || number != wait_number_ || !waiting_) return;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  });
  waiting_ = true;
  boost::system::error_code error;
  co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  waiting_ = false;
  timer_.cancel();
  woken_ = false;
  co_return !error;
}

void Waiter::Wake() {
  woken_ = true;
  if (!waiting_) return;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace jit::pg
