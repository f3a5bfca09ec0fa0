// A request and an answer as plain data: nothing here knows how they travel.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jit::http {

// In the order in which they came; names are compared without regard to case.
class Headers {
 public:
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // The first of that name.
  std::optional<std::string_view> Get(std::string_view name) const;
  std::size_t Count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method;                                      // as it came, upper case
  std::string path;                                        // as it came, without the query
  std::vector<std::string> segments;                       // decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  Headers headers;
  std::string body;
  std::string peer;  // the client's address; behind a trusted proxy what that says
  bool peer_is_local = false;
  bool secure = false;  // came in over TLS

  // Null where there is none; the first where there are several.
  std::optional<std::string> Query(std::string_view name) const;
  // The value of a cookie. None where it is there twice with different values: somebody else may
  // have set one of them.
  std::optional<std::string> Cookie(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type;
  Headers headers;
  std::string body;
};

// Of the media types, which the caller can do, the one that an Accept asks for most, ranges such as
// "*/*" among them; of several alike the first in the Accept. None: none of them.
std::optional<std::string> Preferred(std::string_view accept,
                                     const std::vector<std::string_view>& media_types);

std::string_view ReasonOf(int status);

bool EqualIgnoringCase(std::string_view a, std::string_view b);

}  // namespace jit::http
