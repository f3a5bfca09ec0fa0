"""The life of a request through the API: asked, looked at, decided, used, ended; by whom it may be, and by nobody else."""

import ipaddress
import re

import pytest
from support.daemon import cli_json
from support.people import wait_until


@pytest.fixture
def people(portal):
    """alice asks, carol and dave approve, bob stands by."""
    return {name: portal.login(name) for name in ("alice", "bob", "carol", "dave")}


@pytest.fixture
def alice(people):
    return people["alice"]


@pytest.fixture
def bob(people):
    return people["bob"]


@pytest.fixture
def carol(people):
    return people["carol"]


def granted(alice, carol, access="SELECT ON sales.orders", **more):
    request = alice.ask(access, **more)
    carol.post(f"/requests/{request}/approve").ok()
    alice.wait_for(request, "active")
    return request


def test_asked_approved_used_revoked(alice, carol):
    refusal = alice.refused("SELECT count(*) FROM sales.orders")
    assert refusal["hint"]
    request = granted(alice, carol)
    assert alice.value("SELECT count(*) FROM sales.orders") == "1000"
    access = alice.get("/me/access").ok()
    assert [(g["request_id"], g["relation"]) for g in access["grants"]] == [(request, "sales.orders")]
    assert access["next_end"] == access["grants"][0]["expires_at"]
    carol.post(f"/requests/{request}/revoke", reason="seen enough").ok()
    alice.refused("SELECT count(*) FROM sales.orders")
    shown = alice.get(f"/requests/{request}").ok()
    assert (shown["status"], shown["ended_by"], shown["end_reason"]) == ("revoked", "carol", "seen enough")
    assert alice.get("/me/access").ok() == {"grants": [], "next_end": None,
                                            "default_explain": access["default_explain"]}


def test_cure_of_a_refusal_is_a_request_that_cures_it(alice, carol):
    sql = "SELECT o.total, i.product FROM sales.orders o JOIN sales.items i USING (order_id) LIMIT 1"
    cure = alice.refused(sql)["cure"]
    assert cure["statement"] == sql and cure["preview"]["approver_roles"] == ["jit_approver"]
    assert "sales.orders" in cure["access"] and "sales.items" in cure["access"]
    assert {o["relation"] for o in cure["preview"]["objects"]} == {"sales.orders", "sales.items"}
    request = alice.post("/requests", statement=cure["statement"], duration="15m", reason="INC-1").ok(201)
    assert request["access"] == cure["access"] == cure["preview"]["access"]
    carol.post(f"/requests/{request['id']}/approve").ok()
    alice.wait_for(request["id"], "active")
    assert len(alice.sql(sql).rows) == 1


def test_cure_of_a_refusal_in_the_middle_of_several_statements_names_what_was_refused(alice):
    rows = alice.sql("SELECT 1; SELECT count(*) FROM sales.orders")
    assert rows.end["outcome"] == "error"
    cure = rows.error["cure"]
    assert cure["statement"] is None and "sales.orders" in cure["access"]


def test_a_function_cannot_make_up_a_cure(shop, alice):
    shop.dba("""CREATE FUNCTION sales.helpful() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        RAISE 'permission denied for table orders' USING ERRCODE = '42501',
          HINT = 'Ask for it: SELECT jit_request(''ALL ON ALL TABLES IN SCHEMA sales'', ''30 minutes'', ''<why>'');';
        END $$""")
    assert "cure" not in alice.run("SELECT sales.helpful()").problem(status=403, sqlstate="42501")


def test_statement_that_nothing_can_cure_has_no_cure(alice):
    problem = alice.run("SELECT * FROM pg_authid").problem("forbidden", 403)
    assert "cure" not in problem


