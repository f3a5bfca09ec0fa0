// The table [api] of the configuration: where the HTTP API listens, and its limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/toml_reader.h"

namespace jit::config {

struct Api {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8420;
  std::string tls_certificate;  // PEM; empty = plain HTTP
  std::string tls_key;
  bool plaintext_beyond_loopback = false;
  std::string public_url;                    // as clients see it, where a proxy stands between
  std::vector<std::string> trusted_proxies;  // addresses
  std::vector<std::string> cors_origins;
  std::int64_t max_body = 1024 * 1024;
  std::int64_t max_header = 16 * 1024;
  std::int64_t max_rows = 100'000;
  std::int64_t max_bytes = 100 * 1024 * 1024;
  std::chrono::milliseconds statement_timeout{300'000};
  std::chrono::milliseconds idle_timeout{1'800'000};
  std::chrono::milliseconds session_lifetime{43'200'000};
  std::int64_t sessions_per_user = 10;
  std::int64_t login_attempts = 10;  // a minute
  std::chrono::milliseconds client_timeout{30'000};
  std::int64_t max_connections = 4096;
  std::int64_t event_streams_per_user = 100;
  bool metrics_for_everyone = false;

  bool secure() const { return !tls_certificate.empty(); }
  bool operator==(const Api&) const = default;
};

Api ReadApi(const toml::table& table, std::vector<core::FileError>& errors);

// Whether the address is one that only this machine reaches.
bool IsLoopback(const std::string& host);

}  // namespace jit::config
