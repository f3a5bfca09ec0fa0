// The statements of this backend that have begun and not ended, and the transaction that they run
// in: what their last records will say.

#pragma once

#include "audit/ring.h"
#include "audit/statements.h"

namespace jit::audit {

// In the statement's own memory, or on the stack of a utility statement.
struct OpenStatement {
  OpenStatement* next;
  const QueryDesc* desc;  // null for utility statements
  int64 id;
  int64 transaction_id;
  Place place;
  bool binding;    // it runs only if it is recorded, and durably so where the settings ask for that
  bool durable;    // its begin is
  bool finished;   // it ran to its end
  bool cancelled;  // by the end of a grant
  bool blanked;    // its text is not all there, nor are its errors
  int64 rows;
  double duration_ms;  // of what has run; a cursor's pauses do not count
  TimestampTz running_since;
  char sqlstate[6];
  char message[256];
  NameData session_user;
  int request_count;
  int64 request_ids[kMostRequests];
};

void Open(OpenStatement* open);
// Enters the record of its end. Neither waits nor raises.
void Close(OpenStatement* open);
OpenStatement* FindOpen(const QueryDesc* desc);

// The statement that runs now, innermost; 0: none.
int64 RunningStatement();
// Marks the statement as the one that runs.
void EnterStatement(OpenStatement* open);
// Marks `outer` as the one that runs again. False where the statement was not entered.
bool LeaveStatement(OpenStatement* open, int64 outer);

// The number of the transaction: that of its first statement, which `id` may be.
int64 TransactionNumber(int64 id);
// Whether room is kept for the record of the transaction's end, which one that writes has.
bool TransactionPromised();
void PromiseTransaction(const Place& place, const NameData& session_user);
// At its end: enters the record of it, if there is to be one.
void EndTransaction(const char* kind);

}  // namespace jit::audit
