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

  // One statement, its last result.
  Task<Result> Execute(std::string sql, Values values = {});

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
  void Consume();
  Error LastError() const;

  std::shared_ptr<PGconn> handle_;  // shared with a step that still runs on the pool
  Waiter waiter_;
  asio::thread_pool& pool_;
  milliseconds query_timeout_{};
  std::function<void(const ErrorFields&)> on_notice_;
};

}  // namespace jit::pg
