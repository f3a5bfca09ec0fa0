#include "audit/joining.h"

#include "audit/ring_worker.h"

extern "C" {
#include "utils/hsearch.h"
}

namespace jit::audit {

namespace {

// A record of those that were copied, and the end of the statement that it begins, if that is among
// them as well.
struct Copied {
  Record record;
  const Copied* end;
  bool joined;  // to its begin
};

struct Begun {
  int64 statement_id;  // the key
  Copied* record;
};

struct Collector {
  List* records;  // Copied *
  HTAB* begun;    // Begun, by number
};

void Collect(void* arg, const char* bytes, Size size) {
  Collector* collector = static_cast<Collector*>(arg);
  Copied* copied = static_cast<Copied*>(palloc0(sizeof(Copied)));
  copied->record = Decode(bytes, size);
  collector->records = lappend(collector->records, copied);
  if (collector->begun == nullptr) return;
  int64 id = copied->record.statement_id;
  if (strcmp(copied->record.kind, kBegun) == 0) {
    static_cast<Begun*>(hash_search(collector->begun, &id, HASH_ENTER, nullptr))->record = copied;
  } else if (strcmp(copied->record.kind, kEnded) == 0) {
    Begun* begun = static_cast<Begun*>(hash_search(collector->begun, &id, HASH_FIND, nullptr));
    if (begun == nullptr) return;
    begun->record->end = copied;
    copied->joined = true;
  }
}

Record Joined(const Copied& begin) {
  Record record = begin.record;
  if (begin.end == nullptr) return record;
  const Record& end = begin.end->record;
  record.kind = kWhole;
  record.rows = end.rows;
  record.duration_ms = end.duration_ms;
  record.sqlstate = end.sqlstate;
  record.message = end.message;
  return record;
}

}  // namespace

void VisitJoined(const StringInfoData& copied, bool join, RecordWriter fn, void* arg) {
  Collector collector = {};
  if (join) {
    HASHCTL control = {};
    control.keysize = sizeof(int64);
    control.entrysize = sizeof(Begun);
    control.hcxt = CurrentMemoryContext;
    collector.begun = hash_create("jit_access audit statements", 1024, &control,
                                  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  }
  VisitRecords(copied, Collect, &collector);
  ListCell* lc;
  foreach (lc, collector.records) {
    const Copied* one = static_cast<const Copied*>(lfirst(lc));
    if (!one->joined) fn(arg, Joined(*one));
  }
}

}  // namespace jit::audit
