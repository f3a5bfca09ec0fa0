// serial columns: a JIT INSERT may use the default of its target column.

#pragma once

#include "pg/server.h"

namespace jit::enforce {

// In every INSERT, UPDATE and MERGE of the query, makes nextval() on a sequence that the target
// column itself owns a NextValueExpr, which is what identity columns use and which asks for no
// right on the sequence. Changes the query in place; returns whether it did.
bool UseOwnedSequences(Query* query);

}  // namespace jit::enforce