def test_preview_tells_what_the_request_then_gets_and_files_nothing(shop, alice):
    shop.dba("CREATE ROLE security NOLOGIN; INSERT INTO jit.policies (name, priority, objects, approvals, approver, max_duration,"
             " reason_pattern, ticket_required) VALUES ('orders', 1, '{sales.orders}', 2, 'security', '2 hours', '^INC-', true)")
    try:
        preview = alice.post("/requests/preview", access="SELECT ON sales.orders").ok()
        assert alice.get("/requests", status="all").ok()["requests"] == []
        assert (preview["max_duration"], preview["max_by"], preview["approvals_needed"], preview["approver_roles"],
                preview["reason_patterns"], preview["ticket_required"], preview["policies"]) == (
            "2h", "orders", 2, ["security"], ["^INC-"], True, ["orders"])
        request = alice.post("/requests", access="SELECT ON sales.orders", duration="2h", reason="INC-1",
                             ticket="T").ok(201)
        for member in ("access", "approvals_needed", "approver_roles", "requirements"):
            assert request[member] == preview[member], member
        alice.post("/requests", access="SELECT ON sales.orders", duration="3h", reason="INC-1", ticket="T").problem(
            "invalid-value", 422)
        alice.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="why", ticket="T").problem(
            "invalid-value", 422)
        alice.post("/requests", access="SELECT ON sales.orders", duration="1h",
                   reason="INC-1").problem("invalid-value", 422)
    finally:
        shop.dba("DROP ROLE security")


def test_preview_of_what_is_denied_names_the_policy(shop, alice):
    shop.dba("INSERT INTO jit.policies (name, priority, objects, verdict) VALUES ('never', 1, '{sales.customers}', 'deny')")
    preview = alice.post("/requests/preview", access="SELECT ON sales.customers").ok()
    assert preview["denied_by"] == "never" and "sales.customers" in preview["denied_what"]
    alice.post("/requests", access="SELECT ON sales.customers", duration="1h",
               reason="x").problem("forbidden", 403, sqlstate="42501")


def test_durations_may_be_said_as_people_and_as_postgresql_say_them(alice):
    said = {"30m": "30m", "1h30m": "1h30m", "90 minutes": "1h30m", "01:30:00": "1h30m", "1 hour 30 min": "1h30m"}
    for asked, answered in said.items():
        assert alice.post("/requests", access="SELECT ON sales.orders", duration=asked,
                          reason="x").ok(201)["duration"] == answered
    for nonsense in ("soon", "30", "-1h", "1h; DROP TABLE jit.requests", ""):
        alice.post("/requests", access="SELECT ON sales.orders", duration=nonsense, reason="x").problem(status=422)
    alice.post("/requests", access="SELECT ON sales.orders", duration=30,
               reason="x").problem("invalid-field", 422, field="duration")


def test_sql_in_whatever_text_is_text(shop, alice, carol):
    evil = "x'); DROP TABLE jit.requests; --"
    request = alice.post("/requests", access="SELECT ON sales.orders", duration="1h", reason=evil,
                         ticket=evil[:30]).ok(201)
    assert request["reason"] == evil
    carol.post(f"/requests/{request['id']}/deny", comment=evil).ok()
    assert carol.get(f"/requests/{request['id']}").ok()["approvals"][0]["comment"] == evil
    alice.post("/requests", access=f"SELECT ON sales.orders TO mallory; {evil}", duration="1h",
               reason="x").problem(status=400)
    for query in ({"requester": evil}, {"ticket": evil}):
        assert carol.get("/requests", **query).ok()["requests"] == []
    assert carol.get("/grants", relation=evil, grantee=evil).ok() == {"grants": []}
    assert shop.dba("SELECT count(*) FROM jit.requests") == [(1,)]


def test_nobody_decides_on_their_own(shop, portal):
    shop.dba("CREATE ROLE frank LOGIN PASSWORD 'frank' IN ROLE jit_requester, jit_approver; GRANT USAGE ON SCHEMA sales TO frank")
    try:
        frank = portal.login("frank")
        request = frank.ask()
        for decision in ("approve", "deny"):
            frank.post(f"/requests/{request}/{decision}").problem("forbidden", 403, sqlstate="42501")
        assert frank.status(request) == "pending"
    finally:
        shop.dba("DROP OWNED BY frank; DROP ROLE frank")


