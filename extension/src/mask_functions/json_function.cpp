// jit_mask_json of jsonb: masks inside documents.

#include "mask_functions/json_paths.h"

extern "C" {
#include "utils/jsonb.h"
#include "utils/numeric.h"
}

namespace jit::mask_functions {

namespace {

struct State {
  JsonbParseState* build;
  JsonbValue* result;
};

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

void MaskContainer(JsonbContainer* container, const Coverage& coverage, State* state);

void PushValue(JsonbValue* value, JsonbIteratorToken token, const Coverage& coverage,
               State* state) {
  if (value->type == jbvBinary) {
    // A nested document pushes its own beginning and end.
    MaskContainer(value->val.binary.data, coverage, state);
    return;
  }
  if (coverage.masks_scalars()) MaskScalar(value);
  state->result = pushJsonbValue(&state->build, token, value);
}

void MaskContainer(JsonbContainer* container, const Coverage& coverage, State* state) {
  check_stack_depth();
  CHECK_FOR_INTERRUPTS();
  JsonbIterator* it = JsonbIteratorInit(container);
  JsonbValue value;
  JsonbIteratorToken token = JsonbIteratorNext(&it, &value, true);
  // A scalar comes as an array of one element, which it is not.
  bool scalar = token == WJB_BEGIN_ARRAY && value.val.array.rawScalar;
  state->result = pushJsonbValue(&state->build, token, scalar ? &value : nullptr);
  Coverage elements = scalar ? coverage : CoverageOfElements(coverage);
  Coverage member = coverage;
  while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE) {
    switch (token) {
      case WJB_KEY:
        member = CoverageOfMember(coverage, value.val.string.val,
                                  static_cast<size_t>(value.val.string.len));
        state->result = pushJsonbValue(&state->build, token, &value);
        break;
      case WJB_VALUE:
        PushValue(&value, token, member, state);
        break;
      case WJB_ELEM:
        PushValue(&value, token, elements, state);
        break;
      default:
        state->result = pushJsonbValue(&state->build, token, nullptr);
        break;
    }
  }
}

}  // namespace

}  // namespace jit::mask_functions

JIT_SQL_FUNCTION(jit_mask_jsonb)
// jit_mask_json(value jsonb, VARIADIC paths text[]).
Datum jit_mask_jsonb(PG_FUNCTION_ARGS) {
  using namespace jit::mask_functions;
  State state = {nullptr, nullptr};
  MaskContainer(&PG_GETARG_JSONB_P(0)->root, CoverageOf(PG_GETARG_ARRAYTYPE_P(1)), &state);
  PG_RETURN_JSONB_P(JsonbValueToJsonb(state.result));
}
