// The server's headers, as C; every file of the PG zone starts here.

#pragma once

// The library is compiled with -fvisibility=hidden, which the server's headers of 15 do not allow
// for.
#define PGDLLEXPORT __attribute__((visibility("default")))

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "nodes/nodes.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

// Exports a function to SQL; its definition follows.
#define JIT_SQL_FUNCTION(name)              \
  extern "C" {                              \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
  PG_FUNCTION_INFO_V1(name);                \
  }
