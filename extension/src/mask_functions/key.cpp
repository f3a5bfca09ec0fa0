#include "mask_functions/key.h"

#include "pg/installed.h"

extern "C" {
#include <sys/stat.h>
#include <unistd.h>

#include "common/hmac.h"
#include "common/sha2.h"
#include "nodes/primnodes.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
}

namespace jit::mask_functions {

namespace {

constexpr size_t kLeastKey = 16;
constexpr size_t kMostKey = 4096;

constexpr const char* kKeyName = "jit_access.mask_key";

emit_log_hook_type previous_emit_log = nullptr;

char* key_setting = nullptr;
char* key_file = nullptr;

// Read from the file; forgotten when the setting changes.
char read_key[kMostKey];
size_t read_size = 0;

void OnFileChange(const char*, void*) { read_size = 0; }

const char* ShowKey() { return key_setting != nullptr && *key_setting != '\0' ? "(set)" : ""; }

bool CheckKey(char** value, void**, GucSource) {
  if (**value == '\0' || strlen(*value) >= kLeastKey) return true;
  // The server's own message would name the value.
  GUC_check_errmsg("invalid value for parameter \"%s\"", kKeyName);
  GUC_check_errdetail("The key is shorter than %zu characters.", kLeastKey);
  return false;
}

// A reload logs each parameter's new value.
void OnEmitLog(ErrorData* error) {
  const char* what = error->message;
  if (what != nullptr && error->message_id != nullptr &&
      strstr(what, "\"jit_access.mask_key\"") != nullptr &&
      strcmp(error->message_id, "parameter \"%s\" changed to \"%s\"") == 0)
    error->message = psprintf("parameter \"%s\" changed", kKeyName);
  if (previous_emit_log) previous_emit_log(error);
}

void RefuseFile(const char* why) {
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("the key of the masks cannot be used: %s", why),
           errhint("jit_access.mask_key_file is to name a file of at least %zu bytes that only "
                   "the server's operating-system user reads.",
                   kLeastKey)));
}

void ReadFile() {
  FILE* file = AllocateFile(key_file, PG_BINARY_R);
  if (file == nullptr) RefuseFile("its file cannot be opened");
  struct stat status;
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
    RefuseFile("what is named is not a file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    RefuseFile("its file is open to others than its owner");
  size_t size = fread(read_key, 1, sizeof read_key, file);
  FreeFile(file);
  while (size > 0 && (read_key[size - 1] == '\n' || read_key[size - 1] == '\r')) size--;
  if (size < kLeastKey) RefuseFile("its file is too short");
  read_size = size;
}

void Fail(const char* what) { elog(ERROR, "could not compute the keyed digest: %s", what); }

void Feed(pg_hmac_ctx* context, const char* bytes, size_t size) {
  if (pg_hmac_update(context, reinterpret_cast<const uint8*>(bytes), size) < 0) Fail("update");
}

}  // namespace

Digest KeyedDigest(const char* purpose, const char* kind, const char* value, size_t size) {
  const char* key = nullptr;
  size_t key_size = 0;
  if (key_file != nullptr && *key_file != '\0') {
    if (read_size == 0) ReadFile();
    key = read_key;
    key_size = read_size;
  } else if (key_setting != nullptr && *key_setting != '\0') {
    key = key_setting;
    key_size = strlen(key_setting);
  } else {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("no key is set for keyed masks"),
                    errhint("Set jit_access.mask_key_file in postgresql.conf and reload.")));
  }
  pg_hmac_ctx* hmac = pg_hmac_create(PG_SHA256);
  if (hmac == nullptr) Fail("out of memory");
  if (pg_hmac_init(hmac, reinterpret_cast<const uint8*>(key), key_size) < 0) Fail("init");
  // With their ends, so that no two triples feed the same bytes.
  Feed(hmac, purpose, strlen(purpose) + 1);
  Feed(hmac, kind, strlen(kind) + 1);
  Feed(hmac, value, size);
  Digest digest;
  if (pg_hmac_final(hmac, digest.bytes, sizeof digest.bytes) < 0) Fail("final");
  pg_hmac_free(hmac);
  return digest;
}

uint64 Number(const Digest& digest, int at) {
  uint64 number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | digest.bytes[at + i];
  return number;
}

double Fraction(const Digest& digest) {
  return static_cast<double>(Number(digest, 0) >> 11) / static_cast<double>(UINT64CONST(1) << 53);
}

void RequireMaskCall(FunctionCallInfo fcinfo) {
  const Node* expression = fcinfo->flinfo != nullptr ? fcinfo->flinfo->fn_expr : nullptr;
  if (expression != nullptr && IsA(expression, FuncExpr) &&
      reinterpret_cast<const FuncExpr*>(expression)->funcformat == COERCE_SQL_SYNTAX)
    return;
  const pg::Installed* here = pg::GetInstalled();
  if (superuser() || (here != nullptr && OidIsValid(here->unmasked_role) &&
                      has_privs_of_role(GetUserId(), here->unmasked_role)))
    return;
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("permission denied for function %s", get_func_name(fcinfo->flinfo->fn_oid)),
           errdetail("Whoever calls a keyed mask can find the values behind others."),
           errhint("Use it in a label: SECURITY LABEL FOR jit_access ON COLUMN ... IS "
                   "'MASKED WITH FUNCTION ...'")));
}

void DefineKeySettings() {
  DefineCustomStringVariable("jit_access.mask_key_file", "File with the key of keyed masks.",
                             "Only the server's operating-system user may read it.", &key_file, "",
                             PGC_SIGHUP, GUC_SUPERUSER_ONLY, nullptr, OnFileChange, nullptr);
  DefineCustomStringVariable(kKeyName, "Key of keyed masks.",
                             "The file of jit_access.mask_key_file comes first.", &key_setting, "",
                             PGC_SIGHUP, GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE,
                             CheckKey, nullptr, ShowKey);
  previous_emit_log = emit_log_hook;
  emit_log_hook = OnEmitLog;
}

}  // namespace jit::mask_functions
