// What the audit log holds of one event, and its form on the way through the ring.

#pragma once

#include "pg/server.h"

extern "C" {
#include "lib/stringinfo.h"
}

namespace jit::audit {

// The kinds of records that this library writes itself; events of requests bring theirs along.
inline constexpr const char kBegun[] = "statement_begun";
inline constexpr const char kWhole[] = "statement";  // begin and end in one
inline constexpr const char kEnded[] = "statement_ended";
inline constexpr const char kCancelled[] = "statement_cancelled";
inline constexpr const char kRefused[] = "statement_refused";
inline constexpr const char kCommitted[] = "transaction_committed";
inline constexpr const char kRolledBack[] = "transaction_rolled_back";
inline constexpr const char kPrepared[] = "transaction_prepared";
inline constexpr const char kEventsUndone[] = "events_rolled_back";

// Texts are in the server's encoding; what is null, zero or negative below is NULL in the log,
// but for `rows`, which may be zero. Borrows what it points to.
struct Record {
  TimestampTz at = 0;
  const char* kind = nullptr;
  const char* session_user = nullptr;
  const char* current_user = nullptr;
  const char* authenticated_user = nullptr;
  int request_count = 0;
  const int64* request_ids = nullptr;
  int64 statement_id = 0;
  int64 parent_id = 0;
  int64 transaction_id = 0;
  const char* command = nullptr;
  const char* statement = nullptr;
  int64 statement_length = 0;               // in bytes, of the whole
  const uint8* statement_sha256 = nullptr;  // 32 bytes; of the whole, where it was cut
  List* parameters = NIL;                   // char *; null for SQL's NULL
  int64 query_id = 0;
  List* relations = NIL;    // char *
  List* raw_columns = NIL;  // char *
  int64 rows = -1;
  double duration_ms = -1;
  const char* sqlstate = nullptr;
  const char* message = nullptr;
  const char* detail = nullptr;  // JSON
  const char* client_addr = nullptr;
  int client_port = 0;
  const char* application_name = nullptr;
  int pid = 0;
  TimestampTz session_start = 0;
};

inline constexpr int kSha256Size = 32;

// Appends the record's bytes.
void Encode(StringInfo out, const Record& record);

// The record of bytes that Encode made; points into them. Allocates lists in the current context.
Record Decode(const char* bytes, Size size);

// As one JSON object on one line, for the server's log. In the current context.
char* RenderJson(const Record& record, const char* database);

}  // namespace jit::audit
