// _PG_init: settings, shared memory, hooks.

#include "pg/compat.h"

extern "C" {
#include "utils/guc.h"

PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

#include "audit/worker.h"
#include "hooks.h"
#include "settings.h"

void _PG_init(void) {
  if (!process_shared_preload_libraries_in_progress)
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("jit_access must be loaded when the server starts"),
             errhint("Add jit_access to shared_preload_libraries in postgresql.conf (last, if "
                     "there are others) and restart the server.")));
  jit::DefineSettings();
  jit::InstallHooks();
  jit::audit::RegisterLauncher();
}

JIT_SQL_FUNCTION(jit_library_version)
Datum jit_library_version(PG_FUNCTION_ARGS) {
  PG_RETURN_TEXT_P(cstring_to_text(JIT_ACCESS_VERSION));
}

JIT_SQL_FUNCTION(jit_backend_start)
Datum jit_backend_start(PG_FUNCTION_ARGS) { PG_RETURN_TIMESTAMPTZ(MyStartTimestamp); }
