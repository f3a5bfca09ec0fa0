// Whose request it is that a proxy has passed on.
#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace jit::http {
namespace {

struct Seen {
  std::string peer;
  bool secure;
};

Seen Read(const char* peer, const std::vector<std::string>& trusted,
          const std::vector<std::string>& forwarded, const char* scheme = nullptr) {
  Request request;
  const auto address = asio::ip::make_address(peer);
  request.peer = AddressOf(address);
  for (const std::string& one : forwarded) request.headers.Add("X-Forwarded-For", one);
  if (scheme != nullptr) request.headers.Add("X-Forwarded-Proto", scheme);
  ReadForwarded(request, address, trusted);
  return {request.peer, request.secure};
}

TEST(Forwarded, counts_from_trusted_proxies_alone) {
  EXPECT_EQ(Read("192.0.2.1", {}, {"203.0.113.1"}, "https").peer, "192.0.2.1");
  EXPECT_FALSE(Read("192.0.2.1", {"192.0.2.2"}, {"203.0.113.1"}, "https").secure);
  EXPECT_EQ(Read("192.0.2.1", {"192.0.2.1"}, {"203.0.113.1"}).peer, "203.0.113.1");
  EXPECT_TRUE(Read("192.0.2.1", {"192.0.2.1"}, {"203.0.113.1"}, "https").secure);
}

TEST(Forwarded, the_last_that_is_no_proxy_of_ours_is_the_client) {
  const std::vector<std::string> trusted{"192.0.2.1", "10.0.0.0/8"};
  EXPECT_EQ(Read("192.0.2.1", trusted, {"198.51.100.9, 203.0.113.1"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("192.0.2.1", trusted, {"203.0.113.1, 10.1.2.3"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("192.0.2.1", trusted, {"203.0.113.1", "10.1.2.3"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("192.0.2.1", trusted, {"nonsense, 10.1.2.3"}).peer, "10.1.2.3");
}

TEST(Forwarded, networks_are_trusted_as_a_whole_and_no_further) {
  EXPECT_EQ(Read("10.255.0.1", {"10.0.0.0/8"}, {"203.0.113.1"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("11.0.0.1", {"10.0.0.0/8"}, {"203.0.113.1"}).peer, "11.0.0.1");
  EXPECT_EQ(Read("10.3.0.1", {"10.2.3.4/15"}, {"203.0.113.1"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("fd00:1::5", {"fd00:1::/32"}, {"203.0.113.1"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("fd00:2::5", {"fd00:1::/32"}, {"203.0.113.1"}).peer, "fd00:2::5");
  EXPECT_EQ(Read("::ffff:10.0.0.9", {"10.0.0.0/24"}, {"203.0.113.1"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("fd00::1", {"10.0.0.0/8"}, {"203.0.113.1"}).peer, "fd00::1");
}

TEST(Forwarded, ports_behind_addresses_are_no_part_of_them) {
  EXPECT_EQ(Read("192.0.2.1", {"192.0.2.1"}, {"203.0.113.1:5678"}).peer, "203.0.113.1");
  EXPECT_EQ(Read("192.0.2.1", {"192.0.2.1"}, {"[2001:db8::1]:5678"}).peer, "2001:db8::1");
  EXPECT_EQ(Read("192.0.2.1", {"192.0.2.1"}, {"[2001:db8::1]"}).peer, "2001:db8::1");
  EXPECT_EQ(Read("192.0.2.1", {"192.0.2.1"}, {"2001:db8::1"}).peer, "2001:db8::1");
  for (const char* none : {"[", "[]", "]", ":", "[2001:db8::1", ""})
    EXPECT_NE(Read("192.0.2.1", {"192.0.2.1"}, {none}).peer, "203.0.113.1") << none;
}

}  // namespace
}  // namespace jit::http
