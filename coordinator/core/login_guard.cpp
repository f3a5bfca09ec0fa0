#include "core/login_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace jit::core {

std::string NetworkOf(std::string_view address) {
  // Without the zone of a link-local one.
  const std::string text(address.substr(0, address.find('%')));
  in6_addr bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), &bytes) != 1) return std::string(address);
  std::memset(bytes.s6_addr + 8, 0, 8);
  char out[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, &bytes, out, sizeof out);
  return std::string(out) + "/64";
}

int LoginGuard::Wait(const std::string& address, TimePoint now) {
  return by_network_.Wait(NetworkOf(address), now);
}

int LoginGuard::Wait(const std::string& address, const std::string& user, TimePoint now) {
  const std::string network = NetworkOf(address);
  const int wait = by_network_.Wait(network, now);
  return KnownThere(network, user, now) ? wait : std::max(wait, by_user_.Wait(user, now));
}

void LoginGuard::Count(const std::string& address, TimePoint now) {
  by_network_.Count(NetworkOf(address), now);
}

void LoginGuard::Count(const std::string& address, const std::string& user, TimePoint now) {
  Count(address, now);
  by_user_.Count(user, now);
}

void LoginGuard::TakeBack(const std::string& address, const std::string& user) {
  by_network_.TakeBack(NetworkOf(address));
  by_user_.TakeBack(user);
}

void LoginGuard::Succeeded(const std::string& address, const std::string& user, TimePoint now) {
  TakeBack(address, user);
  const auto place = std::pair(user, NetworkOf(address));
  if (!places_.contains(place) && places_.size() >= kMostPlaces) {
    places_.erase(
        std::min_element(places_.begin(), places_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  places_[place] = now;
}

bool LoginGuard::KnownThere(const std::string& network, const std::string& user,
                            TimePoint now) const {
  const auto found = places_.find(std::pair(user, network));
  return found != places_.end() && now - found->second < kRemembered;
}

}  // namespace jit::core
