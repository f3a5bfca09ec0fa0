// Schemas, tables and columns as the user may see them: names, masks, and what is granted.
#include <fmt/format.h>

#include "api/api.h"
#include "api/fields.h"
#include "core/json_text.h"

namespace jit::api {
namespace {

// Relations in schemas that the user may look into. Of catalogs and of what jit_access keeps for
// itself there is nothing to ask for.
constexpr std::string_view kRelations = R"sql(
relation AS (
  SELECT c.oid, n.nspname, c.relname, c.reltuples,
         CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                        WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END AS kind,
         format('%I.%I', n.nspname, c.relname) AS name, format('%I.*', n.nspname) AS of_schema
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('information_schema', 'jit') AND n.nspname !~ '^pg_'
    AND has_schema_privilege(n.oid, 'USAGE')
),
mine AS MATERIALIZED (
  SELECT g.* FROM jit.active_grants g WHERE g.grantee = session_user
)
)sql";

constexpr std::string_view kSchemas = R"sql(
SELECT n.nspname AS name, obj_description(n.oid, 'pg_namespace') AS comment,
       (SELECT count(*) FROM relation r WHERE r.nspname = n.nspname) AS tables,
       ARRAY(SELECT DISTINCT p.privilege FROM mine g CROSS JOIN unnest(g.privileges) AS p (privilege)
             WHERE starts_with(g.relation, format('%I.', n.nspname)) ORDER BY p.privilege) AS granted
FROM pg_catalog.pg_namespace n
WHERE n.nspname NOT IN ('information_schema', 'jit') AND n.nspname !~ '^pg_'
  AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY n.nspname
)sql";

// Shared by the list and the one.
constexpr std::string_view kTableColumns = R"sql(
r.nspname AS schema, r.relname AS name, r.kind, obj_description(r.oid, 'pg_class') AS comment,
CASE WHEN r.reltuples >= 0 THEN r.reltuples::bigint END AS estimated_rows,
(SELECT count(*) FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
(SELECT count(*) FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
   AND jit.mask_of(a.attrelid, a.attnum) IS NOT NULL) AS masked_columns,
(SELECT coalesce(jsonb_agg(jsonb_build_object('privileges', g.privileges, 'columns', g.columns, 'request_id', g.request_id,
                    'expires_at', to_char(g.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                  ORDER BY g.expires_at, g.request_id), '[]')
 FROM mine g WHERE g.relation IN (r.name, r.of_schema)) AS granted
)sql";

constexpr std::string_view kColumns = R"sql(
SELECT a.attname AS name, a.attnum AS position, format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull AS not_null, pg_get_expr(d.adbin, d.adrelid) AS "default",
       col_description(a.attrelid, a.attnum) AS comment,
       coalesce(jit.is_masked_for(a.attrelid, a.attnum, m.oid), false) AS masked,
       jit.mask_of(a.attrelid, a.attnum) AS mask,
       ARRAY(SELECT p.privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'UNMASK']) WITH ORDINALITY AS p (privilege, n)
             WHERE CASE WHEN p.privilege <> 'UNMASK'
                        THEN has_column_privilege(a.attrelid, a.attnum, p.privilege) ELSE false END
                OR EXISTS (SELECT FROM mine g
                           WHERE g.relation IN (r.name, r.of_schema) AND p.privilege = ANY (g.privileges)
                             AND (g.columns IS NULL OR a.attname = ANY (g.columns)))
             ORDER BY p.n) AS privileges
FROM relation r
JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
CROSS JOIN (SELECT u.oid FROM pg_catalog.pg_roles u WHERE u.rolname = session_user) m
WHERE r.nspname = $1 AND r.relname = $2
ORDER BY a.attnum
)sql";

constexpr std::string_view kKeys = R"sql(
SELECT k.contype AS kind, k.conname AS name,
       ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY AS c (number, n)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number ORDER BY c.n) AS columns,
       CASE WHEN f.oid IS NOT NULL THEN format('%I.%I', fn.nspname, f.relname) END AS "references",
       ARRAY(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY AS c (number, n)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.number ORDER BY c.n)
         AS referenced_columns
