// The server's headers, as C; every file of the PG zone starts here.

#pragma once

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

// Exports a function to SQL. Wraps PG_FUNCTION_INFO_V1, whose symbols -fvisibility=hidden would hide.
#define JIT_SQL_FUNCTION(name)                                                        \
  extern "C" {                                                                        \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                           \
  PG_FUNCTION_INFO_V1(name);                                                          \
  }
