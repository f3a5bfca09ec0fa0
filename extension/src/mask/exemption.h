// Who sees masked columns raw.

#pragma once

#include "mask/catalog.h"
#include "pg/server.h"

namespace jit::mask {

// What one role sees of a relation with masks.
struct Sight {
  bool exempt;        // all of it, by what the role is
  Bitmapset* hidden;  // masked columns it sees masked; as RelationMasks::columns
  Bitmapset* raw;     // masked columns it sees by an UNMASK grant
};

// InvalidOid where there is no such relation.
Oid OwnerOf(Oid relid);

// Superusers, those with the rights of jit_unmasked, and of the relation's owner.
bool IsExempt(Oid userid, Oid relid);

// Of the relation and of all whose labels cover what a scan of it reads.
bool IsExemptThrough(Oid userid, const RelationMasks* masks);

// Superusers and those with the rights of jit_unmasked: exempt in the whole database. Cheap.
bool IsExemptEverywhere(Oid userid);

// Whether UNMASK grants count: for a governed user who runs with the rights chosen.
bool GrantsCount(Oid userid);

// What `userid` sees now. Allocates in the current context.
Sight SightOf(Oid userid, const RelationMasks* masks);

}  // namespace jit::mask
