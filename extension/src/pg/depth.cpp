#include "pg/depth.h"

#include "pg/server.h"

namespace jit::pg {

namespace {

int depth = 0;

}  // namespace

int ExecutorDepth() { return depth; }

void RunDeeper(void (*body)(void* arg), void* arg) {
  int before = depth;
  PG_TRY();
  {
    depth++;
    body(arg);
  }
  PG_FINALLY();
  { depth = before; }
  PG_END_TRY();
}

}  // namespace jit::pg
