// The background processes that write the audit log.

#pragma once

namespace jit::audit {

// Has the server start the launcher. Once, from _PG_init.
void RegisterLauncher();

}  // namespace jit::audit
