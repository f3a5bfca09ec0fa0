// Waiting between attempts.
#include "core/backoff.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, first_wait_is_between_min_and_three_times_min) {
  EXPECT_EQ(Backoff(milliseconds{200}, milliseconds{30'000}).Next(0.0), milliseconds{200});
  EXPECT_EQ(Backoff(milliseconds{200}, milliseconds{30'000}).Next(1.0), milliseconds{600});
}

TEST(Backoff, grows_from_the_wait_before_up_to_max) {
  Backoff backoff(milliseconds{100}, milliseconds{1000});
  EXPECT_EQ(backoff.Next(1.0), milliseconds{300});
  EXPECT_EQ(backoff.Next(1.0), milliseconds{900});
  EXPECT_EQ(backoff.Next(1.0), milliseconds{1000});
  EXPECT_EQ(backoff.Next(1.0), milliseconds{1000});
}

TEST(Backoff, never_below_min_whatever_the_luck) {
  Backoff backoff(milliseconds{100}, milliseconds{1000});
  backoff.Next(1.0);
  EXPECT_EQ(backoff.Next(0.0), milliseconds{100});
}

TEST(Backoff, jitter_spreads_two_daemons) {
  Backoff one(milliseconds{100}, milliseconds{10'000});
  Backoff other(milliseconds{100}, milliseconds{10'000});
  EXPECT_NE(one.Next(0.2), other.Next(0.7));
}

TEST(Backoff, starts_anew_after_success) {
  Backoff backoff(milliseconds{100}, milliseconds{10'000});
  for (int i = 0; i < 5; ++i) backoff.Next(1.0);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(1.0), milliseconds{300});
}

TEST(Backoff, min_above_max_stays_at_max) {
  EXPECT_EQ(Backoff(milliseconds{500}, milliseconds{100}).Next(0.5), milliseconds{100});
}

}  // namespace
}  // namespace jit::core
