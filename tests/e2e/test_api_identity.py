"""Who calls is who logged in, and nobody else: passwords, cookies, CSRF, tokens and their scopes, ends of sessions."""

import http.client
import threading

import pytest
from support.openapi import DESCRIPTION
from support.people import wait_until

ALL_SCOPES = {"read", "request", "approve", "query"}


def path_of(operation):
    return operation.path.replace("{id}", "1").replace("{schema}", "sales").replace("{name}", "orders")


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



# Passwords

def test_whoever_logs_in_works_as_themselves(portal):
    for person in ("alice", "carol"):
        caller = portal.login(person)
        assert caller.value("SELECT session_user || current_user") == person * 2


def test_wrong_password_and_unknown_user_are_not_told_apart(portal):
    known = portal.login("alice", "wrong", expect=401).problem("not-authenticated")
    unknown = portal.login("nobody_of_that_name", "wrong", expect=401).problem("not-authenticated")
    assert known == unknown


def test_a_server_that_does_not_ask_for_the_password_lets_nobody_in(shop, portals):
    trusting = portals(shop, trust=True)
    trusting.login("alice", "anything", expect=401).problem("not-authenticated")
    trusting.login("postgres", "anything", expect=401).problem("not-authenticated")


def test_passwords_are_taken_as_they_are(shop, portal):
    for password in ("ünïcödé ☂", "a b\\c'd\"e=f", "%00$1;--", " " * 3):
        shop.dba(f"ALTER ROLE bob PASSWORD $p${password}$p$")
        try:
            assert portal.login("bob", password).user() == "bob"
        finally:
            shop.dba("ALTER ROLE bob PASSWORD 'bob'")


def test_parameters_of_a_connection_cannot_be_smuggled_in_with_a_name(portal):
    for user in ("alice host=203.0.113.1", "alice dbname=postgres", "alice\0postgres",
                 "alice options=-csession_authorization=carol",
                 "' OR true --"):
        answer = portal.call("POST", "/login", body={"user": user, "password": "alice"})
        assert answer.status in (401, 422), answer


def test_empty_passwords_are_refused_before_the_database_is_asked(portal):
    portal.login("alice", "", expect=422).problem("invalid-field", field="password")


def test_sessions_of_a_user_are_limited_and_logging_out_makes_room(shop, portals):
    portal = portals(shop, api="sessions_per_user = 2")
    first, _ = portal.login("alice"), portal.login("alice")
    portal.login("alice", expect=429).problem("too-many-sessions")
    portal.login("bob")
    assert first.post("/logout").status == 204
    portal.login("alice")


# Cookies

def test_cookie_is_out_of_reach_of_scripts_and_other_sites(portal):
    cookie = portal.login("alice").set_cookie
    name, _, value = cookie.partition("=")
    assert name == "jit_session" and len(value.partition(";")[0]) >= 22
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_cookies_and_csrf_tokens_are_not_alike_twice(portal):
    sessions = [portal.login("alice") for _ in range(5)]
    assert len({s.headers["Cookie"] for s in sessions}) == len({s.headers["X-CSRF-Token"] for s in sessions}) == 5
    for session in sessions:
        assert session.headers["X-CSRF-Token"] not in session.headers["Cookie"]


def test_forged_cookies_are_nobody(portal):
    alice = portal.login("alice")
    secret = alice.headers["Cookie"].partition("=")[2]
    other = ("A" if secret[0] != "A" else "B") + secret[1:]
    for forged in (other, secret[:-1], secret + "A", secret.swapcase(), "", "alice", "a" * 4000, "%00",
                   '"' + secret[:-1] + '"'):
        portal.with_headers(Cookie=f"jit_session={forged}").get("/me").problem(status=401)
    assert alice.user() == "alice"


def test_two_different_cookies_are_no_session(portal):
    alice, bob = portal.login("alice"), portal.login("bob")
    both = f"{alice.headers['Cookie']}; {bob.headers['Cookie']}"
    portal.with_headers(Cookie=both).get("/me").problem(status=401)


def test_cookie_of_a_session_that_logged_out_is_worth_nothing(portal):
    alice = portal.login("alice")
    alice.post("/logout")
    alice.get("/me").problem(status=401)
    alice.run("SELECT 1").problem(status=401)


def test_logging_in_does_not_take_over_a_session_that_the_caller_brought(portal):
    planted = portal.with_headers(Cookie="jit_session=chosen-by-somebody-else")
    answer = planted.call("POST", "/login", body={"user": "alice", "password": "alice"})
    assert "chosen-by-somebody-else" not in answer.headers["Set-Cookie"]
    planted.get("/me").problem(status=401)


