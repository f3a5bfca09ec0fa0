// Rows of a result on their way out: as JSON lines or as CSV, straight from libpq's buffers.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/table.h"

namespace jit::api {

// How a value of a type is written in JSON.
enum class ValueForm { kText, kNumber, kReal, kBool, kJson };

// By the type's OID. Numbers that a double does not hold exactly are text.
ValueForm FormOf(Oid type);
std::vector<ValueForm> FormsOf(const PGresult* result);

// The name of a type as format_type has it, without asking the server: of usual ones; else empty.
std::string_view UsualTypeName(Oid type);

// A JSON string, escaped; bytes that are no UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

// {"type":"row","values":[…]} and a newline.
void AppendJsonRow(std::string& out, const PGresult* result, int row,
                   const std::vector<ValueForm>& forms);

// RFC 4180, as COPY writes it: NULL is nothing, an empty text is "". For a spreadsheet a text that
// begins like a formula gets an apostrophe in front.
void AppendCsvHeader(std::string& out, const PGresult* result, bool spreadsheet);
void AppendCsvRow(std::string& out, const PGresult* result, int row, bool spreadsheet);

}  // namespace jit::api
