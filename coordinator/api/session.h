// A login to one target: connections of its own, as that user, on which everything runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/turn.h"
#include "core/timestamp.h"
#include "pg/connection.h"

namespace jit::api {

// Who the database says it is.
struct Who {
  std::string user;
  std::string database;
  std::string schema;  // of the extension, quoted
  std::string extension_version;
  int server_version = 0;
  bool superuser = false;
  bool requester = false;
  bool approver = false;
  bool auditor = false;
  bool delegate = false;
};

struct TokenInfo {
  std::int64_t id = 0;
  std::string name;
  std::set<std::string> scopes;
  std::string expires_at;  // RFC 3339
};

// A connection for the user's own SQL: stays as they set it up, transactions included.
struct WorkConnection {
  WorkConnection(asio::io_context& reactor, asio::thread_pool& pool)
      : connection(reactor, pool), turn(reactor) {}

  pg::Connection connection;
  Turn turn;
  core::Instant since{};            // when the statement began, or ended
  std::function<void()> interrupt;  // ends the statement that runs; empty where none does

  bool running() const { return interrupt != nullptr; }
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::io_context& reactor, asio::thread_pool& pool, std::string target)
      : reactor_(reactor),
        pool_(pool),
        target_(std::move(target)),
        control_(reactor, pool),
        turn_(reactor),
        opening_(reactor) {}

  const std::string& target() const { return target_; }
  const Who& who() const { return who_; }
  const std::optional<TokenInfo>& token() const { return token_; }
  const std::string& csrf() const { return csrf_; }
  bool Has(const std::string& scope) const { return !token_ || token_->scopes.contains(scope); }

  // What the API itself asks, one statement at a time. Throws Failure(SessionEnded) when the
  // session has ended, pg::Error for what the database refuses; a lost connection ends the session.
  Task<pg::Result> Query(std::string sql, pg::Values values = {});

  // Several statements in a row, such as a read model. `work` must not keep the connection.
  template <typename T>
  Task<T> Run(std::function<Task<T>(pg::Connection&)> work) {
    const auto self = shared_from_this();
    const Lease lease = co_await Borrow();
    std::optional<pg::Error> failure;
    try {
      T out = co_await work(*lease.connection);
      co_return out;
    } catch (const pg::Error& error) {
      failure = error;
    }
    Check(*failure);
    throw *failure;
  }

  // The connection itself. Give it back by letting `hold` go; call Check with every pg::Error that
  // comes of it.
  struct Lease {
    Turn::Hold hold;
    pg::Connection* connection = nullptr;
  };
  Task<Lease> Borrow();
  void Check(const pg::Error& error);

  std::vector<std::unique_ptr<WorkConnection>>& work() { return work_; }
  Turn& opening() { return opening_; }  // whose turn it is to add to them
  pg::Connection& control() { return control_; }

  // Ends the backend of one of its own connections, also when the session has ended. Never throws.
  Task<void> Terminate(int backend_pid);

  bool ended() const { return ended_; }
  // Connections are closed as soon as nobody uses them; what runs is cancelled.
  void End(const std::string& why);
  const std::string& end_reason() const { return end_reason_; }
  // Called once, when the session ends: whoever waits for something of it need wait no longer.
  void OnEnd(std::function<void()> handler) { on_end_ = std::move(handler); }
  // Ended so long ago that nobody asks why any more.
  bool end_forgotten(Clock::time_point now) const {
    return now - ended_at_ > std::chrono::minutes{10};
  }
  // Whether the server is still there; ends the session where it is not.
  bool Alive();

  // Asks the database again, where the last time is a while ago, who it is; a role that is gone, or
  // may no longer log in, ends the session.
  Task<void> Refresh();

  // The name of a type; of one that was not learnt, "oid:N".
  std::string TypeName(Oid type) const;
  // Asks for the names of the result's types that are not known yet.
  Task<void> LearnTypes(const PGresult* result);

  // Times.
  void Touch() { last_used_ = Clock::now(); }
  Clock::time_point last_used() const { return last_used_; }
  bool Over(Clock::time_point now, std::chrono::milliseconds idle) const {
    return now >= ends_ || (users_ == 0 && now - last_used_ >= idle);
  }
  core::Instant created_at() const { return created_at_; }
  core::Instant ends_at() const { return ends_at_; }

  // While a request or a stream uses the session, it is not idle.
  class Use {
   public:
    explicit Use(std::shared_ptr<Session> session) : session_(std::move(session)) {
      ++session_->users_;
    }
    ~Use() {
      --session_->users_;
      session_->Touch();
      session_->CloseIfEnded();
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    std::shared_ptr<Session> session_;
  };

 private:
  friend class Connector;
  void CloseIfEnded();

  asio::io_context& reactor_;
  asio::thread_pool& pool_;
  std::string target_;
  Who who_;
  std::string role_;  // its OID
  std::map<Oid, std::string> type_names_;
  std::optional<TokenInfo> token_;
  std::string csrf_;
  pg::Connection control_;
  Turn turn_;
  Turn opening_;
  std::vector<std::unique_ptr<WorkConnection>> work_;
  Clock::time_point last_used_ = Clock::now();
  Clock::time_point ends_ = Clock::time_point::max();
  core::Instant created_at_{};
  core::Instant ends_at_{};
  int users_ = 0;
  bool ended_ = false;
  bool closed_ = false;
  std::function<void()> on_end_;
  Clock::time_point ended_at_{};
  Clock::time_point refresh_at_ = Clock::now();
  std::string end_reason_;
};

}  // namespace jit::api
