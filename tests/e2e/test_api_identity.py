"""Who calls is who logged in, and nobody else: passwords, cookies, CSRF, ends of sessions."""

import pytest
from support.openapi import DESCRIPTION
from support.people import wait_until


# Passwords

def test_whoever_logs_in_works_as_themselves(portal):
    for person in ("alice", "carol"):
        caller = portal.login(person)
        assert caller.value("SELECT session_user || current_user") == person * 2


def test_wrong_password_and_unknown_user_are_not_told_apart(portal):
    known = portal.login("alice", "wrong", expect=401).problem("not-authenticated")
    unknown = portal.login("nobody_of_that_name", "wrong", expect=401).problem("not-authenticated")
    assert known == unknown


def test_log_says_why_the_server_lets_somebody_in_no_more(shop, portal):
    shop.dba("CREATE ROLE eve NOLOGIN PASSWORD 'eve' IN ROLE jit_requester")
    try:
        portal.login("eve", "eve", expect=401).problem("not-authenticated")
    finally:
        shop.dba("DROP ROLE eve")
    assert 'role \\"eve\\" is not permitted to log in' in portal.daemon.log()


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
        caller.call(described.method, described.sample_path()).problem("csrf", 403)
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


# One another

def test_sessions_of_one_person_do_not_share_a_transaction(portal):
    one, other = portal.login("alice"), portal.login("alice")
    one.sql("BEGIN")
    assert other.sql("SELECT 1").end["transaction"] == "none"


def test_tokens_of_one_person_do_not_share_a_connection(portal):
    alice = portal.login("alice")
    one, other = (portal.bearer(alice.token("query", name=name)) for name in ("one", "other"))
    assert one.value("SELECT pg_backend_pid()") != other.value("SELECT pg_backend_pid()")
