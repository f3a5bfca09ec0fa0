// The server's hooks: where they are taken, and in which order the rooms are asked.

#pragma once

namespace jit {

void InstallHooks();

}  // namespace jit
