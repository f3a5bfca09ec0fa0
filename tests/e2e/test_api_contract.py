"""Every operation of the description is driven, well and badly, and each answer is as described."""

import itertools

import pytest
from conftest import TEMPLATE, maintenance
from support.openapi import DESCRIPTION
from support.people import Shop, wait_until
from support.portal import Portal
from support.server import ROOT

# Nothing that a caller says makes these fail, but for a method that they do not have.
UNFAILING = {"is_alive", "is_ready", "read_description", "read_metrics"}
BAD_TYPE = {"Content-Type": "text/plain"}


class World:
    """One shop for all operations; each driver files what it needs."""

    def __init__(self, portal):
        self.portal = portal
        self.shop = portal.shop
        self.alice, self.bob, self.carol, self.dave, self.erin = map(portal.login,
                                                                     ("alice", "bob", "carol", "dave", "erin"))
        self.delegate = portal.login("portal")

    def granted(self, access="SELECT ON sales.orders", **more):
        request = self.alice.ask(access, **more)
        self.carol.post(f"/requests/{request}/approve").ok()
        self.alice.wait_for(request, "active")
        return request


@pytest.fixture(scope="module")
def world(server):
    database = "api_contract"
    maintenance(server, f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
    shop = Shop(server, database)
    shop.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.customers.ssn IS 'MASKED WITH VALUE ''x''';"
             "INSERT INTO jit.policies (name, priority, objects, break_glass, max_duration)"
             " VALUES ('payments', 1, '{sales.payments}', true, '2 hours')")
    with Portal(shop, api="sessions_per_user = 100") as portal:
        yield World(portal)
    shop.close()
    maintenance(server, f"DROP DATABASE {database} WITH (FORCE)")


def list_targets(w):
    assert w.portal.get("/targets").ok() == {"targets": [{"name": w.shop.database}]}
    [target] = w.alice.get("/targets").ok()["targets"]
    assert target["connected"] is True and target["database"] == w.shop.database and target["last_error"] is None
    w.portal.with_headers(Authorization="Basic YWxpY2U6YWxpY2U=").get("/targets").problem("not-authenticated", 401)


def login(w):
    me = w.portal.login("bob", target=w.shop.database, connections=2).me
    assert (me["user"], me["authentication"], me["session"]["connections"]) == ("bob", "session", 2)
    w.portal.login("bob", "wrong", expect=401).problem("not-authenticated")
    w.portal.login("bob", target="nowhere", expect=404).problem("unknown-target")
    w.portal.login("bob", connections=5, expect=422).problem("invalid-field", field="connections")
    w.portal.post("/login", user="bob").problem("invalid-field", 422, field="password")
    w.portal.call("POST", "/login", data=b'{"user": "bob"}', headers=BAD_TYPE).problem("unsupported-media-type", 415)


def logout(w):
    bob = w.portal.login("bob")
    bob.without("X-CSRF-Token").post("/logout").problem("csrf", 403)
    answer = bob.post("/logout")
    assert answer.status == 204 and "Max-Age=0" in answer.headers["Set-Cookie"]
    bob.get("/me").problem(status=401)


def who_am_i(w):
    me = w.alice.get("/me").ok()
    assert me["user"] == "alice" and me["requester"] and not me["approver"] and me["csrf_token"]
    assert w.carol.get("/me").ok()["approver"] and w.erin.get("/me").ok()["auditor"]
    assert w.delegate.get("/me").ok()["delegate"]
    by_token = w.portal.bearer(w.alice.token("query")).get("/me").ok()
    assert by_token["token"]["scopes"] == ["query"] and by_token["session"] is None
    w.portal.get("/me").problem("not-authenticated", 401)


def what_may_i(w):
    request = w.granted("UPDATE (status) ON sales.orders")
    access = w.alice.get("/me/access").ok()
    assert request in [g["request_id"] for g in access["grants"]] and access["next_end"]
    w.portal.get("/me/access").problem("not-authenticated", 401)


def list_tokens(w):
    w.alice.token("read", name="listed")
    mine = w.alice.get("/tokens").ok()["tokens"]
    assert "listed" in [t["name"] for t in mine] and {t["owner"] for t in mine} == {"alice"}
    assert "listed" in [t["name"] for t in w.carol.get("/tokens", all=True).ok()["tokens"]]
    w.alice.get("/tokens", all="perhaps").problem("invalid-field", 422, field="all")


def create_token(w):
    made = w.alice.post("/tokens", name="made", scopes=["read", "request"], lifetime="1 hour").ok(201)
    assert w.portal.bearer(made["token"]).user() == "alice"
    w.alice.post("/tokens", name="made", scopes=["everything"]).problem(status=422)
    w.alice.post("/tokens", name="made").problem("invalid-field", 422, field="scopes")
    w.portal.bearer(made["token"]).post("/tokens", name="more", scopes=["read"]).problem(status=403)


