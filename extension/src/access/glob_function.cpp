// jit.glob_match.

#include "access/glob.h"

#include "pg/server.h"

extern "C" {
#include "mb/pg_wchar.h"
}

JIT_SQL_FUNCTION(jit_glob_match)
Datum jit_glob_match(PG_FUNCTION_ARGS) {
  text* pattern = PG_GETARG_TEXT_PP(0);
  text* name = PG_GETARG_TEXT_PP(1);
  PG_RETURN_BOOL(jit::access::GlobMatch({VARDATA_ANY(pattern), VARSIZE_ANY_EXHDR(pattern)},
                                        {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)}, pg_mblen));
}
