// Objects that a user for whom a table is masked could make to read it behind the masks: triggers,
// which see raw rows, and foreign keys, which tell whether a value exists.

#pragma once

namespace jit::mask {

// Takes the object-access hook. Once, from _PG_init.
void InitSideDoors();

}  // namespace jit::mask
