"""A token is its owner, within its scopes, in its database, until its end; and nothing else is."""

import http.client
import threading

import pytest
from support.openapi import DESCRIPTION
from support.people import wait_until

ALL_SCOPES = {"read", "request", "approve", "query"}


class Running:
    """A statement that runs in a thread; its status when it is over."""

    def __init__(self, caller, sql="SELECT pg_sleep(60)"):
        self._status = None
        self._thread = threading.Thread(target=self._run, args=(caller, sql), daemon=True)
        self._thread.start()

    def _run(self, caller, sql):
        try:
            self._status = caller.run(sql).status
        except (OSError, http.client.HTTPException):  # cut off in the middle
            self._status = 0

    def outcome(self, timeout):
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "the statement still runs"
        return self._status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._thread.join(1)


def test_token_is_its_owner_in_the_database(shop, portal):
    caller = portal.bearer(portal.login("alice").token("query", "read"))
    assert caller.value("SELECT session_user || ' ' || current_user || ' ' || user") == "alice alice alice"
    caller.refused("SELECT * FROM sales.orders")
    portal.grant("alice", "SELECT ON sales.orders")
    assert caller.value("SELECT count(*) FROM sales.orders") == "1000"


@pytest.mark.parametrize("statement", ["RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL",
                                       "DISCARD ALL",
                                       "BEGIN; SET LOCAL SESSION AUTHORIZATION DEFAULT; ROLLBACK", "RESET ROLE", "SET ROLE NONE"])
def test_token_session_never_comes_back_to_the_gateway(statement, quiet_portal):
    caller = quiet_portal.bearer(quiet_portal.login("alice").token("query"))
    caller.run(statement)
    caller.run("ROLLBACK")
    assert caller.value("SELECT session_user || current_user") == "alicealice"


@pytest.mark.parametrize("operation", [o.id for o in DESCRIPTION.operations if not o.public])
def test_token_without_the_scope_is_refused(operation, quiet_portal):
    described = DESCRIPTION.operation(operation)
    alice = quiet_portal.login("alice")
    caller = quiet_portal.bearer(alice.token(*(ALL_SCOPES - set(described.scopes or ALL_SCOPES)) or {"read"},
                                             name="least"))
    answer = caller.call(described.method, described.sample_path(), body={} if described.body_schema() else None)
    if described.scopes:
        problem = answer.problem("scope", 403)
        assert problem["scope"] in described.scopes
    elif described.scopes is None:
        answer.problem(status=403)  # for sessions only
    else:
        assert answer.status not in (401, 403) or answer.json().get("sqlstate") == "42501", answer


@pytest.mark.parametrize("operation", [o.id for o in DESCRIPTION.operations if not o.public])
def test_without_credentials_there_is_nothing(operation, quiet_portal):
    described = DESCRIPTION.operation(operation)
    quiet_portal.call(described.method, described.sample_path()).problem("not-authenticated", 401)
    quiet_portal.bearer("jit_" + "A" * 43).call(described.method, described.sample_path()).problem("not-authenticated", 401)


def test_scopes_hold_in_the_database_too(shop, portal):
    alice = portal.login("alice")
    request = shop.ask("bob", "SELECT ON sales.orders")
    query = portal.bearer(alice.token("query"))
    query.refused("SELECT jit_request('SELECT ON sales.orders', '1 hour', 'by sql')")
    portal.grant("alice", "SELECT ON sales.orders")
    carol = portal.bearer(portal.login("carol").token("query"))
    carol.refused(f"SELECT jit_approve({request})")
    assert shop.status(request) == "pending"


def test_token_cannot_make_tokens_by_any_road(portal):
    alice = portal.login("alice")
    caller = portal.bearer(alice.token(*ALL_SCOPES))
    caller.post("/tokens", name="more", scopes=["read"]).problem(status=403)
    caller.refused("SELECT jit_token_create('more', '{read}')")


def test_expired_token_is_refused_and_its_session_ends_at_that_instant(shop, portal):
    token = portal.login("alice").token("query", "read", lifetime="3 seconds")
    caller = portal.bearer(token)
    answer = caller.run("SELECT pg_sleep(60)")  # cut off when the token ends
    assert answer.status != 200 or all(line["type"] != "row" for line in answer.lines())
    caller.get("/me").problem("not-authenticated", 401)
    assert not shop.dba("SELECT 1 FROM pg_stat_activity WHERE usename = 'alice' AND query ~ 'pg_sleep'")


