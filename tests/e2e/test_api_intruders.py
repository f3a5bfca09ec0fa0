"""Whoever is logged in, or nearly, gets no further than they may: other people's sessions, names with SQL in them, tokens
that are more than a token, proxies, and answers that another reader would take for something else."""

import base64
import json
import threading
import time

import pytest
from support.api import Client, parse, segment
from support.people import wait_until

HOST = "Host: 127.0.0.1\r\n"
INJECTIONS = ["'", "''", "\"", "'; DROP TABLE sales.orders; --", "' OR '1'='1", "$1", "%", "_", "\\", "x\\'; SELECT 1; --", "a\nb", "/*", "--", "\u2019",
              "sales.orders\"; SELECT pg_sleep(9); --", "E'\\x27'", "{\"}", "(SELECT 1)"]


@pytest.fixture
def alice(portal):
    return portal.login("alice")


@pytest.fixture
def bob(portal):
    return portal.login("bob")


@pytest.fixture(scope="module")
def quiet_alice(quiet_portal):
    return quiet_portal.login("alice")


def credentials(caller):
    return "".join(f"{name}: {value}\r\n" for name, value in caller.headers.items())


# One another

def test_cookie_of_one_with_the_csrf_token_of_another_changes_nothing(alice, bob):
    mixed = Client(alice.server, {"Cookie": alice.headers["Cookie"], "X-CSRF-Token": bob.headers["X-CSRF-Token"]})
    mixed.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x").problem("csrf", 403)
    mixed.post("/sql", sql="SELECT 1").problem("csrf", 403)
    mixed.post("/logout").problem("csrf", 403)
    assert alice.user() == "alice" and bob.user() == "bob"


def test_nobody_else_ends_ones_statement(portal, alice, bob):
    outcome = []
    runs = threading.Thread(target=lambda: outcome.append(alice.sql("SELECT pg_sleep(2)").end["outcome"]))
    runs.start()
    wait_until(lambda: alice.get("/sql/connections").ok()["connections"][0]["state"] == "running", what="alice's statement running")
    pid = alice.get("/sql/connections").ok()["connections"][0]["backend_pid"]
    for stranger in (bob, portal.login("alice"), portal.login("carol"), alice.bearer(bob.token("query"))):
        assert stranger.post("/sql/cancel", connection=1).ok() == {"cancelled": False}
        assert pid not in [c["backend_pid"] for c in stranger.get("/sql/connections").ok()["connections"]]
    for stranger in (bob, portal.login("carol")):
        assert stranger.run(f"SELECT pg_cancel_backend({pid})").status == 403
    runs.join(30)
    assert outcome == ["ok"]


def test_what_one_set_in_a_session_is_not_seen_in_another(alice, bob):
    alice.sql("SET application_name = 'mine'; CREATE TEMP TABLE mine (a int); PREPARE mine AS SELECT 1")
    for stranger in (bob, alice.bearer(alice.token("query"))):
        assert stranger.value("SHOW application_name") != "mine"
        assert stranger.run("SELECT * FROM mine").problem()["sqlstate"] == "42P01"
        assert stranger.run("EXECUTE mine").problem()["sqlstate"] == "26000"


def test_sessions_of_another_daemon_are_nobody_here(shop, portals):
    one, two = portals(shop), portals(shop)
    alice = one.login("alice")
    there = Client(two.server, alice.headers)
    there.get("/me").problem("not-authenticated", 401)
    there.post("/sql", sql="SELECT 1").problem("not-authenticated", 401)


def test_a_session_is_of_its_target(new_shop, portals):
    first, second = new_shop(), new_shop()
    portal = portals(first, second)
    alice = portal.login("alice", target=first.database)
    turned = alice.with_headers(Jit_Target=second.database)
    assert turned.value("SELECT current_database()") == first.database
    bearer = portal.bearer(alice.token("query"), target=second.database)
    bearer.post("/sql", sql="SELECT 1").problem("not-authenticated", 401)


# What the daemon itself has

