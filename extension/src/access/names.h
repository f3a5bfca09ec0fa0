// Names of a request: found as the caller would find them, and refused where no grant can reach.

#pragma once

#include "access/grant_text.h"
#include "access/parse_error.h"

namespace jit::access {

// A privilege's name as it is written out.
const char* NameOf(PrivilegeMask bit);

// 'functions', 'schemas', …: what a GRANT of this kind is on.
const char* KindOf(ObjectType type);

// quote_identifier, whatever the session's quote_all_identifiers says: approvers read one form.
const char* QuoteName(const char* name);

Object* ResolveRelation(const Source& source, const RangeVar* name);
Object* ResolveSchema(const Source& source, const char* name);

// The number of an object's column; raises an error where there is none that can be granted.
AttrNumber ColumnNumber(const Object* object, const char* column);
void CheckColumns(const Object* object, List* columns);

}  // namespace jit::access
