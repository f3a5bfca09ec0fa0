// jit_mask_json: masks inside documents.

#include "pg/server.h"

extern "C" {
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
}

namespace jit::mask_functions {

namespace {

// A path, cut at its dots; `rest` is how much of it is still to be met.
struct Path {
  char** steps;
  int count;
};

struct State {
  JsonbParseState* build;
  JsonbValue* result;
};

List* ReadPaths(ArrayType* array) {
  List* paths = NIL;
  Datum* values;
  bool* nulls;
  int count;
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
  for (int i = 0; i < count; i++) {
    if (nulls[i])
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a path is NULL"),
                      errhint("As in: jit_mask_json(profile, 'name', 'addresses.*.street')")));
    Path* path = static_cast<Path*>(palloc0(sizeof(Path)));
    char* steps = TextDatumGetCString(values[i]);
    path->steps = static_cast<char**>(palloc(sizeof(char*) * (strlen(steps) + 1)));
    for (char* step = steps;; step++) {
      char* end = strchr(step, '.');
      path->steps[path->count++] = step;
      if (end == nullptr) break;
      *end = '\0';
      step = end;
    }
    paths = lappend(paths, path);
  }
  return paths;
}

// The paths that go on below a member or element; sets *whole where one ends there.
List* Below(List* paths, const char* key, int key_length, bool* whole) {
  List* below = NIL;
  ListCell* lc;
  foreach (lc, paths) {
    const Path* path = static_cast<const Path*>(lfirst(lc));
    const char* step = path->steps[0];
    bool any = strcmp(step, "*") == 0;
    bool same = key != nullptr && static_cast<int>(strlen(step)) == key_length &&
                strncmp(step, key, static_cast<size_t>(key_length)) == 0;
    if (!any && !same) continue;
    if (path->count == 1) {
      *whole = true;
      continue;
    }
    Path* rest = static_cast<Path*>(palloc(sizeof(Path)));
    *rest = {path->steps + 1, path->count - 1};
    below = lappend(below, rest);
  }
  return below;
}

void MaskScalar(JsonbValue* value) {
  switch (value->type) {
    case jbvString:
      value->val.string.val = const_cast<char*>("xxxx");
      value->val.string.len = 4;
      break;
    case jbvNumeric:
      value->val.numeric = int64_to_numeric(0);
      break;
    case jbvBool:
      value->val.boolean = false;
      break;
    default:
      break;
  }
}

void MaskContainer(JsonbContainer* container, List* paths, bool all, State* state);

void PushValue(JsonbValue* value, JsonbIteratorToken token, List* paths, bool all, State* state) {
  if (value->type == jbvBinary) {
    // A nested document pushes its own beginning and end.
    MaskContainer(value->val.binary.data, paths, all, state);
    return;
  }
  if (all) MaskScalar(value);
  state->result = pushJsonbValue(&state->build, token, value);
}

void MaskContainer(JsonbContainer* container, List* paths, bool all, State* state) {
  check_stack_depth();
  CHECK_FOR_INTERRUPTS();
  JsonbIterator* it = JsonbIteratorInit(container);
  JsonbValue value;
  JsonbIteratorToken token = JsonbIteratorNext(&it, &value, true);
  bool array = token == WJB_BEGIN_ARRAY;
  bool scalar = array && value.val.array.rawScalar;
  state->result = pushJsonbValue(&state->build, token, scalar ? &value : nullptr);
  List* below = NIL;
  bool whole = all;
  while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE) {
    switch (token) {
      case WJB_KEY:
        whole = all;
        below = Below(paths, value.val.string.val, value.val.string.len, &whole);
        state->result = pushJsonbValue(&state->build, token, &value);
        break;
      case WJB_VALUE:
        PushValue(&value, token, below, whole, state);
        break;
      case WJB_ELEM: {
        bool element_whole = all;
        // Elements have no names: a path goes through them by *, or ends at the array.
        List* rest = scalar ? NIL : Below(paths, nullptr, 0, &element_whole);
        PushValue(&value, token, rest, element_whole, state);
        break;
      }
      default:
        state->result = pushJsonbValue(&state->build, token, nullptr);
        break;
    }
  }
}

Jsonb* Mask(Jsonb* document, ArrayType* array) {
  State state = {nullptr, nullptr};
  List* paths = ReadPaths(array);
  MaskContainer(&document->root, paths, paths == NIL, &state);
  return JsonbValueToJsonb(state.result);
}

}  // namespace

}  // namespace jit::mask_functions

JIT_SQL_FUNCTION(jit_mask_jsonb)
// jit_mask_json(value jsonb, VARIADIC paths text[]).
Datum jit_mask_jsonb(PG_FUNCTION_ARGS) {
  PG_RETURN_JSONB_P(jit::mask_functions::Mask(PG_GETARG_JSONB_P(0), PG_GETARG_ARRAYTYPE_P(1)));
}

JIT_SQL_FUNCTION(jit_mask_json)
// jit_mask_json(value json, VARIADIC paths text[]): by way of jsonb, which sorts members and keeps
// the last of those with one name.
Datum jit_mask_json(PG_FUNCTION_ARGS) {
  char* source = TextDatumGetCString(PG_GETARG_DATUM(0));
  Jsonb* document = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(source)));
  Jsonb* masked = jit::mask_functions::Mask(document, PG_GETARG_ARRAYTYPE_P(1));
  char* out = JsonbToCString(nullptr, &masked->root, VARSIZE(masked));
  PG_RETURN_DATUM(CStringGetTextDatum(out));
}
