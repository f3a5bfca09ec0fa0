// Who may try to log in now, and who has tried too often.
#pragma once

#include <string>
#include <string_view>

#include "core/attempts.h"

namespace jit::core {

// What limits count by: an IPv4 address, or the 64 bits of an IPv6 one that its owner cannot choose
// freely.
std::string NetworkOf(std::string_view address);

// Failed attempts are limited by network, and by user from networks where that user has not logged
// in before: somebody who knows a name and no password keeps its owner out of no place that they
// work from.
class LoginGuard {
 public:
  using TimePoint = Attempts::TimePoint;

  // `most`: failed ones a minute from a network. Of a user from elsewhere it takes several
  // networks.
  explicit LoginGuard(std::int64_t most) : by_network_(most), by_user_(most * kNetworks) {}
  void set_most(std::int64_t most) {
    by_network_.set_most(most);
    by_user_.set_most(most * kNetworks);
  }

  // Seconds until another one is allowed; 0: now. Without a user: of whoever brings a token.
  int Wait(const std::string& address, const std::string& user, TimePoint now);
  int Wait(const std::string& address, TimePoint now);
  // Before it is known how it ends: many at once are no way round.
  void Count(const std::string& address, const std::string& user, TimePoint now);
  void Count(const std::string& address, TimePoint now);
  // It failed for no fault of the caller's.
  void TakeBack(const std::string& address, const std::string& user);
  // The password was right.
  void Succeeded(const std::string& address, const std::string& user, TimePoint now);

 private:
  static constexpr std::int64_t kNetworks = 10;
  static constexpr std::size_t kMostPlaces = 10'000;
  static constexpr std::chrono::hours kRemembered{30 * 24};

  bool KnownThere(const std::string& network, const std::string& user, TimePoint now) const;

  Attempts by_network_;
  Attempts by_user_;
  std::map<std::pair<std::string, std::string>, TimePoint> places_;  // by user and network
};

}  // namespace jit::core