def test_sessions_end_when_they_are_idle(shop, portals):
    portal = portals(shop, api='idle_timeout = "1s"')
    alice = portal.login("alice")
    pid = alice.value("SELECT pg_backend_pid()")
    wait_until(lambda: not shop.dba("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]),
               what="the connection being closed")
    alice.get("/me").problem("session-ended", 401)


def test_sessions_in_use_are_not_idle(shop, portals):
    portal = portals(shop, api='idle_timeout = "2s"')
    alice = portal.login("alice")
    assert alice.value("SELECT 'slept' FROM pg_sleep(4)") == "slept"
    assert alice.user() == "alice"


def test_sessions_end_when_they_are_old_however_busy(shop, portals):
    portal = portals(shop, api='session_lifetime = "2s"')
    alice = portal.login("alice")
    wait_until(lambda: alice.get("/me").status == 401, what="the end of the session")
    alice.get("/me").problem("session-ended", 401)


# CSRF

@pytest.mark.parametrize("operation", [o.id for o in DESCRIPTION.operations if o.takes_csrf])
def test_cookie_alone_changes_nothing(operation, quiet_portal):
    described = DESCRIPTION.operation(operation)
    alice, other = quiet_portal.login("alice"), quiet_portal.login("alice")
    for token in (None, "", "undefined", alice.headers["X-CSRF-Token"][:-1], other.headers["X-CSRF-Token"]):
        caller = alice.without("X-CSRF-Token") if token is None else alice.with_headers(X_CSRF_Token=token)
        caller.call(described.method, path_of(described)).problem("csrf", 403)
    assert alice.user() == "alice"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"},
                                     {"Sec_Fetch_Site": "cross-site"},
                                     {"Origin": "http://127.0.0.1:1"}, {"Origin": "http://127.0.0.1.evil.example"}])
def test_pages_of_other_origins_change_nothing_even_with_the_csrf_token(headers, quiet_portal):
    alice = quiet_portal.login("alice")
    alice.with_headers(**headers).post("/requests", access="SELECT ON sales.orders", duration="1h",
                                       reason="x").problem("csrf", 403)
    assert alice.get("/requests").ok()["requests"] == []


def test_pages_of_ones_own_origin_work(portal):
    alice = portal.login("alice")
    origin = f"http://127.0.0.1:{portal.daemon.port}"
    alice.with_headers(Origin=origin, Sec_Fetch_Site="same-origin").post("/sql", sql="SELECT 1").ok()


def test_a_page_of_another_origin_logs_nobody_in(portal):
    evil = portal.with_headers(Origin="https://evil.example")
    evil.call("POST", "/login", body={"user": "alice", "password": "alice"}).problem("csrf", 403)


def test_forms_of_other_pages_are_no_json(portal):
    for media in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        portal.call("POST", "/login", data=b'{"user":"alice","password":"alice"}',
                    headers={"Content-Type": media}).problem("unsupported-media-type", 415)


def test_other_origins_are_told_nothing_unless_they_are_named(shop, portals):
    named = portals(shop, api='cors_origins = ["https://portal.example"]')
    friend = named.with_headers(Origin="https://portal.example").get("/targets")
    assert friend.headers["Access-Control-Allow-Origin"] == "https://portal.example"
    # With a token, never with the cookie: that would be everybody's who is logged in.
    assert "Access-Control-Allow-Credentials" not in friend.headers
    assert "Access-Control-Allow-Origin" not in named.with_headers(Origin="https://evil.example").get("/targets").headers
    assert "Access-Control-Allow-Origin" not in portals(shop).with_headers(Origin="https://portal.example").get("/targets").headers


# Tokens

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
    answer = caller.call(described.method, path_of(described), body={} if described.body_schema() else None)
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
    quiet_portal.call(described.method, path_of(described)).problem("not-authenticated", 401)
    quiet_portal.bearer("jit_" + "A" * 43).call(described.method, path_of(described)).problem("not-authenticated", 401)


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


# One another

def test_sessions_of_one_person_do_not_share_a_transaction(portal):
    one, other = portal.login("alice"), portal.login("alice")
    one.sql("BEGIN")
    assert other.sql("SELECT 1").end["transaction"] == "none"


def test_tokens_of_one_person_do_not_share_a_connection(portal):
    alice = portal.login("alice")
    one, other = (portal.bearer(alice.token("query", name=name)) for name in ("one", "other"))
    assert one.value("SELECT pg_backend_pid()") != other.value("SELECT pg_backend_pid()")
