#include "run/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/backoff.h"
#include "core/interval.h"
#include "run/log.h"

namespace jit::run {
namespace {

using std::chrono::milliseconds;

constexpr const char* kRunDue = "SELECT request_id, event, status, detail FROM jit.run_due()";
constexpr std::string_view kProbeChannel = "jit_access_probe";
constexpr const char* kOpenRequests = "SELECT status, requests FROM jit.open_requests()";
constexpr const char* kCancelEnded = "SELECT pid, request_id FROM jit.cancel_ended()";
// By the server's own clock: ours may differ. Rounded up, so that the time has come when we do.
constexpr const char* kNextDue =
    "SELECT pg_catalog.ceil(extract(epoch FROM jit.next_due() - pg_catalog.clock_timestamp()) * "
    "1000)::bigint"
    " AS wait_ms";

// Something due that did not get done (another daemon has it, or it fails) must not make a loop
// without a pause.
constexpr milliseconds kShortestSleep{20};

double Random() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{0.0, 1.0}(generator);
}

void LogFailure(const std::string& target, const pg::Error& error, milliseconds wait) {
  Log(Level::kError, error.connection_lost() ? "no connection" : "refused by the database",
      {{"target", target},
       {"error", error.what()},
       {"sqlstate", std::string(error.sqlstate())},
       {"hint", error.fields().hint},
       {"retry_in", core::FormatSpan(wait)}});
}

}  // namespace

TargetLoop::TargetLoop(asio::io_context& reactor, asio::thread_pool& pool, TargetSettings settings,
                       Changed changed, Observer& observer)
    : reactor_(reactor),
      pool_(pool),
      settings_(std::move(settings)),
      changed_(std::move(changed)),
      observer_(observer),
      anchoring_(pool, settings_.target),
      pause_(reactor) {}

void TargetLoop::Start() {
  asio::co_spawn(
      reactor_, [self = shared_from_this()] { return self->Run(); },
      [self = shared_from_this()](const std::exception_ptr& failure) {
        self->ended_ = true;
        self->changed_();
        // Not an error of the database: a mistake of ours. It ends the daemon, which is started
        // anew.
        if (failure) std::rethrow_exception(failure);
      });
}

void TargetLoop::Stop() {
  stopping_ = true;
  pause_.cancel();
  if (connection_ != nullptr) connection_->Wake();
}

Task<void> TargetLoop::Run() {
  core::Backoff backoff(settings_.reconnect_min, settings_.reconnect_max);
  while (!stopping_) {
    std::optional<pg::Error> failure;
    std::string unexpected;
    passed_ = false;
    try {
      co_await Watch();
    } catch (const pg::Error& error) {
      failure = error;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      // Whatever answers there speaks another language; the other targets are not to suffer from
      // it.
      unexpected = error.what();
    }
    connection_ = nullptr;
    if (stopping_) break;
    if (passed_) backoff.Reset();
    const milliseconds wait = backoff.Next(Random());
    if (failure) LogFailure(settings_.target.name, *failure, wait);
    if (!unexpected.empty())
      Log(Level::kError, "unexpected answer",
          {{"target", settings_.target.name}, {"error", unexpected.substr(0, 500)}});
    last_error_ = failure ? failure->what() : unexpected.substr(0, 500);
    observer_.Failed(settings_.target.name);
    SetState(false);
    co_await Pause(wait);
  }
  SetState(false);
}

Task<void> TargetLoop::Watch() {
  pg::Connection connection(reactor_, pool_);
  connection_ = &connection;
  probe_.clear();
  co_await connection.Connect(ConnectionParameters(), settings_.connect_timeout,
                              settings_.query_timeout);
  co_await Listen(connection);
  while (!stopping_) {
    // Taken before the pass: what arrives during it may not have been seen by it, and asks for
    // another one.
    TakeNotifications(connection);
    const milliseconds sleep = co_await Pass(connection);
    if (!passed_) {
      passed_ = true;
      Log(Level::kInfo, "watching",
          {{"target", settings_.target.name},
           {"database", connection.database()},
           {"user", connection.user()},
           {"server_version", fmt::to_string(connection.server_version())}});
      database_ = connection.database();
      last_error_.clear();
      SetState(true);
    }
    if (Clock::now() >= measure_at_) co_await Measure(connection);
    // After the pass: grants come first.
    if (Clock::now() >= anchoring_.due()) {
      co_await anchoring_.Take(connection);
      if (const auto head = anchoring_.head()) observer_.ChainHead(settings_.target.name, *head);
    }
    const Clock::time_point wake_at = std::min(Clock::now() + sleep, anchoring_.due());
    bool asked = false;
    while (!asked && !stopping_ && Clock::now() < wake_at) {
      asked = TakeNotifications(connection);
      if (!asked) co_await connection.WaitForInput(wake_at);
    }
  }
}