def revoke_token(w):
    made = w.alice.post("/tokens", name="gone", scopes=["read"]).ok(201)
    assert w.alice.delete(f"/tokens/{made['id']}").ok() == {"id": made["id"], "status": "revoked"}
    assert w.alice.delete(f"/tokens/{made['id']}").ok()["status"] == "revoked"
    w.alice.delete("/tokens/999999").problem("not-found", 404)


def list_requests(w):
    request = w.alice.ask(ticket="T-list")
    assert [r["id"] for r in w.alice.get("/requests", ticket="T-list").ok()["requests"]] == [request]
    w.alice.get("/requests", status="lost").problem("invalid-field", 422, field="status")
    w.alice.get("/requests", cursor="bm9uc2Vuc2U").problem("invalid-field", 422, field="cursor")


def create_request(w):
    answer = w.alice.post("/requests", access="SELECT ON sales.orders", duration="30m", reason="INC-1", ticket="T-1",
                          client_addr="127.0.0.0/8")
    request = answer.ok(201)
    assert answer.headers["Location"] == f"/api/v1/requests/{request['id']}"
    assert (request["status"], request["duration"], request["ticket"]) == ("pending", "30m", "T-1")
    assert w.delegate.post("/requests", access="SELECT ON sales.orders", duration="30m", reason="for her",
                           on_behalf_of="alice").ok(201)["requester"] == "alice"
    w.alice.post("/requests", access="SELECT ON", duration="30m",
                 reason="x").problem("invalid-sql", 400, sqlstate="42601")
    w.alice.post("/requests", access="SELECT ON sales.orders", duration="30m", reason=" ").problem("invalid-value", 422)
    w.alice.post("/requests", access="SELECT ON sales.orders",
                 reason="x").problem("invalid-field", 422, field="duration")
    w.alice.post("/requests", duration="30m", reason="x").problem("invalid-field", 422)
    w.carol.post("/requests", access="SELECT ON sales.orders", duration="30m", reason="x").problem("forbidden", 403)


def preview_request(w):
    preview = w.alice.post("/requests/preview", access="SELECT ON sales.payments").ok()
    assert (preview["max_duration"], preview["max_by"], preview["break_glass"]) == ("2h", "payments", True)
    w.alice.post("/requests/preview", access="SELECT ON sales.nothing").problem("invalid-sql", 400, sqlstate="42P01")
    w.alice.call("POST", "/requests/preview", body={}).problem("invalid-field", 422)


def show_request(w):
    request = w.alice.ask()
    shown = w.carol.get(f"/requests/{request}").ok()
    assert shown["reviewable"] and shown["objects"][0]["relation"] == "sales.orders"
    w.alice.get("/requests/999999").problem("not-found", 404, sqlstate="42704")
    w.bob.get(f"/requests/{request}").problem("not-found", 404)


def approve_request(w):
    request = w.alice.ask()
    w.alice.post(f"/requests/{request}/approve").problem("forbidden", 403, sqlstate="42501")
    done = w.carol.post(f"/requests/{request}/approve", comment="go", duration="10 minutes").ok()
    assert done == {"id": request, "status": "approved"}
    w.carol.post(f"/requests/{request}/approve").problem("wrong-state", 409)
    w.carol.post("/requests/999999/approve").problem("not-found", 404)
    w.carol.post(f"/requests/{request}/approve", remark="go").problem("invalid-field", 422, field="remark")


def deny_request(w):
    request = w.alice.ask()
    assert w.carol.post(f"/requests/{request}/deny", comment="no").ok()["status"] == "denied"
    w.carol.post(f"/requests/{request}/deny").problem("wrong-state", 409)


def cancel_request(w):
    request = w.alice.ask()
    w.bob.post(f"/requests/{request}/cancel").problem("not-found", 404)
    assert w.alice.post(f"/requests/{request}/cancel").ok() == {"id": request, "status": "cancelled"}
    w.alice.post(f"/requests/{request}/cancel").problem("wrong-state", 409)


def revoke_request(w):
    request = w.granted()
    assert w.carol.post(f"/requests/{request}/revoke", reason="over").ok()["status"] == "revoked"
    w.carol.post(f"/requests/{request}/revoke").problem("wrong-state", 409)
    handed_back = w.granted()
    assert w.alice.post(f"/requests/{handed_back}/revoke").ok()["status"] == "revoked"


