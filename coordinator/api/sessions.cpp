#include "api/sessions.h"

#include <fmt/format.h>

#include "api/problem.h"
#include "api/secret.h"

namespace jit::api {
namespace {

constexpr std::chrono::seconds kSweep{1};

}  // namespace

void Sessions::Add(const std::string& secret, std::shared_ptr<Session> session) {
  by_cookie_[HashOf(secret)] = std::move(session);
}

std::shared_ptr<Session> Sessions::Find(const std::string& secret) {
  const auto found = by_cookie_.find(HashOf(secret));
  return found == by_cookie_.end() ? nullptr : found->second;
}

void Sessions::Remove(const std::string& secret, const std::string& why) {
  const auto found = by_cookie_.find(HashOf(secret));
  if (found == by_cookie_.end()) return;
  found->second->End(why);
  by_cookie_.erase(found);
}

Task<std::shared_ptr<Session>> Sessions::OfToken(std::string target, std::string token, Open open) {
  std::shared_ptr<TokenEntry>& slot = by_token_[target + '\0' + HashOf(token)];
  if (!slot) slot = std::make_shared<TokenEntry>(reactor_);
  const std::shared_ptr<TokenEntry> entry = slot;
  Wipe(token);
  const Turn::Hold hold = co_await entry->turn.Take();
  if (entry->session && entry->session->Alive() && !entry->session->Over(Clock::now(), idle_))
    co_return entry->session;
  if (entry->session) entry->session->End("it is opened anew");
  entry->session.reset();
  entry->session = co_await open();
  co_return entry->session;
}

void Sessions::RequireRoom(const std::string& target, const std::string& user) const {
  std::int64_t count = 0;
  Visit([&](Session& session) {
    count += !session.ended() && session.target() == target && session.who().user == user ? 1 : 0;
  });
  if (count >= per_user_) {
    throw Failure(TooManySessions(fmt::format(
        "\"{}\" has {} sessions already; log out of one, or wait until one is idle for long enough",
        user, count)));
  }
}

void Sessions::EndToken(const std::string& target, std::int64_t token_id) {
  for (const auto& [key, entry] : by_token_) {
    const auto& session = entry->session;
    if (session && session->target() == target && session->token() &&
        session->token()->id == token_id) {
      session->End("the token was revoked");
    }
  }
}

void Sessions::EndAll(const std::string& why) {
  Visit([&](Session& session) { session.End(why); });
}

void Sessions::EndTarget(const std::string& target, const std::string& why) {
  Visit([&](Session& session) {
    if (session.target() == target) session.End(why);
  });
}

void Sessions::EndTokens(const std::string& target, const std::string& why) {
  Visit([&](Session& session) {
    if (session.target() == target && session.token()) session.End(why);
  });
}

void Sessions::Visit(const std::function<void(Session&)>& visit) const {
  for (const auto& [hash, session] : by_cookie_) visit(*session);
  for (const auto& [key, entry] : by_token_) {
    if (entry->session) visit(*entry->session);
  }
}

std::size_t Sessions::size() const {
  std::size_t count = 0;
  Visit([&](Session& session) { count += session.ended() ? 0 : 1; });
  return count;
}

void Sessions::StartSweeping() { Sweep(); }

void Sessions::Sweep() {
  if (stopping_) return;
  const Clock::time_point now = Clock::now();
  for (auto it = by_cookie_.begin(); it != by_cookie_.end();) {
    Session& session = *it->second;
    if (session.Over(now, idle_))
      session.End("it was not used for too long, or has lasted long enough");
    it = session.ended() && session.end_forgotten(now) ? by_cookie_.erase(it) : std::next(it);
  }
  for (auto it = by_token_.begin(); it != by_token_.end();) {
    TokenEntry& entry = *it->second;
    if (entry.session && entry.session->Over(now, idle_))
      entry.session->End("it was not used for too long");
    const bool over = !entry.session || entry.session->ended();
    it = over && !entry.turn.taken() ? by_token_.erase(it) : std::next(it);
  }
  sweep_.expires_after(kSweep);
  sweep_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Sweep();
  });
}

void Sessions::Stop() {
  stopping_ = true;
  sweep_.cancel();
  EndAll("the coordinator is stopping");
}

}  // namespace jit::api
