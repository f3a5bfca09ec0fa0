// The one error of everything that talks to PostgreSQL.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace jit::pg {

struct ErrorFields {
  std::string sqlstate;  // empty: libpq's own, the server said nothing
  std::string message;
  std::string detail;
  std::string hint;
  bool needs_password = false;  // the server asked for one and none was found
  std::string severity = {};    // ERROR, NOTICE …; empty where libpq itself speaks
  std::string position = {};    // in the statement, counted in characters from 1; empty = none
  std::string source = {};      // the server's source file that raised it, without its directory
};

class Error : public std::runtime_error {
 public:
  enum class Kind {
    kStatement,   // the server refused a statement; the connection goes on
    kConnection,  // no connection, or it is lost
    kTimeout,     // our own deadline passed; the connection is not to be used again
  };

  Error(Kind kind, ErrorFields fields)
      : std::runtime_error(fields.message), kind_(kind), fields_(std::move(fields)) {}

  static Error OfConnection(std::string message) {
    return Error(Kind::kConnection, {{}, std::move(message), {}, {}, false, {}, {}, {}});
  }
  static Error OfTimeout(std::string message) {
    return Error(Kind::kTimeout, {{}, std::move(message), {}, {}, false, {}, {}, {}});
  }

  Kind kind() const { return kind_; }
  bool connection_lost() const { return kind_ != Kind::kStatement; }
  std::string_view sqlstate() const { return fields_.sqlstate; }
  const ErrorFields& fields() const { return fields_; }

 private:
  Kind kind_;
  ErrorFields fields_;
};

}  // namespace jit::pg