FROM relation r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('p', 'f')
LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
WHERE r.nspname = $1 AND r.relname = $2
ORDER BY k.conname
)sql";

constexpr std::string_view kIndexes = R"sql(
SELECT i.relname AS name, pg_get_indexdef(i.oid) AS definition
FROM relation r JOIN pg_catalog.pg_index x ON x.indrelid = r.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
WHERE r.nspname = $1 AND r.relname = $2
ORDER BY i.relname
)sql";

std::string With(std::string_view more) { return fmt::format("WITH {} {}", kRelations, more); }

Json OrNull(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }
Json OrNull(std::optional<std::int64_t> number) { return number ? Json(*number) : Json(nullptr); }
Json ListOf(const pg::Result& found, int row, const char* column) {
  return Json(found.List(row, column).value_or(std::vector<std::string>{}));
}

Json TableJson(const pg::Result& found, int row) {
  return {{"schema", found.TextOr(row, "schema")},
          {"name", found.TextOr(row, "name")},
          {"kind", found.TextOr(row, "kind")},
          {"comment", OrNull(found.Text(row, "comment"))},
          {"estimated_rows", OrNull(found.Integer(row, "estimated_rows"))},
          {"columns", OrNull(found.Integer(row, "columns"))},
          {"masked_columns", OrNull(found.Integer(row, "masked_columns"))},
          {"granted", core::ParseJson(found.TextOr(row, "granted", "[]"))}};
}

Task<Answer> ListSchemas(Call& call) {
  QueryFields(call.request()).Finish();
  const pg::Result found = co_await call.session->Query(With(kSchemas));
  Json list = Json::array();
  for (int row = 0; row < found.rows(); ++row) {
    list.push_back({{"name", found.TextOr(row, "name")},
                    {"comment", OrNull(found.Text(row, "comment"))},
                    {"tables", OrNull(found.Integer(row, "tables"))},
                    {"granted", ListOf(found, row, "granted")}});
  }
  co_return JsonResponse({{"schemas", std::move(list)}});
}

Task<Answer> ListTables(Call& call) {
  QueryFields query(call.request());
  const auto schema = query.Text("schema");
  const auto search = query.Text("search");
  const std::int64_t limit = query.Integer("limit", 1, 500).value_or(100);
  std::optional<std::string> after_schema;
  std::optional<std::string> after_name;
  if (const auto cursor = query.Text("cursor")) {
    const Json place = ReadCursor(*cursor);
    if (place.size() != 2 || !place[0].is_string() || !place[1].is_string())
      throw Failure(InvalidField("cursor", "\"cursor\" is not of this list"));
    after_schema = place[0].get<std::string>();
    after_name = place[1].get<std::string>();
  }
  query.Finish();
  const std::string sql = With(fmt::format(R"sql(
SELECT {} FROM relation r
WHERE ($1::text IS NULL OR r.nspname = $1)
  AND ($2::text IS NULL OR position(lower($2) IN lower(r.nspname || '.' || r.relname)) > 0)
  AND ($3::text IS NULL OR (r.nspname, r.relname) > ($3::name, $4::name))
ORDER BY r.nspname, r.relname LIMIT $5::bigint
)sql",
                                           kTableColumns));
  const pg::Result found = co_await call.session->Query(
      sql, pg::With(schema, search, after_schema, after_name, fmt::to_string(limit + 1)));
  Json list = Json::array();
  for (int row = 0; row < found.rows() && row < limit; ++row) list.push_back(TableJson(found, row));
  Json next = nullptr;
  if (found.rows() > limit)
    next = MakeCursor(Json::array({list.back()["schema"], list.back()["name"]}));
  co_return JsonResponse({{"tables", std::move(list)}, {"next_cursor", next}});
}

