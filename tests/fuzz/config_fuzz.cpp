// The configuration: what is taken without an error sends no password in the clear and keeps to its
// limits.
#include <cstdint>

#include "check.h"
#include "config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto loaded = jit::config::Parse({reinterpret_cast<const char*>(data), size});
  for (const auto& error : loaded.errors) CHECK(!error.message.empty());
  if (!loaded.errors.empty() || !loaded.config.api) return 0;
  const jit::config::Api& api = *loaded.config.api;
  CHECK(api.secure() || api.plaintext_beyond_loopback || jit::config::IsLoopback(api.host));
  CHECK(api.tls_certificate.empty() == api.tls_key.empty());
  CHECK(api.max_body > 0 && api.max_body <= 64 * 1024 * 1024);
  CHECK(api.max_header > 0 && api.max_header <= 1024 * 1024);
  CHECK(api.max_rows > 0 && api.max_bytes > 0 && api.max_connections > 0);
  CHECK(api.sessions_per_user > 0 && api.login_attempts > 0 && api.event_streams_per_user > 0);
  CHECK(api.statement_timeout.count() > 0 && api.idle_timeout.count() > 0 &&
        api.session_lifetime.count() > 0);
  CHECK(api.client_timeout.count() > 0);
  for (const std::string& origin : api.cors_origins)
    CHECK(origin.starts_with("http") && origin.find('*') == std::string::npos);
  return 0;
}
