#include "pg/session.h"

#include "pg/clock.h"

namespace jit::pg {

Session::Session(const Parameters& parameters, milliseconds connect_timeout,
                 milliseconds query_timeout) {
  Block(connection_.Connect(parameters, connect_timeout, query_timeout));
}

Result Session::Query(const std::string& sql, Values values) {
  return Await(connection_.Execute(sql, std::move(values)));
}

core::Instant Session::Now() { return Await(ServerTime(connection_)); }

void Session::AwaitNotification(milliseconds wait) {
  const Clock::time_point deadline = Clock::now() + wait;
  while (connection_.TakeNotifications().empty() && Clock::now() < deadline) {
    Block(connection_.WaitForInput(deadline));
  }
}

void Session::Block(Task<void> task) {
  std::exception_ptr failure;
  asio::co_spawn(reactor_, std::move(task), [&](std::exception_ptr e) { failure = e; });
  reactor_.restart();
  reactor_.run();
  if (failure) std::rethrow_exception(failure);
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    session_.Query("ROLLBACK");
  } catch (const Error&) {
    // Without a connection the server rolls back by itself.
  }
}

void Transaction::Commit() {
  open_ = false;
  session_.Query("COMMIT");
}

}  // namespace jit::pg
