#include "mask_functions/json_paths.h"

namespace jit::mask_functions {

namespace {

// A path, cut at its dots; what is still to be met of it.
struct Path {
  char** steps;
  int count;
};

bool IsAny(const Path* path) { return strcmp(path->steps[0], "*") == 0; }

bool Names(const Path* path, const char* key, size_t key_size) {
  const char* step = path->steps[0];
  return strlen(step) == key_size && memcmp(step, key, key_size) == 0;
}

void Follow(const Path* path, Coverage* below) {
  if (path->count == 1) {
    below->whole = true;
    return;
  }
  Path* rest = static_cast<Path*>(palloc(sizeof(Path)));
  *rest = {path->steps + 1, path->count - 1};
  below->paths = lappend(below->paths, rest);
}

}  // namespace

Coverage CoverageOf(ArrayType* array) {
  Coverage all = {NIL, false};
  Datum* values;
  bool* nulls;
  int count;
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
  for (int i = 0; i < count; i++) {
    if (nulls[i])
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a path is NULL"),
                      errhint("As in: jit_mask_json(profile, 'name', 'addresses.*.street')")));
    Path* path = static_cast<Path*>(palloc0(sizeof(Path)));
    char* steps = TextDatumGetCString(values[i]);
    path->steps = static_cast<char**>(palloc(sizeof(char*) * (strlen(steps) + 1)));
    for (char* step = steps;; step++) {
      char* end = strchr(step, '.');
      path->steps[path->count++] = step;
      if (end == nullptr) break;
      *end = '\0';
      step = end;
    }
    all.paths = lappend(all.paths, path);
  }
  all.whole = count == 0;
  return all;
}

Coverage CoverageOfMember(const Coverage& here, const char* key, size_t key_size) {
  Coverage below = {NIL, here.whole};
  ListCell* lc;
  foreach (lc, here.paths) {
    const Path* path = static_cast<const Path*>(lfirst(lc));
    if (IsAny(path) || Names(path, key, key_size)) Follow(path, &below);
  }
  return below;
}

Coverage CoverageOfElements(const Coverage& here) {
  Coverage below = {NIL, here.whole};
  ListCell* lc;
  foreach (lc, here.paths) {
    Path* path = static_cast<Path*>(lfirst(lc));
    if (IsAny(path))
      Follow(path, &below);
    else
      below.paths = lappend(below.paths, path);
  }
  return below;
}

}  // namespace jit::mask_functions
