#include "cli/source.h"

#include "cli/server.h"

namespace jit::cli {

std::unique_ptr<Source> OpenSource(const Invocation& invocation) {
  if (const auto address = ServerAddress(invocation)) return OpenServerSource(invocation, *address);
  return OpenDatabaseSource(invocation);
}

}  // namespace jit::cli
