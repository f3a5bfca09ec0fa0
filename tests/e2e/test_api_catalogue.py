"""The catalogue shows names to whom PostgreSQL shows them, with what is masked and what is granted to the caller; values never."""

import pytest
from support.api import segment
from support.masks import MASKED_SQL


@pytest.fixture
def alice(portal):
    return portal.login("alice")


def table(caller, schema, name):
    return caller.get(f"/catalogue/tables/{segment(schema)}/{segment(name)}")


def test_schemas_are_those_whose_names_one_may_use(shop, alice):
    shop.dba("CREATE SCHEMA hidden; CREATE TABLE hidden.secret (x int); COMMENT ON SCHEMA sales IS 'what we sell'")
    schemas = {s["name"]: s for s in alice.get("/catalogue/schemas").ok()["schemas"]}
    assert schemas["sales"]["comment"] == "what we sell" and schemas["sales"]["tables"] >= 15
    assert not {"hidden", "jit", "pg_catalog", "information_schema", "pg_toast"} & set(schemas)
    assert alice.get("/catalogue/tables", schema="hidden").ok()["tables"] == []
    table(alice, "hidden", "secret").problem("not-found", 404)
    table(alice, "jit", "requests").problem("not-found", 404)
    table(alice, "pg_catalog", "pg_authid").problem("not-found", 404)


def test_table_tells_its_columns_keys_and_indexes(shop, alice):
    shop.dba("COMMENT ON TABLE sales.items IS 'lines of orders'; COMMENT ON COLUMN sales.items.product IS 'its name';"
             "CREATE INDEX items_product ON sales.items (product)")
    items = table(alice, "sales", "items").ok()
    assert (items["kind"], items["comment"], items["estimated_rows"]) == ("table", "lines of orders", 3000)
    assert items["size_bytes"] > 0 and items["primary_key"] == ["order_id", "position"]
    [key] = items["foreign_keys"]
    assert (key["columns"], key["references"], key["referenced_columns"]) == (["order_id"], "sales.orders",
                                                                              ["order_id"])
    assert {i["name"] for i in items["indexes"]} == {"items_pkey", "items_product"}
    columns = {c["name"]: c for c in items["columns"]}
    assert [c["position"] for c in items["columns"]] == [1, 2, 3, 4]
    assert columns["quantity"] == {"name": "quantity", "position": 4, "type": "integer", "not_null": True,
                                   "default": "1", "comment": None,
                                   "masked": False, "mask": None, "privileges": []}
    assert columns["product"]["comment"] == "its name"


@pytest.mark.parametrize("name,kind", [("orders", "table"), ("events", "partitioned table"), ("open_orders", "view")])
def test_kinds_are_told_apart(name, kind, alice):
    assert table(alice, "sales", name).ok()["kind"] == kind


def test_pages_hold_every_table_once(alice):
    names = [(t["schema"], t["name"]) for page in alice.pages("/catalogue/tables", "tables", limit=4) for t in page]
    assert len(names) == len(set(names)) == len(alice.get("/catalogue/tables", limit=500).ok()["tables"])
    assert names == sorted(names)


def test_search_finds_parts_of_names_and_takes_no_pattern(shop, alice):
    shop.dba("CREATE TABLE sales.\"100%_done\" (x int)")

    def found(text):
        return [t["name"] for t in alice.get("/catalogue/tables", search=text, schema="sales").ok()["tables"]]

    assert found("ORDER") and all("order" in name for name in found("ORDER"))
    assert found("0%_d") == ["100%_done"] and found("%") == ["100%_done"] and found("' OR true --") == []


@pytest.mark.parametrize("name", ['we"ird', "two words", "semi;colon", "sl/ash", "ünïcödé", "per%cent", "pl+us",
                                  "que?stion", "ha#sh", "dot.ted",
                                  "'; DROP TABLE sales.orders; --", "UPPER", ".", ".."])
