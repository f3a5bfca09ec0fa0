// Checks of the masks' arguments.

#pragma once

#include "pg/server.h"

namespace jit::mask_functions {

// The number; raises 22023 for a negative one. `of` names what is counted.
inline size_t NotNegative(int32 number, const char* of) {
  if (number < 0)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("number of %s of a mask must not be negative", of),
                    errhint("Write 0 for none.")));
  return static_cast<size_t>(number);
}

}  // namespace jit::mask_functions
