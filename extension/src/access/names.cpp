#include "access/names.h"

#include "access/nearest.h"

extern "C" {
#include "access/transam.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/dbcommands.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
}

namespace jit::access {

namespace {

// The extension's own schema; its script makes it, under this name.
constexpr const char* kOwnSchema = "jit";

void CheckSchema(const Source& source, Oid schema, const char* name, int location) {
  if (strcmp(name, kOwnSchema) == 0)
    ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
                    errmsg("what jit_access keeps for itself cannot be asked for"),
                    errhint("jit.my_requests and the other views show what concerns you."),
                    PointAt(source, location)));
  if (isAnyTempNamespace(schema))
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_GRANT_OPERATION),
             errmsg("access to temporary tables cannot be asked for"),
             errhint("They belong to the session that made them."), PointAt(source, location)));
  if (IsCatalogNamespace(schema) || IsToastNamespace(schema) ||
      strcmp(name, "information_schema") == 0)
    ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
                    errmsg("access to schema \"%s\" cannot be asked for", name),
                    errhint("System catalogs are outside just-in-time access."),
                    PointAt(source, location)));
  if (pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
    ereport(
        ERROR,
        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for schema %s", name),
         errhint("USAGE on a schema shows names, no data, and is granted natively: GRANT USAGE ON "
                 "SCHEMA %s TO %s;",
                 QuoteName(name), QuoteName(GetUserNameFromId(GetUserId(), false))),
         PointAt(source, location)));
}

Oid SchemaOid(const Source& source, const char* name, int location) {
  Oid schema = get_namespace_oid(name, true);
  if (!OidIsValid(schema))
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("schema \"%s\" does not exist", name),
             errhint("Nothing was asked for: check the spelling."), PointAt(source, location)));
  return schema;
}

// What the relation is, where that is nothing a grant can be on.
void CheckKind(const Source& source, const RangeVar* name, char relkind) {
  const char* is = nullptr;
  const char* hint = "Ask for the tables and views that hold the data.";
  switch (relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_VIEW:
    case RELKIND_MATVIEW:
      return;
    case RELKIND_FOREIGN_TABLE:
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("access to foreign table \"%s\" is not supported", name->relname),
                      errhint("Ask on the server that holds the data, or for a local view of it."),
                      PointAt(source, name->location)));
      break;
    case RELKIND_SEQUENCE:
      is = "a sequence";
      hint = "INSERT on a table covers the sequence of its serial and identity columns.";
      break;
    case RELKIND_INDEX:
    case RELKIND_PARTITIONED_INDEX:
      is = "an index";
      hint = "Ask for the table.";
      break;
    case RELKIND_COMPOSITE_TYPE:
      is = "a composite type";
      break;
    default:
      is = "not a table or view";
  }
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is %s", name->relname, is),
                  errhint("%s", hint), PointAt(source, name->location)));
}

}  // namespace

const char* NameOf(PrivilegeMask bit) {
  for (const PrivilegeName& p : kPrivilegeNames)
    if (p.bit == bit) return p.name;
  return "?";
}

const char* KindOf(ObjectType type) {
  switch (type) {
    case OBJECT_SEQUENCE:
      return "sequences";
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE:
      return "functions and procedures";
    case OBJECT_SCHEMA:
      return "schemas";
    case OBJECT_DATABASE:
      return "databases";
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
      return "types";
    case OBJECT_LANGUAGE:
      return "languages";
    case OBJECT_LARGEOBJECT:
      return "large objects";
    case OBJECT_TABLESPACE:
      return "tablespaces";
    case OBJECT_FDW:
    case OBJECT_FOREIGN_SERVER:
      return "foreign servers";
    case OBJECT_PARAMETER_ACL:
      return "parameters";
    default:
      return "objects of this kind";
  }
}

const char* QuoteName(const char* name) {
  bool setting = quote_all_identifiers;
  quote_all_identifiers = false;
  const char* quoted = quote_identifier(name);
  quote_all_identifiers = setting;
  return quoted;
}

