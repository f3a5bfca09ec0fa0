// The mark that a range table entry bears when the substitution has dealt with it. It lies in a
// field that PostgreSQL does not use for tables, copies along through planning and onto partitions,
// and that no SQL can set.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// What an error of the statement could tell.
enum class Errors : char {
  kPass = '-',          // nothing: its expressions have seen masks only
  kMasksMayFail = 'm',  // a mask's own error may name the value that it was given
  kWrites = 'w',        // constraints and triggers see raw rows
  kWritesAndMasksMayFail = 'b',
};

inline bool Writes(Errors errors) {
  return errors == Errors::kWrites || errors == Errors::kWritesAndMasksMayFail;
}

inline bool MasksMayFail(Errors errors) {
  return errors == Errors::kMasksMayFail || errors == Errors::kWritesAndMasksMayFail;
}

struct Marker {
  Oid relid;          // whose masks were applied: the entry's relation, or an ancestor of it
  Oid role;           // for whom; InvalidOid: for the user who runs the statement
  Bitmapset* hidden;  // columns for which the mask stands, or which the statement does not read
  Bitmapset* raw;     // columns left raw because of an UNMASK grant
  Errors errors;
};

// Allocates in the current context.
void Mark(RangeTblEntry* rte, const Marker& marker);

// False where there is no mark. Allocates in the current context.
bool ReadMark(const RangeTblEntry* rte, Marker* marker);

// Cheap.
bool HasMark(const RangeTblEntry* rte);

// Of the mark only that; kPass where there is none. Cheap.
Errors ReadErrors(const RangeTblEntry* rte);

}  // namespace jit::mask
