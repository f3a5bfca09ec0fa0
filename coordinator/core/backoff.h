// How long to wait before the next attempt: exponential with decorrelated jitter, so that daemons
// that lost the same server do not come back in step.
#pragma once

#include <chrono>

namespace jit::core {

class Backoff {
 public:
  using Wait = std::chrono::milliseconds;

  Backoff(Wait min, Wait max) : min_(min), max_(max), last_(min) {}

  // The wait before the next attempt, for a random number in [0, 1): between min and three times
  // the wait before, never more than max.
  Wait Next(double random);

  // To be called when an attempt succeeded.
  void Reset() { last_ = min_; }

 private:
  Wait min_;
  Wait max_;
  Wait last_;
};

}  // namespace jit::core