def review_request(w):
    request = w.alice.ask("SELECT ON sales.payments", break_glass=True)
    w.carol.post(f"/requests/{request}/review").problem(status=415)
    w.carol.call("POST", f"/requests/{request}/review", body={}).problem("invalid-field", 422, field="comment")
    assert w.carol.post(f"/requests/{request}/review", comment="fine").ok()["status"] == "active"
    w.carol.post(f"/requests/{request}/review", comment="fine").problem("wrong-state", 409)


def extend_request(w):
    request = w.granted("DELETE ON sales.orders")
    longer = w.alice.post(f"/requests/{request}/extend", duration="1 hour", reason="longer").ok(201)
    assert longer["extends"] == request
    w.bob.post(f"/requests/{request}/extend", duration="1 hour", reason="mine").problem("not-found", 404)
    w.alice.post(f"/requests/{longer['id']}/extend", duration="1 hour", reason="x").problem("wrong-state", 409)


def list_grants(w):
    request = w.granted("INSERT ON sales.journal")
    grants = w.carol.get("/grants", grantee="alice", relation="sales.journal").ok()["grants"]
    assert request in [g["request_id"] for g in grants]
    w.carol.get("/grants", who="alice").problem("invalid-field", 422, field="who")


def list_policies(w):
    assert [p["name"] for p in w.carol.get("/policies").ok()["policies"]] == ["payments"]
    w.alice.get("/policies").problem("forbidden", 403, sqlstate="42501")


def list_schemas(w):
    schemas = {s["name"]: s for s in w.alice.get("/catalogue/schemas").ok()["schemas"]}
    assert schemas["sales"]["tables"] > 5
    w.portal.get("/catalogue/schemas").problem("not-authenticated", 401)


def list_tables(w):
    page = w.alice.get("/catalogue/tables", schema="sales", limit=2).ok()
    assert len(page["tables"]) == 2 and page["next_cursor"]
    w.alice.get("/catalogue/tables", limit=501).problem("invalid-field", 422, field="limit")


def describe_table(w):
    table = w.alice.get("/catalogue/tables/sales/orders").ok()
    assert table["primary_key"] == ["order_id"] and table["foreign_keys"][0]["references"] == "sales.customers"
    customers = w.alice.get("/catalogue/tables/sales/customers").ok()
    assert [c["name"] for c in customers["columns"] if c["masked"]] == ["ssn"]
    w.alice.get("/catalogue/tables/sales/nothing").problem("not-found", 404)


def run_sql(w):
    rows = w.alice.sql("SELECT 1 AS one, 'two' AS two")
    assert rows.rows == [[1, "two"]] and rows.end["outcome"] == "ok"
    answer = w.alice.csv("SELECT 1 AS one")
    assert answer.media == "text/csv" and answer.text() == "one\r\n1\r\n"
    w.alice.run("SELECT FROM").problem("invalid-sql", 400, sqlstate="42601")
    w.alice.refused("SELECT * FROM sales.coupons")
    w.alice.run("").problem("invalid-field", 422, field="sql")
    w.alice.call("POST", "/sql", body={"sql": "SELECT 1"}, headers={"Accept": "image/png"}).problem("not-acceptable",
                                                                                                    406)
    w.alice.run("SELECT pg_sleep(60)", timeout="100ms").problem("timed-out", 504)


def explain_sql(w):
    [plan] = w.alice.post("/sql/explain", sql="SELECT total FROM sales.orders WHERE order_id = $1",
                          parameters=[1]).ok()["plan"]
    assert "Plan" in plan
    w.alice.post("/sql/explain", sql="SELECT nothing").problem("invalid-sql", 400)


def cancel_sql(w):
    assert w.alice.post("/sql/cancel", connection=1).ok() == {"cancelled": False}
    w.alice.post("/sql/cancel", connection=9).problem("invalid-field", 422, field="connection")


def list_connections(w):
    w.alice.sql("SELECT 1")
    [one] = w.alice.get("/sql/connections").ok()["connections"]
    assert one["state"] == "idle" and one["connection"] == 1 and one["backend_pid"]
    w.portal.get("/sql/connections").problem("not-authenticated", 401)


def search_audit(w):
    w.alice.ask(ticket="T-audit")
    kinds = wait_until(lambda: [e["what"] for e in w.erin.get("/audit", person="alice").ok()["entries"]])
    assert "requested" in kinds
    assert w.erin.get("/audit", log=True, limit=1).ok()["entries"][0]["hash"]
    assert {e["person"] for e in w.alice.get("/audit").ok()["entries"]} <= {"alice"}
    w.erin.get("/audit", outcome="lost").problem("invalid-field", 422, field="outcome")
    w.alice.get("/audit", log=True).problem("forbidden", 403)


