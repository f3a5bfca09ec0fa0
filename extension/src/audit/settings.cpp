#include "audit/settings.h"

#include <initializer_list>

#include "pg/server.h"

extern "C" {
#include "utils/guc.h"
}

namespace jit::audit {

int mode = kModeSync;
int on_failure = kDeny;
int timeout_ms = 10000;
int statement_size = 8192;
int buffer_kb = 2048;
int databases = 16;
bool unmasked = true;
bool superusers = false;
char* partition_unit = nullptr;
int keep_days = 0;

namespace {

const config_enum_entry kModes[] = {{"sync", kModeSync, false},
                                    {"async", kModeAsync, false},
                                    {"off", kModeOff, false},
                                    {nullptr, 0, false}};

const config_enum_entry kFailures[] = {
    {"deny", kDeny, false}, {"log", kLog, false}, {nullptr, 0, false}};

bool CheckUnit(char** value, void**, GucSource) {
  for (const char* unit : {"day", "week", "month"})
    if (strcmp(*value, unit) == 0) return true;
  GUC_check_errdetail("It is day, week or month.");
  return false;
}

}  // namespace

void DefineSettings() {
  DefineCustomEnumVariable("jit_access.audit", "When an audited statement returns rows.",
                           "sync: when the record of its begin is durable; async: at once; off: "
                           "nothing is audited.",
                           &mode, kModeSync, kModes, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("jit_access.audit_failure",
                           "What becomes of statements that cannot be recorded.",
                           "deny: they are refused; log: they run, and their records go to the "
                           "server's log.",
                           &on_failure, kDeny, kFailures, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable(
      "jit_access.audit_timeout", "Longest wait for an audit log that makes no progress.", nullptr,
      &timeout_ms, 10000, 100, 3600000, PGC_SIGHUP, GUC_UNIT_MS, nullptr, nullptr, nullptr);
  DefineCustomIntVariable(
      "jit_access.audit_statement_size", "Longest statement text that the audit log keeps whole.",
      "Of longer ones it keeps the beginning, the length and the SHA-256.", &statement_size, 8192,
      256, 65536, PGC_SIGHUP, GUC_UNIT_BYTE, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("jit_access.audit_buffer_size",
                          "Shared memory for audit records on their way, for each database.",
                          "Statements wait while it is full.", &buffer_kb, 2048, 512, 1048576,
                          PGC_POSTMASTER, GUC_UNIT_KB, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("jit_access.audit_databases",
                          "How many databases can be audited at a time.", nullptr, &databases, 16,
                          1, 1024, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("jit_access.audit_unmasked",
                           "Audits statements that see a masked column raw, whoever runs them.",
                           "When off, only those of requesters are.", &unmasked, true, PGC_SIGHUP,
                           0, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("jit_access.audit_superusers", "Audits the statements of superusers.",
                           "They are never refused for want of a record.", &superusers, false,
                           PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("jit_access.audit_partition", "The time that one partition covers.",
                             "day, week or month.", &partition_unit, "month", PGC_SIGHUP, 0,
                             CheckUnit, nullptr, nullptr);
  DefineCustomIntVariable("jit_access.audit_keep_days",
                          "Partitions of the audit log that are older than this are detached.",
                          "0: none is. They stay as tables, to be archived.", &keep_days, 0, 0,
                          36500, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
}

}  // namespace jit::audit
