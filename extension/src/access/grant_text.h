// Access as people write it: what stands between GRANT and TO, read by PostgreSQL's own parser and
// bound to objects as the caller sees them.

#pragma once

#include "grants/privileges.h"
#include "pg/server.h"

namespace jit::access {

// A table, a view, or a whole schema.
struct Object {
  Oid schema_oid;
  const char* schema_name;
  Oid relation_oid;           // InvalidOid: the whole schema
  const char* relation_name;  // nullptr: the whole schema
  char relkind;
};

// One privilege of a spec.
struct Privilege {
  PrivilegeMask bit;
  bool whole;     // without a column list
  List* columns;  // char *, in the order written; used unless `whole`
};

// What one GRANT would say. Lives in the memory context it was made in.
struct Spec {
  List* privileges;  // Privilege *, each bit once, in the order of kPrivilegeNames
  List* objects;     // Object *, each once
};

// Reads and resolves `access` as the current user, or raises an error that points into it.
// `qualified`: takes no name without its schema.
Spec* ReadSpec(const char* access, bool qualified = false);

// The canonical text: names qualified, privileges in their order.
char* RenderSpec(const Spec* spec);

// The objects of all specs as jit.file_request takes them: a jsonb array, one element for each
// object and distinct column list.
Datum SpecsAsJsonb(List* specs);

}  // namespace jit::access