def test_each_of_several_approvers_counts_once(shop, people, alice, carol):
    shop.dba("INSERT INTO jit.policies (name, priority, objects, approvals) VALUES ('two', 1, '{sales.orders}', 2)")
    request = alice.ask()
    assert carol.post(f"/requests/{request}/approve", comment="one").ok()["status"] == "pending"
    carol.post(f"/requests/{request}/approve").problem("wrong-state", 409)
    assert people["dave"].post(f"/requests/{request}/approve", duration="10m").ok()["status"] == "approved"
    shown = alice.get(f"/requests/{request}").ok()
    assert [(a["approver"], a["decision"], a["comment"]) for a in shown["approvals"]] == [
        ("carol", "approve", "one"), ("dave", "approve", None)]
    assert shown["approved_duration"] == "10m"


def test_approver_shortens_and_cannot_lengthen(alice, carol):
    request = alice.ask(duration="1 hour")
    carol.post(f"/requests/{request}/approve", duration="2 hours").problem("invalid-value", 422)
    carol.post(f"/requests/{request}/approve", duration="10 minutes").ok()
    assert alice.get(f"/requests/{request}").ok()["approved_duration"] == "10m"


def test_denied_and_cancelled_requests_stay_so(alice, carol):
    denied, cancelled = alice.ask(), alice.ask()
    assert carol.post(f"/requests/{denied}/deny", comment="use the replica").ok() == {"id": denied, "status": "denied"}
    assert alice.post(f"/requests/{cancelled}/cancel").ok() == {"id": cancelled, "status": "cancelled"}
    for request in (denied, cancelled):
        carol.post(f"/requests/{request}/approve").problem("wrong-state", 409, sqlstate="55000")


def test_strangers_see_and_decide_nothing(alice, bob):
    request = alice.ask()
    bob.get(f"/requests/{request}").problem("not-found", 404)
    assert bob.get("/requests", status="all").ok()["requests"] == []
    assert bob.get("/grants").ok()["grants"] == []
    for path, body in (("approve", {}), ("deny", {}), ("cancel", {}), ("revoke", {}), ("review", {"comment": "x"}),
                       ("extend", {"duration": "1h", "reason": "x"})):
        assert bob.call("POST", f"/requests/{request}/{path}", body=body).status in (403, 404), path
    assert alice.status(request) == "pending"


def test_extension_goes_on_without_a_gap(alice, carol):
    request = granted(alice, carol, duration="30m")
    before = alice.get(f"/requests/{request}").ok()["expires_at"]
    answer = alice.post(f"/requests/{request}/extend", duration="30m", reason="takes longer")
    longer = answer.ok(201)
    assert answer.headers["Location"].endswith(f"/{longer['id']}") and longer["extends"] == request
    carol.post(f"/requests/{longer['id']}/approve").ok()
    alice.wait_for(longer["id"], "active")
    assert alice.get(f"/requests/{longer['id']}").ok()["expires_at"] > before
    assert alice.value("SELECT count(*) FROM sales.orders") == "1000"


def test_break_glass_is_at_once_and_owes_a_review(shop, alice, carol):
    shop.dba("INSERT INTO jit.policies (name, priority, break_glass) VALUES ('glass', 1, true)")
    request = alice.ask(break_glass=True)
    assert alice.value("SELECT count(*) FROM sales.orders") == "1000"
    assert [r["id"] for r in carol.get("/requests").ok()["requests"] if r["review_owed"]] == [request]
    alice.call("POST", f"/requests/{request}/review", body={"comment": "fine by me"}).problem("forbidden", 403)
    carol.post(f"/requests/{request}/review", comment="checked").ok()
    assert not carol.get(f"/requests/{request}").ok()["review_owed"]


def test_session_only_is_for_the_connection_that_asked(shop, portal, carol):
    alice, other = portal.login("alice", connections=2), portal.login("alice")
    request = alice.ask(session_only=True, connection=2)
    carol.post(f"/requests/{request}/approve").ok()
    alice.wait_for(request, "active")
    assert alice.value("SELECT count(*) FROM sales.orders", connection=2) == "1000"
    alice.refused("SELECT count(*) FROM sales.orders", connection=1)
    other.refused("SELECT count(*) FROM sales.orders")
    alice.post("/logout")
    wait_until(lambda: other.status(request) != "active", what="the grant ending with its session")


