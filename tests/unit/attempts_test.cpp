// How often somebody may try within a minute.
#include "core/attempts.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Attempts::TimePoint kStart = Attempts::TimePoint{} + std::chrono::hours{100};

TEST(Attempts, as_many_as_are_allowed_and_no_more) {
  Attempts attempts(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(attempts.Wait("a", kStart), 0);
    attempts.Count("a", kStart);
  }
  EXPECT_EQ(attempts.Wait("a", kStart), 60);
}

TEST(Attempts, keys_do_not_share) {
  Attempts attempts(1);
  attempts.Count("a", kStart);
  EXPECT_GT(attempts.Wait("a", kStart), 0);
  EXPECT_EQ(attempts.Wait("b", kStart), 0);
  EXPECT_EQ(attempts.Wait("", kStart), 0);
}

TEST(Attempts, the_wait_ends_when_the_oldest_is_a_minute_old) {
  Attempts attempts(2);
  attempts.Count("a", kStart);
  attempts.Count("a", kStart + seconds{30});
  EXPECT_EQ(attempts.Wait("a", kStart + seconds{40}), 20);
  EXPECT_EQ(attempts.Wait("a", kStart + seconds{60}), 0);
  attempts.Count("a", kStart + seconds{60});
  EXPECT_EQ(attempts.Wait("a", kStart + seconds{61}), 29);
}

TEST(Attempts, a_wait_is_never_told_shorter_than_it_is) {
  Attempts attempts(1);
  attempts.Count("a", kStart);
  const milliseconds late{59'001};
  EXPECT_EQ(attempts.Wait("a", kStart + late), 1);
  EXPECT_EQ(attempts.Wait("a", kStart + late + seconds{1}), 0);
}

TEST(Attempts, asking_counts_for_nothing) {
  Attempts attempts(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(attempts.Wait("a", kStart), 0);
  EXPECT_EQ(attempts.size(), 0u);
}

TEST(Attempts, one_that_is_taken_back_makes_room_for_one) {
  Attempts attempts(2);
  attempts.Count("a", kStart);
  attempts.Count("a", kStart);
  attempts.TakeBack("a");
  EXPECT_EQ(attempts.Wait("a", kStart), 0);
  attempts.Count("a", kStart);
  EXPECT_GT(attempts.Wait("a", kStart), 0);
}

TEST(Attempts, taking_back_what_was_not_counted_does_nothing) {
  Attempts attempts(1);
  attempts.TakeBack("a");
  attempts.Count("a", kStart);
  attempts.TakeBack("b");
  EXPECT_GT(attempts.Wait("a", kStart), 0);
}

TEST(Attempts, trying_on_while_one_must_wait_prolongs_the_wait) {
  Attempts attempts(2);
  for (int i = 0; i < 100; ++i) attempts.Count("a", kStart + seconds{i});
  EXPECT_EQ(attempts.Wait("a", kStart + seconds{99}), 59);
}

TEST(Attempts, a_new_limit_counts_at_once) {
  Attempts attempts(5);
  for (int i = 0; i < 3; ++i) attempts.Count("a", kStart);
  attempts.set_most(2);
  EXPECT_GT(attempts.Wait("a", kStart), 0);
  attempts.set_most(4);
  EXPECT_EQ(attempts.Wait("a", kStart), 0);
}

TEST(Attempts, keys_that_are_over_are_not_kept) {
  Attempts attempts(3);
  for (int i = 0; i < 1000; ++i) attempts.Count(std::to_string(i), kStart);
  EXPECT_EQ(attempts.size(), 1000u);
  attempts.Count("later", kStart + seconds{121});
  EXPECT_EQ(attempts.size(), 1u);
}

}  // namespace
}  // namespace jit::core
