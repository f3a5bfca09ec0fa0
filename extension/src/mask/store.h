// Labels as they are stored: the text in pg_seclabel, which pg_dump carries, and in jit.masks the
// expression that was made of it, bound by OID.

#pragma once

#include "pg/server.h"

namespace jit::mask {

inline constexpr const char* kProvider = "jit_access";

enum class Kind : char {
  kExpression,  // shown by an expression
  kHidden,      // shown as NULL: a class that nobody defined, a mask that no longer fits
  kNone,        // NOT MASKED: somebody has looked at it
};

struct StoredMask {
  AttrNumber attno;
  Kind kind;
  Node* tree;        // kExpression: its Vars have varno 1 and this attno
  const char* text;  // the label
};

// The labels of the relation itself, without inheritance: List of StoredMask *, in the current
// memory context. A label without a usable expression counts as kHidden.
List* MasksOnRelation(Oid relid);

// Whether the database has labels of ours.
bool AnyLabels();

struct LabelledColumn {
  Oid relid;
  AttrNumber attno;
  const char* text;
};

// Every label of ours: List of LabelledColumn *, in the current memory context.
List* AllLabels();

// Keeps what a label came to. `kind` is jit.masks.kind; `mask_class` and `tree` may be null.
void StoreMask(Oid relid, AttrNumber attno, const char* kind, const char* mask_class, Node* tree);

// Forgets one column's, or with InvalidAttrNumber the whole relation's.
bool ForgetMasks(Oid relid, AttrNumber attno);

}  // namespace jit::mask
