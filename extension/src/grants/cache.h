// This backend's view of its user's grants: read by index with the newest snapshot, kept until
// somebody changes them.

#pragma once

#include "grants/need.h"
#include "pg/server.h"

namespace jit::grants {

// One row of jit.grants that this session may use now or later.
struct Grant {
  int64 request_id;
  PrivilegeMask mask;
  Oid schema_oid;
  Oid relation_oid;  // InvalidOid: every table of the schema
  NameData schema_name;
  NameData relation_name;
  bool by_column;
  Bitmapset* columns;  // offset by FirstLowInvalidHeapAttributeNumber; if by_column
  TimestampTz starts_at;
  TimestampTz expires_at;
  bool blank_values;  // its policy keeps values out of the audit log
};

// Registers the invalidation listener. Once, from _PG_init.
void InitCache();

// The grants of `userid` that this session may use (its address and backend match), over or not
// yet begun ones included where the cache has them. Valid until the next call. Null where none.
struct GrantSet {
  const Grant* grants;
  int count;
};
GrantSet GrantsOf(Oid userid);

// Whether an active grant of the user's comes by a policy that keeps values out of the audit log.
bool HoldsBlanking(Oid userid);

// Whether the last GrantsOf(userid) still stands: nothing has changed since.
bool IsCurrent(Oid userid);

// Counts how often grants were read: what was found out in another reading may not hold any more,
// though IsCurrent.
uint64 Reading();

}  // namespace jit::grants