def export_audit(w):
    w.alice.ask(ticket="T-export")
    lines = w.erin.call("GET", "/audit/export", {"person": "alice"}, headers={"Accept": "application/x-ndjson"})
    assert lines.media == "application/x-ndjson" and lines.lines()
    assert w.erin.call("GET", "/audit/export", headers={"Accept": "text/csv"}).text().startswith("seq,")
    w.erin.get("/audit/export", since="yesterday, perhaps").problem("invalid-field", 422, field="since")


def verify_audit(w):
    verified = w.erin.get("/audit/verify").ok()
    assert verified["first_bad"] is None and verified["checked"] > 0
    w.alice.get("/audit/verify").problem("forbidden", 403)


def follow_events(w):
    with w.alice.events() as events:
        request = w.alice.ask()
        events.wait_for("requested", request)
    w.alice.get("/events", since="yesterday").problem("invalid-field", 422)


def read_description(w):
    text = w.portal.get("/openapi.yaml").text()
    assert "operationId: read_description" in text


def read_metrics(w):
    assert "jit_" in w.portal.get("/metrics").text()


def is_alive(w):
    assert w.portal.get("/healthz").ok() == {"status": "ok"}


def is_ready(w):
    assert w.portal.get("/readyz").ok() == {"status": "ready", "targets": {w.shop.database: "connected"}}


@pytest.mark.parametrize("operation", [o.id for o in DESCRIPTION.operations])
def test_operation_answers_as_described(operation, world):
    drive = globals().get(operation)
    assert drive is not None, f"nothing drives {operation}"
    before = DESCRIPTION.driven.pop(operation, set())
    try:
        drive(world)
        seen = DESCRIPTION.driven.get(operation, set())
        assert any(status < 300 for status in seen), f"{operation} never went well: {seen}"
        if operation not in UNFAILING:
            assert any(status >= 400 for status in seen), f"{operation} never failed: {seen}"
    finally:
        DESCRIPTION.driven.setdefault(operation, set()).update(before)


@pytest.mark.parametrize("operation", [o.id for o in DESCRIPTION.operations])
def test_other_methods_are_refused_and_the_right_ones_named(operation, world):
    described = DESCRIPTION.operation(operation)
    path = described.path.replace("{id}", "1").replace("{schema}", "sales").replace("{name}", "orders")
    methods = {o.method for o in DESCRIPTION.operations if o.pattern.fullmatch(path)}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
        answer = world.alice.call(method, path)
        answer.problem("method-not-allowed", 405)
        assert methods <= {m.strip() for m in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize("operation",
                         [o.id for o in DESCRIPTION.operations if o.method == "GET" and o.id != "follow_events"])
def test_head_tells_what_get_would_without_a_body(operation, world):
    described = DESCRIPTION.operation(operation)
    path = described.path.replace("{schema}", "sales").replace("{name}", "orders")
    if "{id}" in path:
        path = path.replace("{id}", str(world.alice.ask()))
    caller = world.erin if "audit" in operation else world.carol if operation == "list_policies" else world.alice
    answer = caller.call("HEAD", path)
    assert answer.status == 200 and answer.body == b""


def test_examples_of_the_description_are_as_it_says():
    count = 0
    for operation in DESCRIPTION.operations:
        contents = [(operation.node.get("requestBody") or {}).get("content", {})]
        contents += [DESCRIPTION.resolve(answer).get("content", {}) for answer in operation.node["responses"].values()]
        for media, content in itertools.chain.from_iterable(c.items() for c in contents):
            if "json" not in media or "ndjson" in media:
                continue
            for name, example in content.get("examples", {}).items():
                DESCRIPTION.validate(DESCRIPTION.resolve(example)["value"], content["schema"],
                                     f"example {name} of {operation.id}")
                count += 1
    assert count > 40


def test_what_is_served_is_the_description_of_the_sources(world):
    assert world.portal.get("/openapi.yaml").body == (ROOT / "coordinator" / "openapi.yaml").read_bytes()


def test_paths_that_are_not_described_answer_with_a_problem(world):
    for path in ("/", "/api", "/api/v1", "/api/v1/", "/api/v2/me", "/api/v1/me/", "/api/v1/requests/1/2/3",
                 "/favicon.ico"):
        answer = world.portal.call("GET", path, whole=True)
        assert answer.status in (400, 404), answer


def test_unknown_members_and_parameters_are_refused_by_name(world):
    world.alice.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x", durration="2h").problem(
        "invalid-field", 422, field="durration")
    world.alice.get("/requests", statuss="all").problem("invalid-field", 422, field="statuss")
