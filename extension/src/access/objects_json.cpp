// The objects of a request, as they are kept in jit.requests.objects and become rows of jit.grants.

#include "access/grant_text.h"
#include "access/names.h"

extern "C" {
#include "access/sysattr.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
}

namespace jit::access {

namespace {

// Privileges of one object that share a column list; none: the whole object.
struct Group {
  PrivilegeMask mask;
  Bitmapset* columns;
};

List* GroupsOf(const Spec* spec, const Object* object) {
  List* groups = NIL;
  ListCell *lc, *col, *known;
  foreach (lc, spec->privileges) {
    const Privilege* privilege = static_cast<const Privilege*>(lfirst(lc));
    Bitmapset* columns = nullptr;
    if (!privilege->whole)
      foreach (col, privilege->columns)
        columns = bms_add_member(columns, ColumnNumber(object, static_cast<char*>(lfirst(col))));
    bool joined = false;
    foreach (known, groups) {
      Group* group = static_cast<Group*>(lfirst(known));
      if (!bms_equal(group->columns, columns)) continue;
      group->mask |= privilege->bit;
      joined = true;
      break;
    }
    if (joined) continue;
    Group* group = static_cast<Group*>(palloc(sizeof(Group)));
    *group = {privilege->bit, columns};
    groups = lappend(groups, group);
  }
  return groups;
}

void AppendGroup(StringInfo out, const Object* object, const Group* group) {
  appendStringInfo(out, "%s{\"schema_oid\":%u,\"schema_name\":", out->len > 1 ? "," : "",
                   object->schema_oid);
  escape_json(out, object->schema_name);
  appendStringInfo(out, ",\"relation_oid\":%u", object->relation_oid);
  if (object->relation_name != nullptr) {
    appendStringInfoString(out, ",\"relation_name\":");
    escape_json(out, object->relation_name);
    appendStringInfo(out, ",\"kind\":\"%c\"", object->relkind);
  }
  appendStringInfo(out, ",\"privilege_mask\":%u,\"privileges\":[", group->mask);
  const char* separator = "";
  for (const PrivilegeName& p : kPrivilegeNames) {
    if ((group->mask & p.bit) == 0) continue;
    appendStringInfo(out, "%s\"%s\"", separator, p.name);
    separator = ",";
  }
  appendStringInfoChar(out, ']');
  if (group->columns != nullptr) {
    appendStringInfoString(out, ",\"columns\":[");
    separator = "";
    int col = -1;
    while ((col = bms_next_member(group->columns, col)) >= 0) {
      appendStringInfoString(out, separator);
      escape_json(out, get_attname(object->relation_oid, static_cast<AttrNumber>(col), false));
      separator = ",";
    }
    appendStringInfoString(out, "],\"column_numbers\":[");
    separator = "";
    col = -1;
    while ((col = bms_next_member(group->columns, col)) >= 0) {
      appendStringInfo(out, "%s%d", separator, col);
      separator = ",";
    }
    appendStringInfoChar(out, ']');
  }
  appendStringInfoChar(out, '}');
}

}  // namespace

Datum SpecsAsJsonb(List* specs) {
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoChar(&out, '[');
  ListCell *lc, *of, *group;
  foreach (lc, specs) {
    const Spec* spec = static_cast<const Spec*>(lfirst(lc));
    foreach (of, spec->objects) {
      const Object* object = static_cast<const Object*>(lfirst(of));
      foreach (group, GroupsOf(spec, object))
        AppendGroup(&out, object, static_cast<const Group*>(lfirst(group)));
    }
  }
  appendStringInfoChar(&out, ']');
  return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

}  // namespace jit::access
