// Waiting in the reactor for a socket, a deadline or a call of Wake, whichever comes first.
#pragma once

#include "pg/asio.h"

namespace jit::pg {

class Waiter {
 public:
  explicit Waiter(asio::io_context& reactor) : socket_(reactor), timer_(reactor) {}

  // Watches this socket from now on, through a duplicate: libpq keeps, changes and closes its own.
  void Watch(int socket);
  // To be called before libpq closes its socket, or a number used again gets alien events.
  void Release();

  // True when the socket became ready. One waits at a time.
  Task<bool> UntilReadable(Clock::time_point deadline);
  Task<bool> UntilWritable(Clock::time_point deadline);
  Task<bool> UntilReady(bool reading, Clock::time_point deadline);

  // Ends the wait that is going on, or the next one.
  void Wake();

 private:
  Task<bool> Until(asio::posix::stream_descriptor::wait_type what, Clock::time_point deadline);

  asio::posix::stream_descriptor socket_;
  asio::steady_timer timer_;
  std::uint64_t wait_number_ = 0;  // a timer's late answer must not end a later wait
  bool waiting_ = false;
  bool woken_ = false;
};

}  // namespace jit::pg
