// Rows as comma-separated values (RFC 4180), safe to open in a spreadsheet.
#pragma once

#include <string>
#include <string_view>

#include "core/table.h"

namespace jit::core {

// The header's names, then every row; lines end in CR LF. A text that begins like a formula ('=',
// '+', '-', '@', a tab) gets an apostrophe in front: a spreadsheet would compute it. Control
// characters other than line breaks and tabs are shown as escapes; JSON has them as they are.
std::string RenderCsv(const Table& table, bool header = true);

// One field, quoted where it must be.
std::string CsvField(std::string_view text, bool is_text = true);

}  // namespace jit::core