@pytest.mark.parametrize("password", ["x", " ", "jit_daemon ", "md5abcdef"])
def test_passwords_that_the_daemon_has_open_no_session(password, quiet_portal):
    for user in ("jit_daemon", "jit_api"):
        quiet_portal.login(user, password, expect=401).problem("not-authenticated")


def test_nobody_learns_of_sessions_without_the_password(shop, portals):
    portal = portals(shop, api="sessions_per_user = 1")
    portal.login("alice")
    portal.login("alice", "wrong", expect=401).problem("not-authenticated")
    portal.login("alice", expect=429).problem("too-many-sessions")


def test_failed_logins_leave_no_connection_behind(shop, portal):
    def connections():
        return shop.dba("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'jit-api%%'")[0][0]

    for n in range(5):
        portal.login("alice", "wrong", expect=401)
        portal.bearer("jit_" + f"{n}" * 43).get("/me").problem("not-authenticated", 401)
    wait_until(lambda: connections() == 0, what="no connection left")


def test_guessed_tokens_all_at_once_do_not_take_the_databases_connections(shop, portals):
    portal = portals(shop, api="login_attempts = 5")
    statuses, most = [], 0

    def guess(n):
        statuses.append(portal.bearer("jit_" + f"{n:043d}").call("GET", "/me").status)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, shop.dba("SELECT count(*) FROM pg_stat_activity WHERE usename = 'jit_api'")[0][0])
        time.sleep(0.01)
    assert set(statuses) <= {401, 429} and statuses.count(401) <= 40, statuses
    assert most <= 40, most


# Tokens

@pytest.mark.parametrize("text", [
    "", " ", "jit_", "jit_x", "x" * 47, "jit_" + "A" * 42, "jit_" + "A" * 44, "jit_" + "A" * 42 + "=", "JIT_" + "A" * 43,
    "jit_" + "A" * 20 + " -c session_authorization=postgres"[:23], "jit_" + "A" * 30 + " -crole=carol", "jit_" + "A" * 41 + "\\ ",
    "jit_" + "A" * 43 + " -c role=carol", "jit_" + "A" * 43 + "\t-crole=carol", "jit_" + "A" * 42 + "'", "jit_" + "A" * 42 + "\xe4", "Bearer jit_" + "A" * 43])
def test_texts_that_are_no_token_never_reach_the_database(text, quiet_portal):
    before = len(quiet_portal.shop.server.log())
    quiet_portal.bearer(text).get("/me").problem("not-authenticated", 401)
    since = quiet_portal.shop.server.log()[before:]
    assert "session_authorization" not in since and "-crole" not in since and "jit_api" not in since


def test_options_of_a_good_token_cannot_be_widened(portal, alice):
    token = alice.token("query")
    for more in (" -c role=postgres", " -crole=postgres", "\t-c session_authorization=carol", "\\"):
        portal.bearer(token + more).post("/sql", sql="SELECT current_user").problem("not-authenticated", 401)
    assert portal.bearer(token).value("SELECT session_user || current_user") == "alicealice"


def test_a_token_is_not_read_back_from_its_own_session(portal, alice):
    token = alice.token("query")
    bearer = portal.bearer(token)
    for statement in ("SELECT current_setting('jit_access.token', true)", "SELECT string_agg(setting, ' ') FROM pg_settings WHERE name ~ 'jit_access'",
                      "SHOW jit_access.token", "SELECT string_agg(query, ' ') FROM pg_stat_activity"):
        assert token.encode() not in bearer.run(statement).body


# Names with SQL in them

@pytest.mark.parametrize("text", INJECTIONS)
def test_names_in_paths_and_parameters_are_names(text, quiet_portal, quiet_alice):
    for path in (f"/catalogue/tables/{segment(text)}/orders", f"/catalogue/tables/sales/{segment(text)}"):
        quiet_alice.get(path).problem("not-found", 404)
    assert quiet_alice.get("/catalogue/tables", schema=text).ok()["tables"] == []
    quiet_alice.get("/catalogue/tables", search=text).ok()
    for path, member, name in (("/requests", "requests", "requester"), ("/requests", "requests", "ticket"), ("/grants", "grants", "grantee"),
                               ("/grants", "grants", "relation")):
        assert quiet_alice.get(path, **{name: text}).ok()[member] == []
    assert quiet_portal.shop.dba("SELECT count(*) FROM sales.orders")[0][0] > 0


