// What went wrong, as RFC 9457 has it: application/problem+json.
#pragma once

#include <stdexcept>
#include <string>

#include "core/table.h"
#include "http/message.h"
#include "pg/error.h"

namespace jit::api {

using core::Json;

struct Problem {
  int status = 500;
  std::string slug;            // the end of the type's URN; programs tell problems apart by it
  std::string title;           // the same for all of a type
  std::string detail;          // of this one
  Json more = Json::object();  // further members
  http::Headers headers = {};
};

// A handler's way out.
class Failure : public std::runtime_error {
 public:
  explicit Failure(Problem problem)
      : std::runtime_error(problem.detail), problem_(std::move(problem)) {}
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

// What the database refused, with its SQLSTATE, message, DETAIL and HINT as members.
Problem FromDatabase(const pg::Error& error);
Problem FromDatabase(const pg::ErrorFields& fields);
int StatusOf(std::string_view sqlstate);

Json Body(const Problem& problem);
http::Response ToResponse(const Problem& problem);

// Those of our own.
Problem NotAuthenticated(std::string detail);
Problem SessionEnded(std::string detail);
Problem Csrf(std::string detail);
Problem MissingScope(std::string_view token, std::string_view scope);
Problem UnknownHost();
// For whoever is not known yet: without what libpq says of where the server is.
Problem Unreached(const pg::Error& error);
Problem NotFound(std::string detail);
Problem UnknownTarget(std::string detail);
Problem InvalidField(std::string_view field, std::string detail);
Problem BadJson(std::string detail);
Problem NotAcceptable(std::string detail);
Problem UnsupportedMediaType();
Problem TooManyAttempts(int seconds);
Problem TooManySessions(std::string detail);
Problem SessionBusy(std::string detail);
Problem TargetUnavailable(std::string detail);
Problem Internal();
// Of the server itself, by status.
Problem Unread(int status, std::string_view why);

}  // namespace jit::api