def test_client_address_is_that_of_the_connection_to_the_database(alice, carol):
    elsewhere = granted(alice, carol, client_addr="203.0.113.7")
    alice.refused("SELECT count(*) FROM sales.orders")
    assert ipaddress.ip_address(alice.get(f"/requests/{elsewhere}").ok()["client_addr"])
    granted(alice, carol, client_addr="127.0.0.0/8")
    assert alice.value("SELECT count(*) FROM sales.orders") == "1000"
    alice.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x",
               client_addr="here").problem(status=422)


def test_starts_at_is_kept(shop, alice, carol):
    at = "2099-01-01T00:00:00Z"
    alice.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x",
               starts_at=at).problem("invalid-value", 422)
    alice.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x",
               starts_at="later").problem(status=422)
    soon = shop.value("alice",
                      "SELECT to_char((now() + interval '1 hour') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
    request = alice.ask(starts_at=soon)
    carol.post(f"/requests/{request}/approve").ok()
    assert alice.get(f"/requests/{request}").ok()["starts_at"] == soon
    alice.refused("SELECT count(*) FROM sales.orders")


# On behalf of

def test_delegate_files_for_a_named_requester_and_both_are_named(shop, portal, alice, carol):
    delegate = portal.login("portal")
    request = delegate.ask(on_behalf_of="alice", reason="INC-1: from the portal")
    shown = alice.get(f"/requests/{request}").ok()
    assert (shown["requester"], shown["requested_by"]) == ("alice", "portal")
    assert [r["requested_by"] for r in delegate.get("/requests").ok()["requests"]] == ["portal"]
    carol.post(f"/requests/{request}/approve").ok()
    alice.wait_for(request, "active")
    assert alice.value("SELECT count(*) FROM sales.orders") == "1000"
    delegate.refused("SELECT count(*) FROM sales.orders")
    assert wait_until(lambda: shop.dba("SELECT detail->>'requester', detail->>'requested_by' FROM jit.audit_log"
                                       " WHERE kind = 'requested' AND request_ids @> ARRAY[%s::bigint]", [request])
                      ) == [("alice", "portal")]


def test_delegate_by_token_needs_the_scope(portal, alice):
    delegate = portal.login("portal")
    assert portal.bearer(delegate.token("request", "read")).ask(on_behalf_of="alice")
    portal.bearer(delegate.token("read", name="reads")).post(
        "/requests", access="SELECT ON sales.orders", duration="1h", reason="x", on_behalf_of="alice").problem("scope", 403)


def test_delegate_decides_on_nothing_and_asks_for_nothing_of_its_own(portal, alice):
    delegate = portal.login("portal")
    request = delegate.ask(on_behalf_of="alice")
    for decision in ("approve", "deny"):
        delegate.post(f"/requests/{request}/{decision}").problem("forbidden", 403)
    delegate.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x").problem("forbidden", 403)
    assert delegate.post(f"/requests/{request}/cancel").ok()["status"] == "cancelled"


def test_nobody_but_a_delegate_asks_for_others(alice, bob, carol):
    for caller in (bob, carol):
        caller.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x",
                    on_behalf_of="alice").problem(
            "forbidden", 403, sqlstate="42501")
    assert alice.get("/requests").ok()["requests"] == []


def test_delegate_asks_with_the_rights_of_the_requester_and_for_requesters_only(portal):
    delegate = portal.login("portal")
    for nobody in ("carol", "postgres", "portal", "nobody_of_that_name", "jit_requester"):
        answer = delegate.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x",
                               on_behalf_of=nobody)
        assert answer.status in (403, 404, 422), answer
    delegate.post("/requests", access="SELECT ON orders", duration="1h", reason="x", on_behalf_of="alice").problem()
    delegate.post("/requests", statement="SELECT 1", duration="1h", reason="x", on_behalf_of="alice").problem(
        "invalid-field", 422, field="on_behalf_of")


# Lists

def test_pages_hold_every_request_once_newest_first(alice):
    made = [alice.ask(reason=f"number {n}") for n in range(7)]
    pages = list(alice.pages("/requests", "requests", limit=3))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [r["id"] for page in pages for r in page] == sorted(made, reverse=True)