def test_revoked_token_ends_at_once_what_it_does(shop, portal):
    alice = portal.login("alice")
    token = alice.post("/tokens", name="ci", scopes=["query", "read"]).ok(201)
    caller = portal.bearer(token["token"])
    with caller.events() as events, Running(caller) as running:
        wait_until(lambda: shop.dba("SELECT 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND state = 'active'"),
                   what="the statement running")
        alice.delete(f"/tokens/{token['id']}").ok()
        assert events.ended.wait(15), "the stream of events goes on"
        assert running.outcome(15) != 200
    caller.get("/me").problem("not-authenticated", 401)
    caller.run("SELECT 1").problem("not-authenticated", 401)


def test_token_revoked_in_the_database_ends_at_every_daemon(shop, portals):
    one, other = portals(shop), portals(shop)
    token = one.login("alice").post("/tokens", name="ci", scopes=["query", "read"]).ok(201)
    callers = [p.bearer(token["token"]) for p in (one, other)]
    assert [c.value("SELECT 1") for c in callers] == [1, 1]
    shop.value("carol", "SELECT jit_token_revoke(%s)", [token["id"]])
    for caller in callers:
        wait_until(lambda: caller.get("/me").status == 401, 10, "the token being refused")
        caller.run("SELECT 1").problem("not-authenticated", 401)


def test_token_is_good_in_its_own_database_only(new_shop, portals):
    here, there = new_shop(), new_shop()
    portal = portals(here, there)
    token = portal.login("alice", target=here.database).token("read", "query")
    assert portal.bearer(token, here.database).user() == "alice"
    portal.bearer(token, there.database).get("/me").problem("not-authenticated", 401)
    portal.bearer(token, "nowhere").get("/me").problem("unknown-target", 404)
    portal.bearer(token).get("/me").problem("unknown-target", 404)


def test_token_of_another_is_not_revoked_by_anybody(portal):
    made = portal.login("alice").post("/tokens", name="ci", scopes=["read"]).ok(201)
    answer = portal.login("bob").delete(f"/tokens/{made['id']}")
    assert answer.status in (403, 404)
    assert portal.bearer(made["token"]).user() == "alice"
    portal.login("carol").delete(f"/tokens/{made['id']}").ok()


def test_token_of_a_role_that_was_renamed_lost_its_login_or_was_dropped_is_refused(shop, portal):
    shop.dba("CREATE ROLE eve LOGIN PASSWORD 'eve' IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO eve")
    token = portal.login("eve").token("read", "query")
    caller = portal.bearer(token)
    assert caller.user() == "eve"
    try:
        shop.dba("ALTER ROLE eve NOLOGIN")
        wait_until(lambda: caller.run("SELECT 1").status == 401, what="the token being refused")
        shop.dba("ALTER ROLE eve LOGIN; ALTER ROLE eve RENAME TO eva")
        for path in ("/requests", "/me/access", "/me"):
            caller.get(path).problem(status=401)
    finally:
        shop.dba("DROP OWNED BY eva; DROP ROLE eva")
    caller.get("/me").problem("not-authenticated", 401)


def test_a_bearer_token_beside_a_cookie_is_what_counts(portal):
    alice, bob = portal.login("alice"), portal.login("bob")
    both = alice.with_headers(Authorization=f"Bearer {bob.token('read')}")
    assert both.user() == "bob"
    alice.with_headers(Authorization="Bearer jit_" + "A" * 43).get("/me").problem("not-authenticated", 401)


def test_two_authorizations_are_none(portal):
    alice = portal.login("alice")
    token = alice.token("read")
    received = portal.server.raw(f"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
                                 f"Authorization: Bearer {alice.token('read', name='other')}\r\n\r\n")
    assert received.startswith((b"HTTP/1.1 401", b"HTTP/1.1 400")), received


def test_credentials_in_the_address_count_for_nothing(portal):
    token = portal.login("alice").token("read")
    for query in ({"token": token}, {"access_token": token}, {"jit_session": token}):
        portal.call("GET", "/me", query).problem(status=401)


