#include "access/parse_error.h"

extern "C" {
#include "utils/elog.h"
}

namespace jit::access {

namespace {

// Cursor positions count characters from 1.
int SetPosition(const Source &source, int cursor) {
  int last = pg_mbstrlen(source.text) + 1;
  int position = cursor - source.prefix;
  if (position < 1) position = 1;
  if (position > last) position = last;
  internalerrposition(position);
  internalerrquery(source.text);
  return 0;
}

// The parser reports as if the client had sent the text.
void Redirect(void *arg) {
  const Source *source = static_cast<const Source *>(arg);
  int cursor = geterrposition();
  if (cursor <= 0) return;
  errposition(0);
  SetPosition(*source, cursor);
  errhint("%s", source->hint);
}

}  // namespace

int PointAt(const Source &source, int location) {
  if (location < 0) return 0;
  return SetPosition(source, pg_mbstrlen_with_len(source.parsed, location) + 1);
}

List *ParseSource(const Source &source) {
  ErrorContextCallback callback;
  callback.callback = Redirect;
  callback.arg = const_cast<Source *>(&source);
  callback.previous = error_context_stack;
  error_context_stack = &callback;
  List *statements = raw_parser(source.parsed, RAW_PARSE_DEFAULT);
  error_context_stack = callback.previous;
  return statements;
}

}  // namespace jit::access
