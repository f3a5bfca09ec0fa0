// The HTTP API of a jit-coordinator, as its callers need it: JSON in, JSON out.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/http.h"
#include "core/table.h"
#include "core/timestamp.h"

namespace jit::client {

// Of a query; what has no value is left out.
using Parameters = std::vector<std::pair<std::string, std::optional<std::string>>>;

class Api {
 public:
  // The target is one of the server's, by its name; empty where it has only one.
  Api(HttpSettings settings, std::string target);

  // Below /api/v1. Each throws pg::Error for what the database refused, and Error for everything
  // else that is no success.
  core::Json Get(const std::string& path, const Parameters& parameters = {});
  core::Json Post(const std::string& path, const core::Json& body);
  core::Json Delete(const std::string& path);

  // The server's clock, as of its last answer.
  core::Instant now() const { return now_; }
  const std::string& target() const { return target_; }

 private:
  core::Json Call(const std::string& method, const std::string& path,
                  const std::optional<std::string>& body);

  Http http_;
  std::string target_;
  core::Instant now_;
};

}  // namespace jit::client
