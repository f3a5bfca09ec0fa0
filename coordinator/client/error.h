// What goes wrong between the command line and a server, where no database has a say in it. What
// the database refused comes as its own pg::Error.
#pragma once

#include <stdexcept>

#include "core/exit_code.h"
#include "pg/error.h"

namespace jit::client {

class Error : public std::runtime_error {
 public:
  Error(core::ExitCode code, std::string message, std::string hint = {})
      : std::runtime_error(message), code_(code) {
    fields_.message = std::move(message);
    fields_.hint = std::move(hint);
  }

  core::ExitCode code() const { return code_; }
  const pg::ErrorFields& fields() const { return fields_; }

 private:
  core::ExitCode code_;
  pg::ErrorFields fields_;
};

}  // namespace jit::client