def test_names_with_anything_in_them_are_found_as_they_are(name, shop, alice):
    if name in (".", ".."):
        assert table(alice, "sales", name).status in (400, 404)
        return
    shop.dba('CREATE TABLE sales."{0}" ("{0}" int)'.format(name.replace('"', '""')))
    answer = table(alice, "sales", name).ok()
    assert answer["name"] == name and answer["columns"][0]["name"] == name
    assert [t["name"] for t in alice.get("/catalogue/tables", search=name).ok()["tables"]] == [name]
    assert shop.dba("SELECT count(*) FROM sales.orders") == [(1000,)]


def test_what_is_granted_shows_on_table_and_columns_while_it_lasts(portal, alice):
    request = portal.grant("alice", "SELECT (total, status), UPDATE (status) ON sales.orders")
    orders = table(alice, "sales", "orders").ok()
    assert {(tuple(g["privileges"]), tuple(g["columns"] or ())) for g in orders["granted"]} == {
        (("SELECT",), ("total", "status")), (("UPDATE",), ("status",))} or len(orders["granted"]) == 2
    assert {g["request_id"] for g in orders["granted"]} == {request}
    assert {c["name"]: c["privileges"] for c in orders["columns"]} == {
        "order_id": [], "customer_id": [], "status": ["SELECT", "UPDATE"], "total": ["SELECT"]}
    [listed] = alice.get("/catalogue/tables", search="sales.orders").ok()["tables"] or [None]
    assert len(listed["granted"]) == 2
    assert table(portal.login("bob"), "sales", "orders").ok()["granted"] == []
    portal.login("carol").post(f"/requests/{request}/revoke").ok()
    assert table(alice, "sales", "orders").ok()["granted"] == []


def test_grant_on_a_schema_shows_on_its_tables(portal, alice):
    portal.grant("alice", "SELECT ON ALL TABLES IN SCHEMA sales")
    assert [g["privileges"] for g in table(alice, "sales", "payments").ok()["granted"]] == [["SELECT"]]
    schemas = {s["name"]: s["granted"] for s in alice.get("/catalogue/schemas").ok()["schemas"]}
    assert schemas["sales"] == ["SELECT"]


def test_masks_show_to_whom_they_apply_and_no_value_does(shop, portals):
    shop.server.psql(MASKED_SQL, database=shop.database)
    portal = portals(shop)
    alice = portal.login("alice")
    answer = table(alice, "sales", "people")
    columns = {c["name"]: c for c in answer.ok()["columns"]}
    assert columns["ssn"]["masked"] and "jit_mask_partial" in columns["ssn"]["mask"]
    assert not columns["note"]["masked"] and columns["note"]["mask"] is None
    [people] = [t for t in alice.get("/catalogue/tables", search="people").ok()["tables"] if t["name"] == "people"]
    assert people["masked_columns"] == sum(c["mask"] is not None for c in columns.values()) > 10
    portal.grant("alice", "UNMASK (ssn) ON sales.people")
    columns = {c["name"]: c for c in table(alice, "sales", "people").ok()["columns"]}
    assert not columns["ssn"]["masked"] and columns["ssn"]["privileges"] == ["UNMASK"] and columns["email"]["masked"]
    assert b"RAWMARK" not in answer.body


def test_policies_are_for_those_who_decide(shop, portal, alice):
    shop.dba("INSERT INTO jit.policies (name, priority, objects, max_duration, lapse_after) VALUES"
             " ('b', 2, '{sales.*}', '90 minutes', '2 days'), ('a', 1, NULL, NULL, NULL)")
    policies = portal.login("carol").get("/policies").ok()["policies"]
    assert [(p["name"], p["max_duration"], p["lapse_after"]) for p in policies] == [("a", None, None),
                                                                                    ("b", "1h30m", "2d")]
    assert portal.login("erin").get("/policies").ok()["policies"] == policies
    alice.get("/policies").problem("forbidden", 403)
