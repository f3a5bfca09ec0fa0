// What would come of a request: the policies' answer before it is made.
#pragma once

#include "core/table.h"
#include "pg/result.h"

namespace jit::api {

// Parameters: access, statement, requester.
extern const char* const kPreview;

// Of kPreview's one row.
core::Json PreviewJson(const pg::Result& found);

}  // namespace jit::api