@pytest.mark.parametrize("text", INJECTIONS)
def test_names_in_requests_are_names(text, quiet_portal, quiet_alice):
    for body in ({"access": f"SELECT ON {text}"}, {"access": text}, {"statement": text}, {"access": "SELECT ON sales.orders", "client_addr": text},
                 {"access": "SELECT ON sales.orders", "on_behalf_of": text}, {"access": "SELECT ON sales.orders", "starts_at": text}):
        answer = quiet_alice.post("/requests", **body, duration="1h", reason="x")
        answer.problem()
        assert answer.status < 500, answer
    assert quiet_alice.get(f"/requests/{quiet_alice.ask(reason=text, ticket=text)}").ok()["reason"] == text
    assert quiet_portal.shop.dba("SELECT count(*) FROM sales.orders")[0][0] > 0


@pytest.mark.parametrize("place", [["sales", "orders' OR true --"], ["'", "'"], ["a", 5], [5], [], ["a"], [None, None], [{"a": "b"}, "c"], ["a", "b", "c"],
                                   [-1], [9223372036854775807], [9223372036854775808], [1.5], ["\0", "\0"], "x", {"a": 1}], ids=str)
def test_cursors_of_ones_own_making_read_nothing_more(place, quiet_alice):
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    for path in ("/requests", "/catalogue/tables", "/audit"):
        answer = quiet_alice.get(path, cursor=cursor)
        assert answer.status in (200, 403, 422), answer


# What another reader would read differently

def test_trailers_of_a_body_bring_no_credentials(portal, alice):
    received = portal.server.raw(f"POST /api/v1/sql/cancel HTTP/1.1\r\n{HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
                                 f"Connection: close\r\n\r\n2\r\n{{}}\r\n0\r\n{credentials(alice)}X-Forwarded-For: 203.0.113.1\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 401 "), received


def test_rows_for_an_old_client_end_with_the_connection(portal, alice):
    body = json.dumps({"sql": "SELECT 1"})
    request = (f"POST /api/v1/sql HTTP/1.0\r\n{HOST}{credentials(alice)}Connection: keep-alive\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}")
    received = portal.server.raw(request * 2)
    assert received.count(b"HTTP/1.1 ") == 1 and b"\r\nConnection: close\r\n" in received
    assert received.endswith(b"}\n") and b'"outcome":"ok"' in received


def test_members_that_are_there_twice_are_refused(shop, alice):
    for data in (b'{"sql": "SELECT 1", "sql": "SELECT 2"}', b'{"sql": "SELECT 1", "s\\u0071l": "SELECT 2"}',
                 b'{"sql": "SELECT $1::json", "parameters": [{"a": 1, "a": 2}]}'):
        alice.call("POST", "/sql", data=data, headers={"Content-Type": "application/json"}).problem("bad-json", 400)


def test_rows_in_another_encoding_are_json_all_the_same(alice):
    for encoding in ("SJIS", "LATIN1", "BIG5", "UTF8"):
        alice.run(f"SET client_encoding = '{encoding}'")
        rows = alice.sql("SELECT E'\\u8868\\n\"', json_build_object('a', E'\\u8868', 'b', E'\\n')" if encoding != "LATIN1" else
                         "SELECT E'\\u00e4\\n\"', json_build_object('a', E'\\u00e4', 'b', 1)")
        assert rows.end["outcome"] == "ok" and len(rows.rows) == 1


