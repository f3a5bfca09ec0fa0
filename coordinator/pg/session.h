// A connection for the command line: the same code, each call blocking until it is done.
#pragma once

#include <optional>

#include "pg/connection.h"

namespace jit::pg {

class Session {
 public:
  // Connects; throws Error.
  Session(const Parameters& parameters, milliseconds connect_timeout, milliseconds query_timeout);

  Result Query(const std::string& sql, Values values = {});

  // Until the task is done, with what it returns.
  template <typename T>
  T Await(Task<T> task) {
    std::optional<T> out;
    const auto run = [](Task<T> awaited, std::optional<T>& to) -> Task<void> {
      T value = co_await std::move(awaited);
      to.emplace(std::move(value));
    };
    Block(run(std::move(task), out));
    return std::move(*out);
  }

  // Until a notification has come or the time is over; those that have come are taken.
  void AwaitNotification(milliseconds wait);

  core::Instant Now();

  Connection& connection() { return connection_; }

 private:
  void Block(Task<void> task);

  asio::io_context reactor_{1};
  asio::thread_pool pool_{1};
  Connection connection_{reactor_, pool_};
};

// A transaction that is rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Session& session) : session_(session) { session_.Query("BEGIN"); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void Commit();

 private:
  Session& session_;
  bool open_ = true;
};

}  // namespace jit::pg
