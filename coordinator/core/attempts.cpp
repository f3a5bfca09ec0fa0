#include "core/attempts.h"

namespace jit::core {
namespace {

constexpr std::chrono::seconds kWindow{60};

void DropOld(std::deque<Attempts::TimePoint>& times, Attempts::TimePoint now) {
  while (!times.empty() && times.front() + kWindow <= now) times.pop_front();
}

}  // namespace

int Attempts::Wait(const std::string& key, TimePoint now) {
  const auto found = seen_.find(key);
  if (found == seen_.end()) return 0;
  DropOld(found->second, now);
  if (static_cast<std::int64_t>(found->second.size()) < most_) return 0;
  const auto left = std::chrono::ceil<std::chrono::seconds>(found->second.front() + kWindow - now);
  return std::max(1, static_cast<int>(left.count()));
}

void Attempts::Count(const std::string& key, TimePoint now) {
  Forget(now);
  auto& times = seen_[key];
  DropOld(times, now);
  times.push_back(now);
  // More than are allowed need not be remembered.
  while (static_cast<std::int64_t>(times.size()) > most_) times.pop_front();
}

void Attempts::TakeBack(const std::string& key) {
  const auto found = seen_.find(key);
  if (found == seen_.end()) return;
  if (!found->second.empty()) found->second.pop_back();
  if (found->second.empty()) seen_.erase(found);
}

// Once a minute, so that many keys do not stay for ever.
void Attempts::Forget(TimePoint now) {
  if (now - swept_ < kWindow) return;
  swept_ = now;
  for (auto it = seen_.begin(); it != seen_.end();) {
    DropOld(it->second, now);
    it = it->second.empty() ? seen_.erase(it) : std::next(it);
  }
}

}  // namespace jit::core
