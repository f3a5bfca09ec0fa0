#include "audit/who.h"

#include "audit/settings.h"
#include "pg/installed.h"
#include "tokens/session.h"

// Its header is not among those that a server's development package brings along; the structures
// keep their shape without it.
#undef ENABLE_GSS

extern "C" {
#include <netdb.h>

#include "catalog/pg_authid.h"
#include "common/ip.h"
#include "libpq/auth.h"
#include "libpq/libpq-be.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/syscache.h"
}

namespace jit::audit {

namespace {

struct KnownUser {
  Oid oid;
  NameData name;
};

KnownUser session_user;
KnownUser current_user;
KnownUser authenticated_user;
bool was_audited = false;
char client_addr[NI_MAXHOST];
char client_port[NI_MAXSERV];
bool client_known = false;
ClientAuthentication_hook_type previous_authentication = nullptr;

// The name may have changed; the catalog's cache is asked each time.
const char* NameOf(Oid oid, KnownUser* known) {
  HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(oid));
  known->oid = oid;
  if (HeapTupleIsValid(tuple)) {
    known->name = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolname;
    ReleaseSysCache(tuple);
  } else {
    snprintf(NameStr(known->name), NAMEDATALEN, "%u", oid);
  }
  return NameStr(known->name);
}

const char* CachedNameOf(Oid oid, KnownUser* known) {
  if (known->oid == oid) return NameStr(known->name);
  return MyProcPort != nullptr && oid == GetAuthenticatedUserId() ? MyProcPort->user_name : nullptr;
}

void FindClient() {
  client_known = true;
  client_addr[0] = client_port[0] = '\0';
  if (MyProcPort == nullptr || MyProcPort->raddr.addr.ss_family == AF_UNIX) return;
  if (pg_getnameinfo_all(&MyProcPort->raddr.addr, MyProcPort->raddr.salen, client_addr,
                         sizeof client_addr, client_port, sizeof client_port,
                         NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    client_addr[0] = client_port[0] = '\0';
  char* zone = strchr(client_addr, '%');  // of a link-local address; inet has none
  if (zone != nullptr) *zone = '\0';
}

void FillSession(Record* record) {
  if (!client_known) FindClient();
  record->client_addr = client_addr[0] != '\0' ? client_addr : nullptr;
  record->client_port = atoi(client_port);
  record->application_name =
      application_name != nullptr && *application_name != '\0' ? application_name : nullptr;
  record->pid = MyProcPid;
  record->session_start = MyStartTimestamp;
  record->detail = tokens::AuditDetail();
}

// At login only the shared catalogs can be read, but the roles are there: a session that never gets
// further than a syntax error is to be known, too.
void OnAuthentication(Port* port, int status) {
  if (previous_authentication) previous_authentication(port, status);
  if (status != STATUS_OK) return;
  Oid user = get_role_oid(port->user_name, true);
  Oid requester = get_role_oid("jit_requester", true);
  was_audited = OidIsValid(user) && OidIsValid(requester) && !superuser_arg(user) &&
                is_member_of_role_nosuper(user, requester);
}

}  // namespace

bool IsSessionAudited() {
  Oid user = GetSessionUserId();
  bool audited = mode != kModeOff && OidIsValid(MyDatabaseId) &&
                 (pg::IsGoverned(user) ||
                  (superusers && superuser_arg(user) && pg::GetInstalled() != nullptr));
  was_audited = audited;
  return audited;
}

bool WasSessionAudited() { return was_audited && mode != kModeOff; }

bool IsNeverRefused() { return superuser_arg(GetSessionUserId()); }

void FillWho(Record* record) {
  record->session_user = NameOf(GetSessionUserId(), &session_user);
  record->current_user = NameOf(GetUserId(), &current_user);
  record->authenticated_user = OidIsValid(GetAuthenticatedUserId())
                                   ? NameOf(GetAuthenticatedUserId(), &authenticated_user)
                                   : nullptr;
  FillSession(record);
}

void FillWhoCached(Record* record) {
  record->session_user = CachedNameOf(GetSessionUserId(), &session_user);
  record->current_user = CachedNameOf(GetUserId(), &current_user);
  record->authenticated_user = CachedNameOf(GetAuthenticatedUserId(), &authenticated_user);
  FillSession(record);
}

void InitWho() {
  previous_authentication = ClientAuthentication_hook;
  ClientAuthentication_hook = OnAuthentication;
}

}  // namespace jit::audit
