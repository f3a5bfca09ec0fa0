// The sessions there are: of browsers by their cookie, of programs by their token.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/session.h"
#include "config/config.h"

namespace jit::api {

class Sessions {
 public:
  explicit Sessions(asio::io_context& reactor) : reactor_(reactor), sweep_(reactor) {}

  void SetLimits(std::chrono::milliseconds idle, std::int64_t per_user) {
    idle_ = idle;
    per_user_ = per_user;
  }

  // Of a browser: `secret` is what its cookie will hold.
  void Add(const std::string& secret, std::shared_ptr<Session> session);
  // Null where there is none.
  std::shared_ptr<Session> Find(const std::string& secret);
  void Remove(const std::string& secret, const std::string& why);

  // Of a token: one session for all its requests, made by `open` where there is none. Requests that
  // come meanwhile wait for it.
  using Open = std::function<Task<std::shared_ptr<Session>>()>;
  Task<std::shared_ptr<Session>> OfToken(std::string target, std::string token, Open open);

  // Throws Failure(TooManySessions).
  void RequireRoom(const std::string& target, const std::string& user) const;

  // A token was revoked: its sessions end at once.
  void EndToken(const std::string& target, std::int64_t token_id);
  void EndAll(const std::string& why);
  // Of targets that are no longer there, or are another database by now.
  void EndTarget(const std::string& target, const std::string& why);
  // Those of tokens only.
  void EndTokens(const std::string& target, const std::string& why);

  void Visit(const std::function<void(Session&)>& visit) const;
  std::size_t size() const;

  // Ends what was idle or has lasted long enough, now and then, until Stop.
  void StartSweeping();
  void Stop();

 private:
  struct TokenEntry {
    explicit TokenEntry(asio::io_context& reactor) : turn(reactor) {}
    Turn turn;
    std::shared_ptr<Session> session;
  };
  void Sweep();

  asio::io_context& reactor_;
  asio::steady_timer sweep_;
  std::chrono::milliseconds idle_{1'800'000};
  std::int64_t per_user_ = 10;
  bool stopping_ = false;
  std::map<std::string, std::shared_ptr<Session>> by_cookie_;  // by the secret's hash
  std::map<std::string, std::shared_ptr<TokenEntry>>
      by_token_;  // by the target and the token's hash
};

}  // namespace jit::api
