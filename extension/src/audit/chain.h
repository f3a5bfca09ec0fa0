// The chain: the hash of each row covers the row and the hash of the one before.

#pragma once

#include "audit/record.h"

extern "C" {
#include "access/tupdesc.h"
}

namespace jit::audit {

// The columns of jit.audit_log.
enum Column : AttrNumber {
  kSeq = 1,
  kAt,
  kKind,
  kSessionUserName,
  kCurrentUserName,
  kAuthenticatedUserName,
  kRequestIds,
  kStatementId,
  kParentId,
  kTransactionId,
  kCommand,
  kStatement,
  kStatementLength,
  kStatementSha256,
  kParameters,
  kQueryId,
  kRelations,
  kRawColumns,
  kRows,
  kDurationMs,
  kSqlstate,
  kMessage,
  kDetail,
  kClientAddr,
  kClientPort,
  kApplicationName,
  kDatabaseName,
  kPid,
  kSessionStart,
  kPrevHash,
  kHash,
  kColumnCount = kHash
};

// SHA-256 over `previous` (32 bytes) and, for each column before prev_hash, its length in bytes
// (-1: NULL) as a big-endian 32-bit integer and its bytes: integers and timestamps (microseconds
// since 2000-01-01 UTC) big-endian, floats as IEEE 754 big-endian, texts in the server's encoding,
// jsonb as its text, inet as stored, arrays as the number of elements, size and lower bound of
// each dimension, and each element as a column.
// Independent of all settings. Writes 32 bytes to `hash`.
void HashRow(TupleDesc desc, const Datum* values, const bool* nulls, const uint8* previous,
             uint8* hash);

}  // namespace jit::audit
