// How many executions of queries are under way, one within the other.

#pragma once

namespace jit::pg {

int ExecutorDepth();

// Runs `body(arg)` one deeper.
void RunDeeper(void (*body)(void* arg), void* arg);

}  // namespace jit::pg
