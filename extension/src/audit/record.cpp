#include "audit/record.h"

namespace jit::audit {

namespace {

// The record's fixed part. In the ring for the time of a server's life only: layout is free.
struct Fixed {
  TimestampTz at;
  int64 statement_id;
  int64 parent_id;
  int64 transaction_id;
  int64 statement_length;
  int64 query_id;
  int64 rows;
  double duration_ms;
  TimestampTz session_start;
  int client_port;
  int pid;
  int request_count;
  bool has_sha256;
};

void PutText(StringInfo out, const char* text) {
  int32 size = text != nullptr ? static_cast<int32>(strlen(text)) : -1;
  appendBinaryStringInfo(out, reinterpret_cast<const char*>(&size), sizeof size);
  if (text != nullptr) appendBinaryStringInfo(out, text, size + 1);
}

void PutTexts(StringInfo out, const List* texts) {
  int32 count = list_length(texts);
  appendBinaryStringInfo(out, reinterpret_cast<const char*>(&count), sizeof count);
  ListCell* lc;
  foreach (lc, texts) PutText(out, static_cast<const char*>(lfirst(lc)));
}

class Reader {
 public:
  Reader(const char* bytes, Size size) : at_(bytes), end_(bytes + size) {}

  void Bytes(void* into, Size size) { memcpy(into, Take(size), size); }

  const char* Take(Size size) {
    if (static_cast<Size>(end_ - at_) < size) elog(ERROR, "an audit record is cut short");
    const char* here = at_;
    at_ += size;
    return here;
  }

  const char* Text() {
    int32 size;
    Bytes(&size, sizeof size);
    return size < 0 ? nullptr : Take(static_cast<Size>(size) + 1);
  }

  List* Texts() {
    int32 count;
    Bytes(&count, sizeof count);
    List* texts = NIL;
    for (int32 i = 0; i < count; i++) texts = lappend(texts, const_cast<char*>(Text()));
    return texts;
  }

 private:
  const char* at_;
  const char* end_;
};

// The texts, in the order in which they are stored.
template <typename R, typename Fn>
void ForEachText(R& record, Fn fn) {
  fn(record.kind);
  fn(record.session_user);
  fn(record.current_user);
  fn(record.authenticated_user);
  fn(record.command);
  fn(record.statement);
  fn(record.sqlstate);
  fn(record.message);
  fn(record.detail);
  fn(record.client_addr);
  fn(record.application_name);
}

}  // namespace

void Encode(StringInfo out, const Record& record) {
  Fixed fixed = {};
  fixed.at = record.at;
  fixed.statement_id = record.statement_id;
  fixed.parent_id = record.parent_id;
  fixed.transaction_id = record.transaction_id;
  fixed.statement_length = record.statement_length;
  fixed.query_id = record.query_id;
  fixed.rows = record.rows;
  fixed.duration_ms = record.duration_ms;
  fixed.session_start = record.session_start;
  fixed.client_port = record.client_port;
  fixed.pid = record.pid;
  fixed.request_count = record.request_count;
  fixed.has_sha256 = record.statement_sha256 != nullptr;
  appendBinaryStringInfo(out, reinterpret_cast<const char*>(&fixed), sizeof fixed);
  if (fixed.has_sha256)
    appendBinaryStringInfo(out, reinterpret_cast<const char*>(record.statement_sha256),
                           kSha256Size);
  ForEachText(record, [&](const char* text) { PutText(out, text); });
  PutTexts(out, record.parameters);
  PutTexts(out, record.relations);
  PutTexts(out, record.raw_columns);
  appendBinaryStringInfo(out, reinterpret_cast<const char*>(record.request_ids),
                         static_cast<int>(sizeof(int64)) * record.request_count);
}

Record Decode(const char* bytes, Size size) {
  Reader in(bytes, size);
  Fixed fixed;
  in.Bytes(&fixed, sizeof fixed);
  Record record;
  record.at = fixed.at;
  record.statement_id = fixed.statement_id;
  record.parent_id = fixed.parent_id;
  record.transaction_id = fixed.transaction_id;
  record.statement_length = fixed.statement_length;
  record.query_id = fixed.query_id;
  record.rows = fixed.rows;
  record.duration_ms = fixed.duration_ms;
  record.session_start = fixed.session_start;
  record.client_port = fixed.client_port;
  record.pid = fixed.pid;
  record.request_count = fixed.request_count;
  if (fixed.has_sha256)
    record.statement_sha256 = reinterpret_cast<const uint8*>(in.Take(kSha256Size));
  ForEachText(record, [&](const char*& text) { text = in.Text(); });
  record.parameters = in.Texts();
  record.relations = in.Texts();
  record.raw_columns = in.Texts();
  if (fixed.request_count > 0) {
    // Copied: the numbers do not stand aligned behind the texts.
    int64* ids = static_cast<int64*>(palloc(sizeof(int64) * fixed.request_count));
    in.Bytes(ids, sizeof(int64) * fixed.request_count);
    record.request_ids = ids;
  }
  return record;
}

}  // namespace jit::audit
