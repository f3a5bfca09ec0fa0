// How often somebody may try within a minute.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace jit::core {

// Counts attempts by key (an address, a user) within the last minute.
class Attempts {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Attempts(std::int64_t most) : most_(most) {}
  void set_most(std::int64_t most) { most_ = most; }

  // Seconds until another one is allowed; 0: now.
  int Wait(const std::string& key, TimePoint now);
  void Count(const std::string& key, TimePoint now);
  // The one that was counted last has proved innocent.
  void TakeBack(const std::string& key);

  std::size_t size() const { return seen_.size(); }

 private:
  void Forget(TimePoint now);

  std::int64_t most_;
  std::map<std::string, std::deque<TimePoint>> seen_;
  TimePoint swept_{};
};

}  // namespace jit::core
