// Which handler answers which path.
#include "http/router.h"

#include <gtest/gtest.h>

namespace jit::http {
namespace {

using Strings = std::vector<std::string>;

Router<int> Routes() {
  Router<int> router;
  router.Add("GET", "/requests/{id}", 1);
  router.Add("POST", "/requests/preview", 2);
  router.Add("GET", "/requests/preview", 3);
  router.Add("POST", "/requests/{id}/approve", 4);
  router.Add("GET", "/tables/{schema}/{name}", 5);
  router.Add("DELETE", "/requests/{id}", 6);
  router.Add("GET", "/", 7);
  return router;
}

int Answering(std::string_view method, const Strings& segments) {
  const Router<int> router = Routes();
  const auto found = router.Find(method, segments);
  return found.route == nullptr ? 0 : *found.route;
}

TEST(Router, finds_by_method_and_path) {
  EXPECT_EQ(Answering("GET", {"requests", "5"}), 1);
  EXPECT_EQ(Answering("DELETE", {"requests", "5"}), 6);
  EXPECT_EQ(Answering("POST", {"requests", "5", "approve"}), 4);
  EXPECT_EQ(Answering("GET", {""}), 7);
}

TEST(Router, a_fixed_word_is_preferred_whatever_the_order) {
  EXPECT_EQ(Answering("GET", {"requests", "preview"}), 3);
  EXPECT_EQ(Answering("POST", {"requests", "preview"}), 2);
}

TEST(Router, names_in_braces_take_one_segment_as_it_is) {
  const Router<int> router = Routes();
  const auto found = router.Find("GET", {"tables", "a/b", "{name}"});
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(*found.route, 5);
  EXPECT_EQ(found.values, (PathValues{{"schema", "a/b"}, {"name", "{name}"}}));
}

TEST(Router, head_is_answered_by_get_and_nothing_else_stands_for_another) {
  EXPECT_EQ(Answering("HEAD", {"requests", "5"}), 1);
  EXPECT_EQ(Answering("HEAD", {"requests", "5", "approve"}), 0);
  for (const char* method :
       {"get", "Get", "PUT", "PATCH", "TRACE", "CONNECT", "OPTIONS", "", "GETX"})
    EXPECT_EQ(Answering(method, {"requests", "5"}), 0) << method;
}

TEST(Router, tells_the_methods_of_a_path_and_of_no_path_none) {
  const Router<int> router = Routes();
  EXPECT_EQ(router.Find("PUT", {"requests", "5"}).allowed, (Strings{"GET", "DELETE"}));
  EXPECT_TRUE(router.Find("GET", {"nothing"}).allowed.empty());
  EXPECT_TRUE(router.Find("GET", {"requests", "5", "approve", "x"}).allowed.empty());
  EXPECT_TRUE(router.Find("GET", {}).allowed.empty());
}

TEST(Router, paths_differ_by_case) { EXPECT_EQ(Answering("GET", {"Requests", "5"}), 0); }

TEST(Router, visits_every_route_with_its_pattern) {
  Strings seen;
  Routes().Visit([&](const std::string& method, const std::string& pattern, int) {
    seen.push_back(method + " " + pattern);
  });
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(seen.front(), "GET /requests/{id}");
}

}  // namespace
}  // namespace jit::http