def test_a_page_is_not_shifted_by_what_is_asked_meanwhile(alice):
    made = [alice.ask() for _ in range(4)]
    first = alice.get("/requests", limit=2).ok()
    alice.ask()
    second = alice.get("/requests", limit=2, cursor=first["next_cursor"]).ok()
    assert [r["id"] for r in first["requests"] + second["requests"]] == sorted(made, reverse=True)


def test_cursors_that_nobody_gave_out_are_refused(alice, bob):
    alice.ask()
    for cursor in ("x", "!", "bnVsbA", "WyJhIl0", "W10", "WzEsMl0", "e30", "A" * 5000,
                   "'; DROP TABLE jit.requests; --"):
        alice.get("/requests", cursor=cursor).problem("invalid-field", 422, field="cursor")
    alice.get("/requests", cursor="").problem("invalid-field", 422)


def test_filters_choose(people, alice, bob, carol):
    by_alice, by_bob = alice.ask(ticket="T-1"), bob.ask()
    decided = alice.ask()
    carol.post(f"/requests/{decided}/deny").ok()

    def ids(caller, **query):
        return [r["id"] for r in caller.get("/requests", **query).ok()["requests"]]

    assert ids(carol) == [by_bob, by_alice]
    assert ids(carol, status="all") == [decided, by_bob, by_alice]
    assert ids(carol, status="denied") == [decided]
    assert ids(carol, requester="bob") == [by_bob]
    assert ids(carol, ticket="T-1") == [by_alice]
    assert ids(carol, mine=True, status="all") == []
    assert ids(alice, mine=True) == [by_alice]
    assert ids(carol, reviewable=True) == [by_bob, by_alice]
    assert ids(alice, reviewable=True) == []
    at = carol.get(f"/requests/{by_bob}").ok()["created_at"]
    assert ids(carol, created_after=at) == [by_bob]
    assert ids(carol, created_before=at) == [by_alice]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"limit": "many"}, {"status": "Pending"},
                                   {"mine": "1"},
                                   {"created_after": "today"}, {"limit": "1e1"}, {"limit": "+5"}, {"limit": " 5"}])
def test_filters_that_are_none_are_refused_by_name(query, alice):
    alice.get("/requests", **query).problem("invalid-field", 422, field=next(iter(query)))


def test_numbers_that_are_none_lead_nowhere(alice):
    alice.ask()
    for number in ("0", "-1", "1.0", "01", "+1", "1e0", "x", "9223372036854775808", "99999999999999999999", "1%20",
                   "1%00", "%31%3b"):
        answer = alice.get(f"/requests/{number}")
        assert answer.status in (400, 404), (number, answer)


def test_rows_are_those_of_the_command_line(shop, people, alice, carol):
    granted(alice, carol, ticket="T-1")
    alice.ask("SELECT (total) ON sales.orders", reason="ünïcödé ☂")
    assert carol.get("/requests").ok()["requests"] == cli_json(shop, "carol", "requests")
    assert carol.get("/grants").ok()["grants"] == cli_json(shop, "carol", "grants")
    shown = carol.get("/requests").ok()["requests"][0]["id"]
    assert carol.get(f"/requests/{shown}").ok() == cli_json(shop, "carol", "show", shown)


def test_times_are_in_utc_whatever_the_role_has_set(shop, portal):
    shop.dba("ALTER ROLE bob SET timezone = 'Asia/Tokyo'; ALTER ROLE bob SET datestyle = 'German, DMY';"
             "ALTER ROLE bob SET intervalstyle = 'sql_standard'")
    try:
        bob = portal.login("bob")
        request = bob.get(f"/requests/{bob.ask(duration='90 minutes')}").ok()
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT.*Z", request["created_at"]) and request["duration"] == "1h30m"
        assert abs(shop.dba("SELECT extract(epoch FROM now() - %s::timestamptz)", [request["created_at"]])[0][0]) < 60
    finally:
        shop.dba("ALTER ROLE bob RESET ALL")
