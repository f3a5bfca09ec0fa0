// Where the extension's objects are in this database, found once and forgotten when they change.

#pragma once

#include "pg/server.h"

namespace jit::pg {

struct Installed {
  Oid schema;          // jit
  Oid grants;          // jit.grants
  Oid grants_index;    // jit.grants_by_grantee
  Oid functions;       // the schema of jit_request and the others
  Oid requester_role;  // jit_requester
  Oid delegate_role;   // jit_delegate
  Oid elevated_role;   // jit_elevated
  Oid unmasked_role;   // jit_unmasked
  Oid masks;           // jit.masks
};

// Registers the invalidation callbacks. Once, from _PG_init.
void InitInstalled();

// Null where the database has no jit_access extension, or not all of it: then nothing is granted.
// Needs a transaction. The result is valid until the next call.
const Installed* GetInstalled();

// Called (from an invalidation callback: may only set flags) when jit.grants or the roles changed.
using InvalidationListener = void (*)();
void SetGrantsInvalidationListener(InvalidationListener listener);

// Called (from an invalidation callback: may only set flags) when a relation changed; InvalidOid
// stands for all.
using RelationListener = void (*)(Oid relid);
void SetRelationListener(RelationListener listener);

// A member of jit_requester who is no superuser: whom the hooks concern. Cheap.
bool IsGoverned(Oid userid);

// A member of jit_delegate, who holds no grant. Cheap.
bool IsDelegate(Oid userid);

// Whether code runs with the rights that the session's user chose: neither a SECURITY DEFINER
// function, nor a security-restricted operation, nor a foreign-key check.
bool RunsAsChosenUser();

}  // namespace jit::pg
