#include "mask/marker.h"

extern "C" {
#include "lib/stringinfo.h"
}

namespace jit::mask {

namespace {

constexpr const char* kPrefix = "jit_access ";

void AppendColumns(StringInfo out, const Bitmapset* columns) {
  int member = -1;
  while ((member = bms_next_member(columns, member)) >= 0) appendStringInfo(out, "%d,", member);
  appendStringInfoChar(out, ';');
}

// Moves on behind the terminator.
uint32 ReadNumber(const char** at) {
  char* end = nullptr;
  uint32 number = static_cast<uint32>(strtoul(*at, &end, 10));
  *at = *end != '\0' ? end + 1 : end;
  return number;
}

Bitmapset* ReadColumns(const char** at) {
  Bitmapset* columns = nullptr;
  while (**at != ';' && **at != '\0')
    columns = bms_add_member(columns, static_cast<int>(ReadNumber(at)));
  if (**at == ';') ++*at;
  return columns;
}

}  // namespace

void Mark(RangeTblEntry* rte, const Marker& marker) {
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfo(&out, "%s%c%u;%u;", kPrefix, static_cast<char>(marker.errors), marker.relid,
                   marker.role);
  AppendColumns(&out, marker.hidden);
  AppendColumns(&out, marker.raw);
  rte->enrname = out.data;
}

namespace {

const char* FindMark(const RangeTblEntry* rte) {
  if (rte->enrname == nullptr || strncmp(rte->enrname, kPrefix, strlen(kPrefix)) != 0)
    return nullptr;
  return rte->enrname + strlen(kPrefix);
}

}  // namespace

bool HasMark(const RangeTblEntry* rte) { return FindMark(rte) != nullptr; }

bool ReadMark(const RangeTblEntry* rte, Marker* marker) {
  const char* at = FindMark(rte);
  if (at == nullptr) return false;
  marker->errors = static_cast<Errors>(*at++);
  marker->relid = ReadNumber(&at);
  marker->role = ReadNumber(&at);
  marker->hidden = ReadColumns(&at);
  marker->raw = ReadColumns(&at);
  return true;
}

Errors ReadErrors(const RangeTblEntry* rte) {
  const char* at = FindMark(rte);
  return at != nullptr ? static_cast<Errors>(*at) : Errors::kPass;
}

}  // namespace jit::mask
