// The wording of labels, PostgreSQL Anonymizer's included.

#pragma once

#include "pg/server.h"

namespace jit::mask {

enum class Form { kFunction, kValue, kClass, kNotMasked };

struct Label {
  Form form;
  const char* rest;  // the expression, the constant, or the class in lower case
};

// Raises 42601, with a HINT, for what is none of the forms. Allocates in the current context.
Label ReadLabel(const char* text);

}  // namespace jit::mask