// First listen, then look: what happens in between is notified.
Task<void> TargetLoop::Listen(pg::Connection& connection) {
  co_await connection.Execute("LISTEN jit_access");
  co_await connection.Execute("LISTEN jit_access_probe");
}

bool TargetLoop::TakeNotifications(pg::Connection& connection) {
  bool others = false;
  for (const pg::Notification& one : connection.TakeNotifications()) {
    if (one.channel == kProbeChannel) {
      if (!probe_.empty() && one.payload == probe_) {
        observer_.ListenLag(settings_.target.name, Clock::now() - probed_at_);
        probe_.clear();
      }
      continue;
    }
    observer_.Notified(settings_.target.name);
    if (one.sender == connection.backend_pid()) continue;  // our own passes tell us nothing new
    others = true;
    if (!heard_at_) heard_at_ = Clock::now();
    heard_of_end_ |= one.payload.find("revoked") != std::string::npos;
  }
  return others;
}

Task<void> TargetLoop::Measure(pg::Connection& connection) {
  const std::string& target = settings_.target.name;
  measure_at_ = Clock::now() + settings_.target.poll_interval;
  if (!probe_.empty()) observer_.ListenLag(target, Clock::now() - probed_at_);  // not there yet
  std::optional<pg::Error> failure;
  try {
    const pg::Result open = co_await connection.Execute(kOpenRequests);
    for (int row = 0; row < open.rows(); ++row) {
      observer_.OpenRequests(target, open.TextOr(row, "status"),
                             open.Integer(row, "requests").value_or(0));
    }
  } catch (const pg::Error& error) {
    failure = error;
  }
  // An older extension does not have it; nothing depends on it.
  if (failure && failure->connection_lost()) throw *failure;
  if (!probe_.empty()) co_return;
  probe_ = fmt::format("{}.{}", connection.backend_pid(), ++probes_);
  probed_at_ = Clock::now();
  pg::Values values;
  values.emplace_back(probe_);
  co_await connection.Execute("SELECT pg_catalog.pg_notify('jit_access_probe', $1)",
                              std::move(values));
}

Task<milliseconds> TargetLoop::Pass(pg::Connection& connection) {
  const std::string& target = settings_.target.name;
  // Each statement is a transaction of its own: what run_due did counts before cancel_ended looks.
  const std::optional<Clock::time_point> heard_at = std::exchange(heard_at_, std::nullopt);
  const bool of_end = std::exchange(heard_of_end_, false);
  bool pushed = false;
  const pg::Result done = co_await connection.Execute(kRunDue);
  for (int row = 0; row < done.rows(); ++row) {
    const std::string event = done.TextOr(row, "event");
    observer_.Moved(target, event);
    pushed |= event == "granted";
    Log(event == "error" ? Level::kError : Level::kInfo, "request",
        {{"target", target},
         {"request", done.TextOr(row, "request_id")},
         {"event", event},
         {"status", done.TextOr(row, "status")},
         {"detail", done.TextOr(row, "detail")}});
  }
  const pg::Result cancelled = co_await connection.Execute(kCancelEnded);
  for (int row = 0; row < cancelled.rows(); ++row) {
    Log(Level::kInfo, "cancelled a statement",
        {{"target", target},
         {"request", cancelled.TextOr(row, "request_id")},
         {"pid", cancelled.TextOr(row, "pid")}});
  }
  if (heard_at && pushed) observer_.Pushed(target, Clock::now() - *heard_at);
  if (heard_at && of_end) observer_.LookedForEnded(target, Clock::now() - *heard_at);
  const pg::Result next = co_await connection.Execute(kNextDue);
  const milliseconds poll = settings_.target.poll_interval;
  const auto due = next.Integer(0, "wait_ms");
  if (!due) co_return poll;
  co_return std::clamp(milliseconds{*due}, std::min(kShortestSleep, poll), poll);
}

Task<void> TargetLoop::Pause(milliseconds wait) {
  pause_.expires_after(wait);
  boost::system::error_code ignored;
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void TargetLoop::SetState(bool connected) {
  if (!tried_ || connected != connected_) {
    since_ =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  tried_ = true;
  connected_ = connected;
  observer_.Connected(settings_.target.name, connected);
  changed_();
}

pg::Parameters TargetLoop::ConnectionParameters() const {
  pg::Parameters parameters = pg::ParseConninfo(settings_.target.conninfo);
  if (!settings_.target.user.empty()) pg::Set(parameters, "user", settings_.target.user);
  if (!settings_.target.passfile.empty())
    pg::Set(parameters, "passfile", settings_.target.passfile);
  pg::Set(parameters, "application_name", "jit-coordinator");  // doctor finds the daemon by it
  return parameters;
}

}  // namespace jit::run