Object* ResolveRelation(const Source& source, const RangeVar* name) {
  if (name->catalogname != nullptr &&
      strcmp(name->catalogname, get_database_name(MyDatabaseId)) != 0)
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("database \"%s\" is not the one you are connected to", name->catalogname),
             errhint("Connect to it and ask there: each database has its own requests."),
             PointAt(source, name->location)));
  if (name->schemaname == nullptr && source.qualified)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("relation \"%s\" is not qualified with its schema", name->relname),
                    errhint("Who asks for somebody else names the schema: neither's search_path "
                            "decides."),
                    PointAt(source, name->location)));
  if (name->schemaname != nullptr && strcmp(name->schemaname, "pg_temp") != 0)
    CheckSchema(source, SchemaOid(source, name->schemaname, name->location), name->schemaname,
                name->location);
  // No lock: the request names the relation by OID, and is checked again before it becomes a grant.
  Oid relation = RangeVarGetRelidExtended(name, NoLock, RVR_MISSING_OK, nullptr, nullptr);
  Oid schema = OidIsValid(relation) ? get_rel_namespace(relation) : InvalidOid;
  const char* schema_name = OidIsValid(schema) ? get_namespace_name(schema) : nullptr;
  if (schema_name == nullptr) {
    const char* nearest = NearestRelation(name);
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE),
             name->schemaname == nullptr
                 ? errmsg("relation \"%s\" does not exist", name->relname)
                 : errmsg("relation \"%s.%s\" does not exist", name->schemaname, name->relname),
             nearest != nullptr ? errhint("Nothing was asked for. Perhaps you meant %s.", nearest)
             : name->schemaname == nullptr
                 ? errhint("Nothing was asked for: check the spelling, or name the schema.")
                 : errhint("Nothing was asked for: check the spelling."),
             PointAt(source, name->location)));
  }
  CheckSchema(source, schema, schema_name, name->location);
  char relkind = get_rel_relkind(relation);
  CheckKind(source, name, relkind);
  if (relation < FirstNormalObjectId)
    ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
                    errmsg("access to system relation \"%s\" cannot be asked for", name->relname),
                    errhint("System catalogs are outside just-in-time access."),
                    PointAt(source, name->location)));
  Object* object = static_cast<Object*>(palloc(sizeof(Object)));
  *object = {schema, schema_name, relation, get_rel_name(relation), relkind};
  return object;
}

Object* ResolveSchema(const Source& source, const char* name) {
  Oid schema = SchemaOid(source, name, -1);
  CheckSchema(source, schema, name, -1);
  Object* object = static_cast<Object*>(palloc(sizeof(Object)));
  *object = {schema, pstrdup(name), InvalidOid, nullptr, '\0'};
  return object;
}

AttrNumber ColumnNumber(const Object* object, const char* column) {
  AttrNumber number = get_attnum(object->relation_oid, column);
  if (number == InvalidAttrNumber) {
    const char* nearest = NearestColumn(object->relation_oid, column);
    ereport(
        ERROR,
        (errcode(ERRCODE_UNDEFINED_COLUMN),
         errmsg("column \"%s\" of relation \"%s\" does not exist", column, object->relation_name),
         nearest != nullptr ? errhint("Nothing was asked for. Perhaps you meant %s.", nearest)
                            : errhint("Nothing was asked for: check the spelling.")));
  }
  if (number < 0)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_GRANT_OPERATION),
             errmsg("system column \"%s\" cannot be asked for by name", column),
             errhint("SELECT on the whole relation \"%s\" covers it.", object->relation_name)));
  return number;
}

void CheckColumns(const Object* object, List* columns) {
  if (!OidIsValid(object->relation_oid))
    ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
                    errmsg("a whole schema takes no column list"),
                    errhint("Name the tables whose columns are needed.")));
  ListCell* lc;
  foreach (lc, columns) ColumnNumber(object, static_cast<char*>(lfirst(lc)));
}

}  // namespace jit::access
