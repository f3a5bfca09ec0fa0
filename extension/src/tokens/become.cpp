#include "tokens/become.h"

extern "C" {
#include "access/genam.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_db_role_setting.h"
#include "commands/variable.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace jit::tokens {

namespace {

constexpr const char* kSessionAuthorization = "session_authorization";

// What the server's own check hook hands to its assign hook (commands/variable.c).
struct SessionAuthorization {
  Oid role;
  bool is_superuser;
};

GucStringCheckHook server_check = nullptr;
Oid owner = InvalidOid;
NameData owner_name;

// The server lets a session go back to the user it authenticated as. From a token's owner there is
// no way back, and none to anybody else.
bool CheckSessionAuthorization(char** value, void** extra, GucSource source) {
  if (*value == nullptr || !OidIsValid(owner) || InitializingParallelWorker)
    return server_check(value, extra, source);
  if (strcmp(*value, NameStr(owner_name)) != 0) {
    GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
    GUC_check_errmsg("permission denied to set session authorization \"%s\"", *value);
    return false;
  }
  // Freed by the server.
  SessionAuthorization* made =
      static_cast<SessionAuthorization*>(malloc(sizeof(SessionAuthorization)));
  if (made == nullptr) return false;
  *made = {owner, false};
  *extra = made;
  return true;
}

config_string* FindSessionAuthorization() {
  config_generic** variables = get_guc_variables();
  for (int i = 0; i < GetNumConfigOptions(); i++)
    if (strcmp(variables[i]->name, kSessionAuthorization) == 0 &&
        variables[i]->vartype == PGC_STRING)
      return reinterpret_cast<config_string*>(variables[i]);
  return nullptr;
}

// Settings of ALTER ROLE ... SET, everywhere or in this database.
bool HasSettings(Oid role) {
  Relation rel = table_open(DbRoleSettingRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_db_role_setting_setrole, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(role));
  SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, nullptr, 1, &key);
  bool found = false;
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    Oid database = reinterpret_cast<Form_pg_db_role_setting>(GETSTRUCT(tuple))->setdatabase;
    found = found || database == InvalidOid || database == MyDatabaseId;
  }
  systable_endscan(scan);
  table_close(rel, AccessShareLock);
  return found;
}

// The connection's options may set what any user may; whoever may set more is not to hand it on.
bool OptionsSetMore() {
  config_generic** variables = get_guc_variables();
  for (int i = 0; i < GetNumConfigOptions(); i++)
    if (variables[i]->source == PGC_S_CLIENT &&
        (variables[i]->context == PGC_SUSET || variables[i]->context == PGC_SU_BACKEND))
      return true;
  return false;
}

// As at login: those of the role come before the database's and the server's.
void ApplySettingsOf(Oid role) {
  Relation rel = table_open(DbRoleSettingRelationId, AccessShareLock);
  Snapshot snapshot = RegisterSnapshot(GetCatalogSnapshot(DbRoleSettingRelationId));
  ApplySetting(snapshot, MyDatabaseId, role, rel, PGC_S_DATABASE_USER);
  ApplySetting(snapshot, InvalidOid, role, rel, PGC_S_USER);
  UnregisterSnapshot(snapshot);
  table_close(rel, AccessShareLock);
}

// pg_stat_activity's entry begins anew, with the user there is now.
void ShowOwner() {
  pgstat_bestart();
  pgstat_report_activity(STATE_RUNNING, debug_query_string);
  pgstat_report_xact_timestamp(GetCurrentTransactionStartTimestamp());
}

}  // namespace

void InitBecome() {
  config_string* setting = FindSessionAuthorization();
  if (setting == nullptr || setting->check_hook == nullptr)
    elog(ERROR, "the server has no setting \"%s\"", kSessionAuthorization);
  server_check = setting->check_hook;
  setting->check_hook = CheckSessionAuthorization;
}

const char* WhatWouldStay() {
  if (OidIsValid(GetCurrentRoleId())) return "a role has been set";
  if (HasSettings(GetSessionUserId())) return "its login has settings of its own";
  if (OptionsSetMore()) return "its options set what only superusers may";
  return nullptr;
}

const char* WhyNoLogin(Oid role, const char* name) {
  HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
  if (!HeapTupleIsValid(tuple)) return "its owner is gone";
  Form_pg_authid form = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple));
  bool isnull;
  Datum until = SysCacheGetAttr(AUTHOID, tuple, Anum_pg_authid_rolvaliduntil, &isnull);
  const char* why = nullptr;
  if (strcmp(NameStr(form->rolname), name) != 0)
    why = "its owner goes by another name";
  else if (form->rolsuper)
    why = "its owner is a superuser";
  else if (!form->rolcanlogin)
    why = "its owner is not permitted to log in";
  else if (!isnull && DatumGetTimestampTz(until) <= GetCurrentTimestamp())
    why = "the password of its owner has expired";
  // This session does not count yet.
  else if (form->rolconnlimit >= 0 && CountUserBackends(role) >= form->rolconnlimit)
    why = "its owner has too many connections";
  ReleaseSysCache(tuple);
  if (why == nullptr && pg_database_aclcheck(MyDatabaseId, role, ACL_CONNECT) != ACLCHECK_OK)
    why = "its owner may not connect to the database";
  return why;
}

void Become(Oid role, const char* name) {
  owner = role;
  strlcpy(NameStr(owner_name), name, NAMEDATALEN);
  // Value and reset value: RESET, DISCARD ALL and SET ... DEFAULT lead to the owner, too. Not
  // undone by a rollback.
  SetConfigOption(kSessionAuthorization, name, PGC_BACKEND, PGC_S_OVERRIDE);
  if (GetSessionUserId() != role || GetUserId() != role)
    ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR),
                    errmsg("the session could not be handed to the owner of the token")));
  // Whom others may signal, and who is counted.
  MyProc->roleId = role;
  ApplySettingsOf(role);
  ShowOwner();
}

}  // namespace jit::tokens
