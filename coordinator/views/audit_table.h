// Entries of the audit log as they are shown, in either form: statements and events, or (log) the
// records that these are made of.
#pragma once

#include <vector>

#include "core/audit_entry.h"
#include "core/rows.h"

namespace jit::views {

// The columns of either form, without rows.
core::Table AuditColumns(bool log);

core::Table AuditTable(const std::vector<core::AuditEntry>& entries, bool log);

// Of rows that have the columns of the table, by their names.
std::vector<core::AuditEntry> AuditEntries(const core::Rows& found, bool log);

}  // namespace jit::views
