// --server: whether a command goes through a server's API, and by which token.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/invocation.h"
#include "client/api.h"

namespace jit::cli {

// By --server, else JIT_SERVER; none where neither says anything, or --server says ''.
std::optional<std::string> ServerAddress(const Invocation& invocation);

// Throws UsageError and client::Error for what cannot be; nothing has been sent yet.
std::unique_ptr<client::Api> OpenServer(const Invocation& invocation, const std::string& address);

// Throws UsageError where the environment names a server and this command does not go through one.
void RequireNoServer(const Invocation& invocation);

}  // namespace jit::cli
