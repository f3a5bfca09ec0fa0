#include "core/backoff.h"

#include <algorithm>

namespace jit::core {

Backoff::Wait Backoff::Next(double random) {
  const Wait ceiling = std::min(last_ * 3, max_);
  const Wait floor = std::min(min_, max_);
  const double span = static_cast<double>((ceiling - floor).count());
  last_ = floor + Wait{static_cast<Wait::rep>(span * std::clamp(random, 0.0, 1.0))};
  return last_;
}

}  // namespace jit::core
