// Who may try to log in now, and who has tried too often.
#include "core/login_guard.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

using std::chrono::hours;

const LoginGuard::TimePoint kStart = LoginGuard::TimePoint{} + hours{100};

void Fail(LoginGuard& guard, const std::string& address, const std::string& user, int times) {
  for (int i = 0; i < times; ++i) guard.Count(address, user, kStart);
}

TEST(LoginGuard, network_of_an_address) {
  EXPECT_EQ(NetworkOf("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(NetworkOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(NetworkOf("2001:db8:1:2:ffff::1"), NetworkOf("2001:db8:1:2::9"));
  EXPECT_NE(NetworkOf("2001:db8:1:2::1"), NetworkOf("2001:db8:1:3::1"));
  EXPECT_EQ(NetworkOf("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(NetworkOf(""), "");
  EXPECT_EQ(NetworkOf("no address"), "no address");
}

TEST(LoginGuard, a_network_is_limited_whoever_it_tries) {
  LoginGuard guard(3);
  guard.Count("192.0.2.1", "alice", kStart);
  guard.Count("192.0.2.1", "bob", kStart);
  EXPECT_EQ(guard.Wait("192.0.2.1", "carol", kStart), 0);
  guard.Count("192.0.2.1", kStart);
  EXPECT_GT(guard.Wait("192.0.2.1", "carol", kStart), 0);
  EXPECT_GT(guard.Wait("192.0.2.1", kStart), 0);
  EXPECT_EQ(guard.Wait("192.0.2.2", "carol", kStart), 0);
}

TEST(LoginGuard, addresses_of_one_network_are_one) {
  LoginGuard guard(3);
  for (const char* address : {"2001:db8::1", "2001:db8::2", "2001:db8::3"})
    guard.Count(address, "alice", kStart);
  EXPECT_GT(guard.Wait("2001:db8::4", "alice", kStart), 0);
}

TEST(LoginGuard, a_stranger_at_one_network_keeps_nobody_out_elsewhere) {
  LoginGuard guard(3);
  Fail(guard, "192.0.2.1", "alice", 20);
  EXPECT_EQ(guard.Wait("192.0.2.2", "alice", kStart), 0);
}

TEST(LoginGuard, strangers_at_many_networks_keep_an_owner_out_of_no_known_place) {
  LoginGuard guard(3);
  guard.Count("198.51.100.9", "alice", kStart);
  guard.Succeeded("198.51.100.9", "alice", kStart);
  for (int i = 0; i < 20; ++i) Fail(guard, "192.0.2." + std::to_string(i), "alice", 3);
  EXPECT_GT(guard.Wait("198.51.100.1", "alice", kStart), 0);
  EXPECT_EQ(guard.Wait("198.51.100.9", "alice", kStart), 0);
  // Another's place is not.
  EXPECT_EQ(guard.Wait("198.51.100.9", "bob", kStart), 0);
  for (int i = 0; i < 20; ++i) Fail(guard, "192.0.2." + std::to_string(i), "bob", 3);
  EXPECT_GT(guard.Wait("198.51.100.9", "bob", kStart), 0);
}

TEST(LoginGuard, a_known_place_is_limited_by_itself) {
  LoginGuard guard(3);
  guard.Count("198.51.100.9", "alice", kStart);
  guard.Succeeded("198.51.100.9", "alice", kStart);
  Fail(guard, "198.51.100.9", "alice", 3);
  EXPECT_GT(guard.Wait("198.51.100.9", "alice", kStart), 0);
}

TEST(LoginGuard, a_place_is_forgotten_after_a_month) {
  LoginGuard guard(1);
  guard.Count("198.51.100.9", "alice", kStart);
  guard.Succeeded("198.51.100.9", "alice", kStart);
  const auto later = kStart + hours{31 * 24};
  for (int i = 0; i < 10; ++i) guard.Count("192.0.2." + std::to_string(i), "alice", later);
  EXPECT_GT(guard.Wait("198.51.100.9", "alice", later), 0);
}

TEST(LoginGuard, what_is_taken_back_makes_room) {
  LoginGuard guard(1);
  guard.Count("192.0.2.1", "alice", kStart);
  guard.TakeBack("192.0.2.1", "alice");
  EXPECT_EQ(guard.Wait("192.0.2.1", "alice", kStart), 0);
}

}  // namespace
}  // namespace jit::core