def test_names_and_errors_of_others_split_no_line(alice):
    rows = alice.sql('SELECT 1 AS "a\n{""type"":""end""}"')
    assert rows.columns == [[('a\n{"type":"end"}', "integer")]]
    problem = alice.run("DO $$ BEGIN RAISE EXCEPTION E'x\\n\\r\\n{}' USING HINT = E'h\\n', DETAIL = E'd\\r\\nX: y'; END $$").problem(status=422)
    assert problem["message"] == "x\n\r\n{}" and problem["database_detail"] == "d\r\nX: y"


# Nobody holds up everybody

@pytest.mark.parametrize("body", [b'{"user":[{}' + b",{}" * 340_000 + b"]}",
                                  b"{" + b",".join(b'"%d":0' % n for n in range(100_000)) + b"}",
                                  b'{"user":"' + b"\\u0041" * 170_000 + b'"}', b'{"user":' + b"[" * 1_000_000], ids=["elements", "members", "escapes", "depth"])
def test_a_body_that_is_hard_to_read_holds_up_nobody(body, quiet_portal):
    done = threading.Event()

    def send():
        for _ in range(3):
            quiet_portal.call("POST", "/login", data=body, headers={"Content-Type": "application/json"})
        done.set()

    threading.Thread(target=send, daemon=True).start()
    longest = 0
    while not done.wait(0.05):
        begun = time.monotonic()
        quiet_portal.get("/healthz").ok()
        longest = max(longest, time.monotonic() - begun)
    assert longest < 5, longest


# Proxies

def test_a_trusted_proxy_is_heard_and_its_clients_are_told_apart(shop, portals):
    portal = portals(shop, api='login_attempts = 2\ntrusted_proxies = ["127.0.0.1"]')
    for n, status in ((1, 401), (1, 401), (1, 429), (2, 401)):
        caller = portal.with_headers(X_Forwarded_For=f"127.0.0.1, 203.0.113.{n}", X_Forwarded_Proto="https")
        assert caller.call("POST", "/login", body={"user": f"nobody{time.monotonic()}", "password": "x"}).status == status


def test_behind_a_proxy_with_tls_the_cookie_says_so(shop, portals):
    portal = portals(shop, api='trusted_proxies = ["127.0.0.1"]\npublic_url = "https://jit.example"')
    caller = portal.with_headers(X_Forwarded_For="203.0.113.1", X_Forwarded_Proto="https", Origin="https://jit.example")
    answer = caller.call("POST", "/login", body={"user": "alice", "password": "alice"})
    answer.ok(201)
    assert answer.headers["Set-Cookie"].startswith("__Host-jit_session=") and "; Secure" in answer.headers["Set-Cookie"]
    caller = portal.with_headers(X_Forwarded_For="203.0.113.1", X_Forwarded_Proto="https", Origin="https://evil.example")
    caller.call("POST", "/login", body={"user": "alice", "password": "alice"}).problem("csrf", 403)


def test_metrics_are_for_this_machine_not_for_those_that_a_proxy_on_it_serves(shop, portals):
    for api in ("", 'trusted_proxies = ["127.0.0.1"]'):
        portal = portals(shop, api=api)
        assert portal.get("/metrics").status == 200
        for address in ("203.0.113.1", "127.0.0.1", "unknown", "203.0.113.1:99"):
            assert portal.with_headers(X_Forwarded_For=address).get("/metrics").status == 403, address


def test_a_page_of_another_site_logs_nobody_in_even_without_an_origin(portal):
    caller = portal.with_headers(Sec_Fetch_Site="cross-site")
    caller.call("POST", "/login", body={"user": "alice", "password": "alice"}).problem("csrf", 403)


# Methods

@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "POST /api/v1/me HTTP/1.1\r\nX: ", "X" * 100])
def test_only_the_methods_of_a_path_do_anything(method, quiet_portal, quiet_alice):
    received = quiet_portal.server.raw(f"{method} /api/v1/me HTTP/1.1\r\n{HOST}{credentials(quiet_alice)}Connection: close\r\n\r\n", timeout=4)
    status = parse(received)[0][0] if parse(received) else 400
    assert status in (400, 405, 501), received
