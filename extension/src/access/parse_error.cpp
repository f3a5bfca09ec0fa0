#include "access/parse_error.h"

extern "C" {
#include "utils/elog.h"
}

namespace jit::access {

namespace {

// Cursor positions count characters from 1.
int SetPosition(const Source& source, int cursor) {
  int last = pg_mbstrlen(source.text) + 1;
  int position = cursor - source.prefix;
  if (position < 1) position = 1;
  if (position > last) position = last;
  internalerrposition(position);
  internalerrquery(source.text);
  return 0;
}

// The byte of source.text at a cursor position of source.parsed; the end where it lies beyond.
const char* TextAt(const Source& source, int cursor) {
  const char* at = source.text;
  for (int left = cursor - source.prefix - 1; left > 0 && *at != '\0'; left--) at += pg_mblen(at);
  return at;
}

// The parser reports as if the client had sent the text, and knows nothing of what frames it.
void Redirect(void* arg) {
  const Source* source = static_cast<const Source*>(arg);
  int cursor = geterrposition();
  if (cursor <= 0) return;
  const char* at = TextAt(*source, cursor);
  errposition(0);
  SetPosition(*source, cursor);
  if (source->hint != nullptr) errhint("%s", source->hint);
  if (source->prefix == 0) return;
  if (*at == '\0') errmsg("syntax error at the end of the text");
  if (*at != ';') return;
  if (at[1 + strspn(at + 1, " \t\r\n;")] == '\0') {
    errhint("Leave out the semicolon.");
  } else {
    errmsg("access holds more than one statement");
    errhint("Ask for each on its own, or let jit_request_for work out what one statement needs.");
  }
}

}  // namespace

int PointAt(const Source& source, int location) {
  if (location < 0) return 0;
  return SetPosition(source, pg_mbstrlen_with_len(source.parsed, location) + 1);
}

void RedirectErrors(ErrorContextCallback* callback, const Source* source) {
  callback->callback = Redirect;
  callback->arg = const_cast<Source*>(source);
  callback->previous = error_context_stack;
  error_context_stack = callback;
}

void RestoreErrors(const ErrorContextCallback* callback) {
  error_context_stack = callback->previous;
}

List* ParseSource(const Source& source) {
  ErrorContextCallback callback;
  RedirectErrors(&callback, &source);
  List* statements = raw_parser(source.parsed, RAW_PARSE_DEFAULT);
  RestoreErrors(&callback);
  return statements;
}

}  // namespace jit::access
