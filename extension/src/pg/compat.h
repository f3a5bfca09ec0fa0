// Differences between PostgreSQL versions: the only place that asks for PG_VERSION_NUM.

#pragma once

#include "pg/server.h"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "storage/backendid.h"
}

// What is not compiled and tested against a version is not offered for it: 16 moved permissions
// into RTEPermissionInfo, 17 renumbered backends, 18 changed ExecutorRun.
#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 160000
#error "this version of jit_access builds for PostgreSQL 15"
#endif

namespace jit::pg {

// The part of a range table entry that carries required privileges.
using PermissionEntry = RangeTblEntry;

inline bool CarriesPermissions(const RangeTblEntry* rte) {
  return rte->rtekind == RTE_RELATION && rte->requiredPerms != 0;
}

// Zero-based slot of this backend in arrays of MaxBackends entries.
inline int BackendSlot() { return MyBackendId - 1; }

// The tree walkers, whose callback has no parameter list before 16.
using Walker = bool (*)(Node* node, void* context);
using Mutator = Node* (*)(Node* node, void* context);

inline bool WalkExpression(Node* node, Walker walker, void* context) {
  return expression_tree_walker(
      node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context);
}

inline bool WalkQueryTree(Query* query, Walker walker, void* context, int flags = 0) {
  return query_tree_walker(
      query, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context, flags);
}

inline bool WalkRawExpression(Node* node, Walker walker, void* context) {
  return raw_expression_tree_walker(
      node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context);
}

inline Node* MutateExpression(Node* node, Mutator mutator, void* context) {
  return expression_tree_mutator(
      node, reinterpret_cast<Node* (*)()>(reinterpret_cast<void (*)()>(mutator)), context);
}

}  // namespace jit::pg
