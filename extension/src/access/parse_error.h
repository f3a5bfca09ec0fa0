// Errors that point into a text given as an argument, not into the client's statement.

#pragma once

#include "pg/server.h"

extern "C" {
#include "mb/pg_wchar.h"
#include "parser/parser.h"
}

namespace jit::access {

// A text that is handed to a parser behind a prefix of its own.
struct Source {
  const char* text;        // what the caller gave
  const char* parsed;      // prefix + text + ...: what locations count in
  int prefix;              // characters (and bytes) before `text`
  const char* hint;        // of a syntax error; nullptr leaves what the server says
  bool qualified = false;  // names must be: the caller's search_path is not to decide
};

// Within ereport: points at a location (in bytes) of source.parsed.
int PointAt(const Source& source, int location);

// From here on errors point into source.text; both arguments must live until RestoreErrors, or
// until an error has been caught.
void RedirectErrors(ErrorContextCallback* callback, const Source* source);
void RestoreErrors(const ErrorContextCallback* callback);

// raw_parser, whose errors point into source.text. List of RawStmt.
List* ParseSource(const Source& source);

}  // namespace jit::access
