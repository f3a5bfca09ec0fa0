// What a request's body or query says, read strictly: each field by name and type, every other
// refused. All throw Failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.h"
#include "http/message.h"

namespace jit::api {

// The body as a JSON object; an empty body is an empty object where `may_be_empty`.
Json ParseBody(const http::Request& request, bool may_be_empty);

class BodyFields {
 public:
  explicit BodyFields(const Json& body) : body_(body) {}

  // null counts as left out.
  std::optional<std::string> Text(std::string_view name);
  std::string RequiredText(std::string_view name);
  std::optional<bool> Bool(std::string_view name);
  std::optional<std::int64_t> Integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<std::vector<std::string>> Texts(std::string_view name);
  // A length of time in PostgreSQL's or our short form, as a parameter of type interval.
  std::optional<std::string> Length(std::string_view name);
  // The node itself, for what has a form of its own; null where it is left out.
  const Json* Any(std::string_view name);

  // To be called last: refuses what nobody asked for.
  void Finish() const;

 private:
  const Json& body_;
  std::vector<std::string> known_;
};

class QueryFields {
 public:
  explicit QueryFields(const http::Request& request) : request_(request) {}

  std::optional<std::string> Text(std::string_view name);
  std::optional<std::string> OneOf(std::string_view name, const std::vector<std::string>& allowed);
  bool Bool(std::string_view name);  // false where it is left out
  std::optional<std::int64_t> Integer(std::string_view name, std::int64_t least, std::int64_t most);
  // A point in time, as a parameter of type timestamptz.
  std::optional<std::string> Time(std::string_view name);

  void Finish() const;

 private:
  const http::Request& request_;
  std::vector<std::string> known_;
};

// A number of a request or a token in the path.
std::int64_t IdOf(std::string_view text);

// A cursor is opaque to clients: what they get with one page they give for the next.
std::string MakeCursor(const Json& place);
Json ReadCursor(const std::string& cursor);

}  // namespace jit::api