def test_what_the_log_says_of_tokens_names_them_and_whose_they_are(shop, portal):
    caller = portal.bearer(portal.login("alice").token("query", name="nightly"))
    caller.value("SELECT 'by token'")
    [used] = wait_until(lambda: shop.dba("SELECT session_user_name, authenticated_user_name, detail->>'name' FROM jit.audit_log"
                                         " WHERE kind = 'token_used'"), what="the record")[:1]
    assert used == ("alice", "jit_api", "nightly")
    statement = wait_until(lambda: shop.dba("SELECT session_user_name, authenticated_user_name, token_id FROM jit.statements"
                                            " WHERE statement ~ 'by token' AND token_id IS NOT NULL"), what="the statement's record")
    assert statement[0][:2] == ("alice", "jit_api")


def test_no_log_and_no_table_holds_a_password_a_cookie_or_a_token(shop, portal):
    shop.dba("SET log_min_messages = panic; SET log_statement = none; ALTER ROLE bob PASSWORD 'hunter2-hunter2'")
    try:
        bob = portal.login("bob", "hunter2-hunter2")
        portal.login("hunter2-hunter2x", "hunter2-hunter2", expect=401)
        portal.login("bob", "hunter2-hunter2-wrong", expect=401)
        portal.call("POST", "/login", data=b'{"user": "bob", "password": "hunter2-hunter2", ',
                    headers={"Content-Type": "application/json"})
        portal.call("POST", "/login", body={"user": "bob", "password": "hunter2-hunter2", "target": "nowhere"})
        portal.call("POST", "/login", body={"user": "bob", "pasword": "hunter2-hunter2"})
        portal.call("GET", "/me", {"password": "hunter2-hunter2"})
    finally:
        shop.dba("ALTER ROLE bob PASSWORD 'bob'")
    token = bob.token("read", "query")
    caller = portal.bearer(token)
    caller.value("SELECT 1")
    portal.bearer(token, "nowhere").get("/me")
    portal.bearer(token[:-1]).get("/me")
    portal.call("GET", "/me", {"token": token})
    secrets = [token, token[4:], bob.headers["Cookie"].partition("=")[2], bob.headers["X-CSRF-Token"],
               "hunter2-hunter2"]
    places = {"the daemon's log": portal.daemon.log(), "the server's log": shop.server.log(),
              **{table: str(shop.dba(f"SELECT * FROM {table}")) for table in ("pg_stat_activity", "jit.tokens",
                                                                              "jit.audit_log")}}
    for place, text in places.items():
        text = text.replace("hunter2-hunter2x", "")  # that was somebody's name
        assert [secret for secret in secrets if secret in text] == [], place


def test_a_gateway_that_comes_or_goes_concerns_tokens_alone(shop, portals):
    portal = portals(shop, gateway=False)
    alice = portal.login("alice")
    secret = alice.token("read")
    portal.bearer(secret).get("/me").problem("target-unavailable", 503)
    portal.daemon.gateway = True
    portal.reconfigure(portal.api)
    assert alice.user() == portal.bearer(secret).user() == "alice"
    portal.daemon.gateway = False
    portal.reconfigure(portal.api)
    assert alice.user() == "alice"
    portal.bearer(secret).get("/me").problem("target-unavailable", 503)


def test_what_nobody_can_ask_for_is_no_matter_of_scopes(portal):
    alice = portal.login("alice")
    problem = portal.bearer(alice.token("read")).get("/policies").problem("forbidden", 403)
    assert problem["message"] == "permission denied for table policies" and "hint" not in problem
    problem = portal.bearer(alice.token("query")).run("SELECT * FROM jit.policies").problem("forbidden", 403)
    assert problem["message"] == "permission denied for table policies" and "cure" not in problem


def test_log_says_why_a_token_is_refused(shop, portal):
    shop.dba("ALTER ROLE jit_api NOLOGIN")
    try:
        portal.bearer("jit_" + "A" * 43).get("/me").problem("not-authenticated", 401)
    finally:
        shop.dba("ALTER ROLE jit_api LOGIN")
    assert 'role \\"jit_api\\" is not permitted to log in' in portal.daemon.log()
