#include "hooks.h"

#include "grants/shared.h"
#include "pg/installed.h"

extern "C" {
#include "storage/ipc.h"
}

namespace jit {

namespace {

shmem_request_hook_type previous_shmem_request = nullptr;
shmem_startup_hook_type previous_shmem_startup = nullptr;

void ShmemRequest() {
  if (previous_shmem_request) previous_shmem_request();
  grants::RequestSharedMemory();
}

void ShmemStartup() {
  if (previous_shmem_startup) previous_shmem_startup();
  grants::InitSharedMemory();
}

}  // namespace

void InstallHooks() {
  previous_shmem_request = shmem_request_hook;
  shmem_request_hook = ShmemRequest;
  previous_shmem_startup = shmem_startup_hook;
  shmem_startup_hook = ShmemStartup;
  pg::InitInstalled();
}

}  // namespace jit
