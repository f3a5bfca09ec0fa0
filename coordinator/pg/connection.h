// One connection to PostgreSQL in the reactor: every wait has a deadline, every failure is a
// pg::Error.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pg/conninfo.h"
#include "pg/error.h"
#include "pg/result.h"
#include "pg/waiter.h"

namespace jit::pg {

using std::chrono::milliseconds;

// Of a statement; none = NULL.
using Values = std::vector<std::optional<std::string>>;

// Values in a list. g++ 12 cannot take an initializer list in the operand of a co_await.
template <typename... Each>
Values With(Each&&... each) {
  Values values;
  (values.emplace_back(std::forward<Each>(each)), ...);
  return values;
}

struct Notification {
  std::string channel;
  std::string payload;
  int sender;  // process id of the session that said NOTIFY
};

class Connection {
 public:
  // The pool runs what may block inside libpq: each step of connecting may resolve a name.
  Connection(asio::io_context& reactor, asio::thread_pool& pool) : waiter_(reactor), pool_(pool) {}
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects and sets the session up: an empty search_path, so that every name in our statements
  // means what it says whoever else may create objects; UTC, ISO dates; statement_timeout a little
  // below our own deadline.
  Task<void> Connect(const Parameters& parameters, milliseconds connect_timeout,
                     milliseconds query_timeout);

  // The two steps of Connect: for a session whose first statement has to be another one, or that
  // is to stay as its user set it up.
  Task<void> Open(const Parameters& parameters, milliseconds connect_timeout,
                  milliseconds query_timeout);
  Task<void> SetUp();

  // One statement, its last result.
  Task<Result> Execute(std::string sql, Values values = {});

  // Statements whose rows are taken as they come. Start sends them: one with values (also none), or
  // several in one text. Then, until TakeResult gives a null one: AwaitResult while busy(), and
  // TakeResult, which gives a row, the end of a statement, or its error. Notifications that come
  // meanwhile are dropped.
  Task<void> Start(std::string sql, std::optional<Values> values, Clock::time_point deadline);
  bool busy();
  Task<void> AwaitResult(Clock::time_point deadline);
  Result TakeResult();
  // Gets a COPY over with: gives it no data, or takes and drops what it has.
  Task<void> RefuseCopy(ExecStatusType copy, Clock::time_point deadline);

  // Asks the server to end what runs. Asked on the pool, and waited for.
  Task<void> Cancel();

  // Whether the server is still there, as far as can be told without asking it.
  bool Alive();
  // Whether the server wanted the password that it was given. False under trust, peer,
  // certificates.
  bool used_password() const { return PQconnectionUsedPassword(handle_.get()) != 0; }
  PGTransactionStatusType transaction() const { return PQtransactionStatus(handle_.get()); }
  // An error that a result holds.
  Error ErrorOf(const Result& result) const;

  // Until something arrives, Wake is called or the deadline passes.
  Task<void> WaitForInput(Clock::time_point deadline);
  std::vector<Notification> TakeNotifications();
  void Wake() { waiter_.Wake(); }

  void OnNotice(std::function<void(const ErrorFields&)> handler) {
    on_notice_ = std::move(handler);
  }

  int backend_pid() const { return PQbackendPID(handle_.get()); }
  int server_version() const { return PQserverVersion(handle_.get()); }
  std::string user() const { return PQuser(handle_.get()); }
  std::string database() const { return PQdb(handle_.get()); }
  void Close();

 private:
  static void ReceiveNotice(void* self, const PGresult* result);
  Task<void> Establish(const Parameters& parameters, milliseconds timeout);
  Task<void> Flush(Clock::time_point deadline);
  Task<Result> Receive(Clock::time_point deadline);
  std::int64_t Consume();  // about how many bytes came
  Error LastError() const;

  std::shared_ptr<PGconn> handle_;  // shared with a step that still runs on the pool
  Waiter waiter_;
  asio::thread_pool& pool_;
  milliseconds query_timeout_{};
  std::function<void(const ErrorFields&)> on_notice_;
};

}  // namespace jit::pg
