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

// The name of a column's type, without asking the server: usual types, others as oid:N.
std::string TypeName(const PGresult* result, int column);

// A JSON string, escaped; bytes that are no UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

// {"type":"row","values":[…]} and a newline.
void AppendJsonRow(std::string& out, const PGresult* result, int row,
                   const std::vector<ValueForm>& forms);

// RFC 4180, as COPY writes it: NULL is nothing, an empty text is "".
void AppendCsvHeader(std::string& out, const PGresult* result);
void AppendCsvRow(std::string& out, const PGresult* result, int row);

}  // namespace jit::api