// None while somebody rewrites it: nobody waits for that.
Task<std::optional<std::int64_t>> SizeOf(pg::Connection& connection, std::string schema,
                                         std::string name) {
  std::optional<std::int64_t> size;
  std::optional<pg::Error> failure;
  co_await connection.Execute("SET lock_timeout = '200ms'");
  try {
    const pg::Result found = co_await connection.Execute(
        With("SELECT pg_total_relation_size(r.oid) AS size_bytes FROM relation r"
             " WHERE r.nspname = $1 AND r.relname = $2"),
        pg::With(schema, name));
    if (!found.empty()) size = found.Integer(0, "size_bytes");
  } catch (const pg::Error& error) {
    failure = error;
  }
  if (failure && failure->connection_lost()) throw *failure;
  co_await connection.Execute("SET lock_timeout = 0");
  if (failure && failure->sqlstate() != "55P03") throw *failure;
  co_return size;
}

Task<std::optional<Json>> ReadTable(pg::Connection& connection, std::string schema,
                                    std::string name) {
  const pg::Result table =
      co_await connection.Execute(With(fmt::format("SELECT {} FROM relation r"
                                                   " WHERE r.nspname = $1 AND r.relname = $2",
                                                   kTableColumns)),
                                  pg::With(schema, name));
  if (table.empty()) co_return std::nullopt;
  const pg::Result columns = co_await connection.Execute(With(kColumns), pg::With(schema, name));
  const pg::Result keys = co_await connection.Execute(With(kKeys), pg::With(schema, name));
  const pg::Result indexes = co_await connection.Execute(With(kIndexes), pg::With(schema, name));

  Json out = TableJson(table, 0);
  out.erase("masked_columns");
  const std::optional<std::int64_t> size = co_await SizeOf(connection, schema, name);
  out["size_bytes"] = OrNull(size);
  Json list = Json::array();
  for (int row = 0; row < columns.rows(); ++row) {
    list.push_back({{"name", columns.TextOr(row, "name")},
                    {"position", OrNull(columns.Integer(row, "position"))},
                    {"type", columns.TextOr(row, "type")},
                    {"not_null", columns.Bool(row, "not_null")},
                    {"default", OrNull(columns.Text(row, "default"))},
                    {"comment", OrNull(columns.Text(row, "comment"))},
                    {"masked", columns.Bool(row, "masked")},
                    {"mask", OrNull(columns.Text(row, "mask"))},
                    {"privileges", ListOf(columns, row, "privileges")}});
  }
  out["columns"] = std::move(list);
  out["primary_key"] = Json::array();
  out["foreign_keys"] = Json::array();
  for (int row = 0; row < keys.rows(); ++row) {
    if (keys.TextOr(row, "kind") == "p") {
      out["primary_key"] = ListOf(keys, row, "columns");
    } else {
      out["foreign_keys"].push_back(
          {{"name", keys.TextOr(row, "name")},
           {"columns", ListOf(keys, row, "columns")},
           {"references", keys.TextOr(row, "references")},
           {"referenced_columns", ListOf(keys, row, "referenced_columns")}});
    }
  }
  out["indexes"] = Json::array();
  for (int row = 0; row < indexes.rows(); ++row) {
    out["indexes"].push_back(
        {{"name", indexes.TextOr(row, "name")}, {"definition", indexes.TextOr(row, "definition")}});
  }
  co_return out;
}

Task<Answer> ShowTable(Call& call) {
  QueryFields(call.request()).Finish();
  const std::string schema = call.path.at("schema");
  const std::string name = call.path.at("name");
  const std::function<Task<std::optional<Json>>(pg::Connection&)> read = [&](pg::Connection& c) {
    return ReadTable(c, schema, name);
  };
  const auto table = co_await call.session->Run<std::optional<Json>>(read);
  if (!table) {
    throw Failure(NotFound("there is no such table, or you have no USAGE on its schema"));
  }
  co_return JsonResponse(*table);
}

}  // namespace

void AddCatalogueRoutes(http::Router<Route>& router) {
  router.Add("GET", "/api/v1/catalogue/schemas", {"list_schemas", Scope::kRead, ListSchemas});
  router.Add("GET", "/api/v1/catalogue/tables", {"list_tables", Scope::kRead, ListTables});
  router.Add("GET", "/api/v1/catalogue/tables/{schema}/{name}",
             {"describe_table", Scope::kRead, ShowTable});
}

}  // namespace jit::api
