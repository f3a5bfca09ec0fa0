// jit_mask_json of json: the text is written anew, not put through jsonb, whose errors (a character
// or a number that it cannot hold) would quote the document.

#include "mask_functions/json_paths.h"

extern "C" {
#include "common/jsonapi.h"
#include "lib/stringinfo.h"
#include "utils/json.h"
#include "utils/jsonfuncs.h"
}

namespace jit::mask_functions {

namespace {

// A document around the place where the parser is.
struct Level {
  Level* outer;
  Coverage coverage;  // of its members or elements; of an object: of the member at hand
  Coverage own;
  bool empty;  // nothing written in it yet
};

struct Writing {
  StringInfoData out;
  Level* level;  // null: not in a document
  Coverage document;
};

Writing* WritingOf(void* state) { return static_cast<Writing*>(state); }

const Coverage& CoverageHere(const Writing* writing) {
  return writing->level != nullptr ? writing->level->coverage : writing->document;
}

void Begin(Writing* writing, char bracket, bool array) {
  Coverage own = CoverageHere(writing);
  Level* level = static_cast<Level*>(palloc(sizeof(Level)));
  *level = {writing->level, array ? CoverageOfElements(own) : own, own, true};
  writing->level = level;
  appendStringInfoChar(&writing->out, bracket);
}

void End(Writing* writing, char bracket) {
  writing->level = writing->level->outer;
  appendStringInfoChar(&writing->out, bracket);
}

void Separate(Writing* writing) {
  if (!writing->level->empty) appendStringInfoString(&writing->out, ", ");
  writing->level->empty = false;
}

void OnObjectStart(void* state) { Begin(WritingOf(state), '{', false); }
void OnObjectEnd(void* state) { End(WritingOf(state), '}'); }
void OnArrayStart(void* state) { Begin(WritingOf(state), '[', true); }
void OnArrayEnd(void* state) { End(WritingOf(state), ']'); }
void OnElement(void* state, bool) { Separate(WritingOf(state)); }

void OnMember(void* state, char* key, bool) {
  Writing* writing = WritingOf(state);
  Separate(writing);
  escape_json(&writing->out, key);
  appendStringInfoString(&writing->out, ": ");
  writing->level->coverage = CoverageOfMember(writing->level->own, key, strlen(key));
}

const char* MaskOf(JsonTokenType type) {
  switch (type) {
    case JSON_TOKEN_STRING:
      return "\"xxxx\"";
    case JSON_TOKEN_NUMBER:
      return "0";
    case JSON_TOKEN_NULL:
      return "null";
    default:
      return "false";
  }
}

void OnScalar(void* state, char* token, JsonTokenType type) {
  Writing* writing = WritingOf(state);
  if (CoverageHere(writing).masks_scalars())
    appendStringInfoString(&writing->out, MaskOf(type));
  else if (type == JSON_TOKEN_STRING)
    escape_json(&writing->out, token);
  else
    appendStringInfoString(&writing->out, token);
}

}  // namespace

}  // namespace jit::mask_functions

JIT_SQL_FUNCTION(jit_mask_json)
// jit_mask_json(value json, VARIADIC paths text[]): members stay in their order, also those of one
// name. A document with an escape that stands for no character is hidden whole.
Datum jit_mask_json(PG_FUNCTION_ARGS) {
  using namespace jit::mask_functions;
  Writing writing = {{}, nullptr, CoverageOf(PG_GETARG_ARRAYTYPE_P(1))};
  initStringInfo(&writing.out);
  JsonSemAction actions = {};
  actions.semstate = &writing;
  actions.object_start = OnObjectStart;
  actions.object_end = OnObjectEnd;
  actions.array_start = OnArrayStart;
  actions.array_end = OnArrayEnd;
  actions.object_field_start = OnMember;
  actions.array_element_start = OnElement;
  actions.scalar = OnScalar;
  JsonLexContext* lex = makeJsonLexContext(PG_GETARG_TEXT_PP(0), true);
  if (pg_parse_json(lex, &actions) != JSON_SUCCESS) PG_RETURN_TEXT_P(cstring_to_text("{}"));
  PG_RETURN_TEXT_P(cstring_to_text_with_len(writing.out.data, writing.out.len));
}
