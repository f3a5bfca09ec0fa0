#include "api/sql_rows.h"

#include <algorithm>

#include "core/text.h"

namespace jit::api {
namespace {

// OIDs of built-in types: fixed in every PostgreSQL (pg_type.dat).
constexpr Oid kBool = 16;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kJson = 114;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kOid = 26;
constexpr Oid kJsonb = 3802;
constexpr Oid kInt8 = 20;
constexpr Oid kNumeric = 1700;

bool IsNumber(Oid type) {
  const ValueForm form = FormOf(type);
  return form == ValueForm::kNumber || form == ValueForm::kReal || type == kInt8 ||
         type == kNumeric;
}

std::string_view ValueOf(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column),
          static_cast<std::size_t>(PQgetlength(result, row, column))};
}

// json keeps its line breaks, which are all outside of its strings.
void AppendOnOneLine(std::string& out, std::string_view json) {
  for (const char c : json) out += c == '\n' || c == '\r' ? ' ' : c;
}

void AppendCsvField(std::string& out, std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

bool LooksLikeFormula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

}  // namespace

ValueForm FormOf(Oid type) {
  switch (type) {
    case kBool:
      return ValueForm::kBool;
    case kInt2:
    case kInt4:
    case kOid:
      return ValueForm::kNumber;
    case kFloat4:
    case kFloat8:
      return ValueForm::kReal;
    case kJson:
    case kJsonb:
      return ValueForm::kJson;
    default:
      return ValueForm::kText;
  }
}

std::vector<ValueForm> FormsOf(const PGresult* result) {
  std::vector<ValueForm> forms;
  for (int i = 0; i < PQnfields(result); ++i) forms.push_back(FormOf(PQftype(result, i)));
  return forms;
}

void AppendJsonString(std::string& out, std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  // The server checks what is UTF-8; a database in SQL_ASCII does not, and whoever sets their
  // session's client_encoding gets another one.
  if (!ascii && !core::IsUtf8(text)) {
    out += core::Json(std::string(text)).dump(-1, ' ', false, core::Json::error_handler_t::replace);
    return;
  }
  out += '"';
  std::size_t plain = 0;  // where what is copied as it is begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f) continue;
    out += text.substr(plain, i - plain);
    plain = i + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += static_cast<char>(c);
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += kDigits[c >> 4];
        out += kDigits[c & 15];
    }
  }
  out += text.substr(plain);
  out += '"';
}

void AppendJsonRow(std::string& out, const PGresult* result, int row,
                   const std::vector<ValueForm>& forms) {
  out += R"({"type":"row","values":[)";
  for (int i = 0; i < static_cast<int>(forms.size()); ++i) {
    if (i > 0) out += ',';
    if (PQgetisnull(result, row, i) != 0) {
      out += "null";
      continue;
    }
    const std::string_view value = ValueOf(result, row, i);
    switch (forms[static_cast<std::size_t>(i)]) {
      case ValueForm::kBool:
        out += value == "t" ? "true" : "false";
        break;
      case ValueForm::kNumber:
        out += value;
        break;
      case ValueForm::kReal:
        // NaN and Infinity are no numbers of JSON.
        if (value.find_first_not_of("0123456789+-.e") == std::string_view::npos) {
          out += value;
        } else {
          AppendJsonString(out, value);
        }
        break;
      case ValueForm::kJson:
        // In another encoding a character's last byte may look like a quote or a backslash.
        if (core::IsUtf8(value)) {
          AppendOnOneLine(out, value);
        } else {
          AppendJsonString(out, value);
        }
        break;
      case ValueForm::kText:
        AppendJsonString(out, value);
        break;
    }
  }
  out += "]}\n";
}

void AppendCsvHeader(std::string& out, const PGresult* result, bool spreadsheet) {
  for (int i = 0; i < PQnfields(result); ++i) {
    if (i > 0) out += ',';
    const std::string name = PQfname(result, i);
    AppendCsvField(out, spreadsheet && LooksLikeFormula(name) ? "'" + name : name);
  }
  out += "\r\n";
}

void AppendCsvRow(std::string& out, const PGresult* result, int row, bool spreadsheet) {
  for (int i = 0; i < PQnfields(result); ++i) {
    if (i > 0) out += ',';
    if (PQgetisnull(result, row, i) != 0) continue;
    const std::string_view value = ValueOf(result, row, i);
    if (spreadsheet && !IsNumber(PQftype(result, i)) && LooksLikeFormula(value)) {
      AppendCsvField(out, "'" + std::string(value));
    } else {
      AppendCsvField(out, value);
    }
  }
  out += "\r\n";
}

std::string_view UsualTypeName(Oid type) {
  switch (type) {
    case 16:
      return "boolean";
    case 17:
      return "bytea";
    case 19:
      return "name";
    case 20:
      return "bigint";
    case 21:
      return "smallint";
    case 23:
      return "integer";
    case 25:
      return "text";
    case 26:
      return "oid";
    case 114:
      return "json";
    case 700:
      return "real";
    case 701:
      return "double precision";
    case 705:
      return "unknown";
    case 869:
      return "inet";
    case 1009:
      return "text[]";
    case 1042:
      return "character";
    case 1043:
      return "character varying";
    case 1082:
      return "date";
    case 1083:
      return "time without time zone";
    case 1114:
      return "timestamp without time zone";
    case 1184:
      return "timestamp with time zone";
    case 1186:
      return "interval";
    case 1700:
      return "numeric";
    case 2278:
      return "void";
    case 2950:
      return "uuid";
    case 3802:
      return "jsonb";
    default:
      return "";
  }
}

}  // namespace jit::api
