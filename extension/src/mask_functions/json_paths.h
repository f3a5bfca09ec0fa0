// The paths of jit_mask_json: which parts of a document they name.

#pragma once

#include "pg/server.h"

extern "C" {
#include "utils/array.h"
}

namespace jit::mask_functions {

// What is to be masked below a place in a document. Where a path leads on, a scalar is masked: it
// stands where the path's author expected more, and nobody has looked at it.
struct Coverage {
  List* paths;  // those that lead on
  bool whole;   // everything here

  bool masks_scalars() const { return whole || paths != NIL; }
};

// Of a whole document: all of it where there are no paths. Raises 22004 for a NULL.
Coverage CoverageOf(ArrayType* paths);

// Of a member.
Coverage CoverageOfMember(const Coverage& here, const char* key, size_t key_size);

// Of an array's elements, which have no names: a * names them all, other steps go through them.
Coverage CoverageOfElements(const Coverage& here);

}  // namespace jit::mask_functions
