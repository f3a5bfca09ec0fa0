// Makes sessions: by a password that the database checks, or by a bearer token through the gateway.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/session.h"
#include "config/config.h"

namespace jit::api {

class Connector {
 public:
  explicit Connector(asio::io_context& reactor) : reactor_(reactor) {}
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // At the end of the daemon: waits for what still blocks in libpq, which may take long.
  void Join();

  struct Limits {
    std::chrono::milliseconds connect_timeout;
    std::chrono::milliseconds query_timeout;
    std::chrono::milliseconds lifetime;  // of the session
  };

  // Throws pg::Error where the database refuses, Failure where we do. `password` is wiped.
  // `connections` is how many for SQL of the user's own.
  Task<std::shared_ptr<Session>> ByPassword(config::Target target, std::string user,
                                            std::string password, int connections, std::string peer,
                                            Limits limits);

  Task<std::shared_ptr<Session>> ByToken(config::Target target, std::string token, std::string peer,
                                         Limits limits);

  // One more for SQL, of a session by token.
  Task<void> AddWork(std::shared_ptr<Session> session, config::Target target, std::string token,
                     std::string peer, Limits limits);

 private:
  Task<std::optional<TokenInfo>> OpenByToken(pg::Connection& connection,
                                             const config::Target& target, const std::string& token,
                                             const std::string& peer, Limits limits);
  Task<void> Introduce(Session& session, Limits limits);
  asio::thread_pool& PoolOf(const std::string& target);

  asio::io_context& reactor_;
  // What may block in libpq does so among its own: a server that hangs holds up its own users.
  std::map<std::string, std::unique_ptr<asio::thread_pool>> pools_;
};

}  // namespace jit::api
