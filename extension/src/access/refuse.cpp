// jit.refuse: an error as PostgreSQL's own, for the functions that are written in SQL.

#include "pg/server.h"

namespace jit::access {

namespace {

struct Condition {
  const char* name;
  int code;
};

constexpr Condition kConditions[] = {
    {"active_sql_transaction", ERRCODE_ACTIVE_SQL_TRANSACTION},
    {"configuration_limit_exceeded", ERRCODE_CONFIGURATION_LIMIT_EXCEEDED},
    {"insufficient_privilege", ERRCODE_INSUFFICIENT_PRIVILEGE},
    {"invalid_datetime_format", ERRCODE_INVALID_DATETIME_FORMAT},
    {"invalid_object_definition", ERRCODE_INVALID_OBJECT_DEFINITION},
    {"invalid_parameter_value", ERRCODE_INVALID_PARAMETER_VALUE},
    {"invalid_regular_expression", ERRCODE_INVALID_REGULAR_EXPRESSION},
    {"null_value_not_allowed", ERRCODE_NULL_VALUE_NOT_ALLOWED},
    {"object_not_in_prerequisite_state", ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE},
    {"undefined_object", ERRCODE_UNDEFINED_OBJECT},
    {"wrong_object_type", ERRCODE_WRONG_OBJECT_TYPE},
};

int CodeOf(const char* name) {
  for (const Condition& condition : kConditions)
    if (strcmp(condition.name, name) == 0) return condition.code;
  elog(ERROR, "unknown condition \"%s\"", name);
  return 0;
}

}  // namespace
}  // namespace jit::access

// (condition, message, hint). Leaves out the CONTEXT of functions that the caller never called:
// whoever catches the error puts the context stack back.
JIT_SQL_FUNCTION(jit_refuse)
Datum jit_refuse(PG_FUNCTION_ARGS) {
  int code = jit::access::CodeOf(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  const char* message = text_to_cstring(PG_GETARG_TEXT_PP(1));
  const char* hint = text_to_cstring(PG_GETARG_TEXT_PP(2));
  error_context_stack = nullptr;
  ereport(ERROR, (errcode(code), errmsg("%s", message), errhint("%s", hint)));
  PG_RETURN_VOID();
}
