"""Roles that go, passwords that change, databases that restart, daemons that are killed: nothing is lost, nobody keeps what is not theirs."""

import http.client
import os
import signal
import threading
import time

import pytest
from psycopg import sql
from support.people import wait_until


@pytest.fixture
def eve(shop):
    """A person whom the test may change or drop."""
    shop.dba("CREATE ROLE eve LOGIN PASSWORD 'eve' IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO eve")
    yield "eve"
    if shop.dba("SELECT 1 FROM pg_roles WHERE rolname = 'eve'"):
        shop.dba("DROP OWNED BY eve; DROP ROLE eve")


def running(shop):
    return shop.dba("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query ~ '^SELECT pg_sleep'")


# Roles

def test_dropped_role_can_do_nothing_any_more(shop, portal, eve):
    caller = portal.login("eve")
    token = portal.bearer(caller.token("read", "query", "request"))
    portal.grant("eve", "SELECT ON sales.orders")
    assert caller.value("SELECT count(*) FROM sales.orders") == token.value("SELECT count(*) FROM sales.orders") == "1000"
    shop.dba("DROP OWNED BY eve; DROP ROLE eve")
    for gone in (caller, token):
        for _ in range(2):
            answer = gone.run("SELECT count(*) FROM sales.orders")
            assert answer.status in (401, 403), answer
        assert gone.post("/requests", access="SELECT ON sales.orders", duration="1h",
                         reason="x").status in (400, 401, 403, 404)
    portal.login("eve", expect=401).problem("not-authenticated")
    token.get("/me").problem("not-authenticated", 401)


def test_another_role_of_the_same_name_is_not_the_one_that_was(shop, portal, eve):
    token = portal.bearer(portal.login("eve").token("read", "query"))
    assert token.user() == "eve"
    shop.dba("DROP OWNED BY eve; DROP ROLE eve;"
             "CREATE ROLE eve LOGIN PASSWORD 'another' IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO eve")
    token.get("/requests").problem(status=401)
    token.run("SELECT 1").problem(status=401)
    portal.login("eve", expect=401)
    assert portal.login("eve", "another").user() == "eve"


def test_changed_password_ends_the_sessions_of_the_old_one(shop, portal, eve):
    caller = portal.login("eve")
    token = portal.bearer(caller.token("read"))
    with caller.events() as events:
        shop.dba("ALTER ROLE eve PASSWORD 'new'")
        wait_until(lambda: caller.get("/me").status == 401, what="the end of the session")
        caller.get("/me").problem("session-ended", 401)
        assert events.ended.wait(15), "the stream goes on"
    assert token.user() == "eve"  # it hangs on no password
    portal.login("eve", "eve", expect=401).problem("not-authenticated")
    assert portal.login("eve", "new").user() == "eve"


@pytest.mark.parametrize("change,status", [("NOLOGIN", 401), ("VALID UNTIL '2001-01-01'", 401),
                                           ("CONNECTION LIMIT 0", 503), ("PASSWORD NULL", 401)])
def test_role_that_may_not_log_in_is_not_logged_in(change, status, shop, portal, eve):
    shop.dba(sql.SQL("ALTER ROLE eve {}").format(sql.SQL(change)))
    portal.login("eve", expect=status).problem()


def test_role_without_connect_is_not_logged_in(shop, portal):
    shop.dba(f"REVOKE CONNECT ON DATABASE {shop.database} FROM PUBLIC; GRANT CONNECT ON DATABASE {shop.database} TO jit_daemon")
    portal.login("bob", expect=403).problem("forbidden")


def test_requester_who_is_none_any_more_loses_it_at_once(shop, portal, eve):
    caller = portal.login("eve")
    portal.grant("eve", "SELECT ON sales.orders")
    shop.dba("REVOKE jit_requester FROM eve")
    caller.refused("SELECT count(*) FROM sales.orders")
    caller.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x").problem("forbidden", 403)


# Databases

def test_session_ends_when_the_database_restarts_and_a_new_one_begins(own_shop, portals):
    portal = portals(own_shop)
    alice = portal.login("alice")
    token = portal.bearer(alice.token("read", "query"))
    request = alice.ask()
    assert token.user() == "alice"
    with alice.events() as events:
        own_shop.server.restart()
        assert events.ended.wait(30), "the stream goes on"
    alice.get("/me").problem("session-ended", 401)
    alice.run("SELECT 1").problem("session-ended", 401)
    wait_until(lambda: portal.get("/readyz").status == 200, 60, "the daemon being connected again")
    again = portal.login("alice")
    assert again.status(request) == "pending"
    wait_until(lambda: token.get("/me").status == 200,
               what="the token being good again")  # no password, no session to lose
    portal.login("carol").post(f"/requests/{request}/approve").ok()
    again.wait_for(request, "active")
    assert portal.daemon.process.poll() is None


def test_statement_that_a_restart_cuts_off_never_looks_whole(own_shop, portals):
    portal = portals(own_shop)
    alice = portal.login("alice")
    outcome = []

    def run():
        try:
            outcome.append(alice.run("SELECT n, CASE WHEN n < 500 THEN repeat('x', 1000) ELSE pg_sleep(60)::text END"
                                     " FROM generate_series(1, 500) n"))
        except (OSError, http.client.HTTPException) as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: own_shop.dba("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"),
               what="the statement running")
    own_shop.server.restart()
    thread.join(30)
    [answer] = outcome
    if not isinstance(answer, Exception):
        assert answer.status >= 400 or answer.lines()[-1].get("outcome") == "error", answer


def test_while_the_database_is_away_it_says_so(own_shop, portals):
    portal = portals(own_shop)
    alice = portal.login("alice")
    own_shop.server.stop()
    answer = portal.login("alice", expect=503)
    answer.problem("target-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    alice.get("/requests").problem(status=401)
    wait_until(lambda: portal.get("/readyz").status == 503, what="the daemon having noticed")
    assert portal.get("/readyz").json()["targets"] == {"shop": "not connected"}
    assert portal.get("/healthz").ok() == {"status": "ok"} and "jit_target_up" in portal.get("/metrics").text()
    own_shop.server.start()
    wait_until(lambda: portal.get("/readyz").status == 200, 60, "the daemon being connected again")
    assert portal.login("alice").user() == "alice"


def test_one_database_that_is_away_is_no_matter_of_the_others(shop, own_shop, portals):
    portal = portals(own_shop, shop)
    own_shop.server.stop()
    alice = portal.login("alice", target=shop.database)
    begun = time.monotonic()
    assert alice.value("SELECT 1") == 1 and time.monotonic() - begun < 2
    portal.login("alice", target="shop", expect=503)
    wait_until(lambda: portal.get("/readyz").json()["targets"]["shop"] == "not connected",
               what="the daemon having noticed")
    assert portal.get("/readyz").status == 200
    health = {t["name"]: t for t in alice.get("/targets").ok()["targets"]}
    assert health[shop.database]["connected"] and not health["shop"]["connected"]
    assert "shop" in portal.daemon.log()  # why, is not for the users of another


def test_terminated_backend_ends_its_session_alone(shop, portal):
    alice, bob = portal.login("alice"), portal.login("bob")
    [(pid,)] = shop.dba("SELECT pid FROM pg_stat_activity WHERE usename = 'alice' AND datname = %s ORDER BY backend_start LIMIT 1",
                        [shop.database])
    shop.dba("SELECT pg_terminate_backend(%s)", [pid])
    wait_until(lambda: alice.get("/me").status == 401, what="the end of the session")
    alice.get("/me").problem("session-ended", 401)
    assert bob.user() == "bob"
    wait_until(lambda: not shop.dba("SELECT 1 FROM pg_stat_activity WHERE usename = 'alice' AND datname = %s",
                                    [shop.database]),
               what="its other connections being closed")


def test_errors_that_a_statement_makes_up_end_no_session(portal):
    alice = portal.login("alice")
    for state in ("08006", "57P01", "57P02", "28000", "53300", "XX000", "25P03"):
        alice.run(f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{state}'; END $$").problem(sqlstate=state)
        assert alice.value("SELECT 1") == 1, state


def test_crash_of_a_backend_ends_the_sessions_and_leaves_the_daemon(own_shop, portals):
    own_shop.dba("ALTER SYSTEM SET restart_after_crash = on")
    own_shop.server.reload()
    portal = portals(own_shop)
    alice = portal.login("alice")
    os.kill(alice.value("SELECT pg_backend_pid()"), signal.SIGKILL)
    wait_until(lambda: alice.get("/me").status == 401, what="the end of the session")
    wait_until(lambda: portal.get("/readyz").status == 200, 60, "the daemon being connected again")
    wait_until(lambda: portal.call("POST", "/login", body={"user": "alice", "password": "alice"}).status == 201, 60,
               "a new session")


# Daemons

def test_either_of_two_daemons_finishes_what_the_other_began(shop, portals):
    one, other = portals(shop), portals(shop)
    alice = other.login("alice")
    for pause in (0, 0.002, 0.005, 0.01, 0.02):
        if one.daemon.process.poll() is not None:
            one = portals(shop)
        carol = one.login("carol")
        request = alice.ask()
        result = []

        def approve():
            try:
                result.append(carol.call("POST", f"/requests/{request}/approve").status)
            except (OSError, http.client.HTTPException) as error:
                result.append(error)

        thread = threading.Thread(target=approve)
        with alice.events() as events:
            thread.start()
            time.sleep(pause)
            one.daemon.kill()
            thread.join(30)
            if result == [200]:
                events.wait_for("granted", request)
            else:  # all or nothing: where it was nothing, somebody decides again
                again = other.login("carol").post(f"/requests/{request}/approve")
                assert again.status == 200 or again.problem("wrong-state", 409)
            alice.wait_for(request, "active")
            assert shop.dba("SELECT count(*) FROM jit.grants WHERE request_id = %s", [request]) == [(1,)]
            assert events.kinds(request).count("granted") <= 1
    assert alice.value("SELECT count(*) FROM sales.orders") == "1000"


def test_sessions_are_of_one_daemon_and_tokens_of_all(shop, portals):
    one, other = portals(shop), portals(shop)
    alice = one.login("alice")
    token = alice.token("read")
    elsewhere = other.with_headers(**{"Cookie": alice.headers["Cookie"]})
    elsewhere.get("/me").problem("not-authenticated", 401)
    assert one.bearer(token).user() == other.bearer(token).user() == "alice"
    one.daemon.kill()
    assert other.bearer(token).user() == "alice"


def test_restarted_daemon_knows_no_session_of_before_and_every_token(shop, portals):
    first = portals(shop)
    alice = first.login("alice")
    token = alice.token("read")
    first.daemon.terminate()
    assert not shop.dba("SELECT 1 FROM pg_stat_activity WHERE usename = 'alice' AND datname = %s", [shop.database])
    second = portals(shop, port=first.daemon.port)
    alice.get("/me").problem("not-authenticated", 401)
    assert second.bearer(token).user() == "alice"


def test_events_of_one_daemon_go_on_at_the_other(shop, portals):
    one, other = portals(shop), portals(shop)
    token = one.login("alice").token("read", "request")
    with one.bearer(token).events() as events:
        first = one.bearer(token).ask()
        last = events.wait_for("requested", first)["id"]
        one.daemon.kill()
        assert events.ended.wait(10)
    missed = other.bearer(token).ask()
    with other.bearer(token).events(last_event_id=last) as events:
        events.wait_for("requested", missed)
        assert events.kinds(first) == []


def test_daemon_that_is_told_to_stop_ends_streams_and_statements_in_time(shop, portals):
    portal = portals(shop)
    alice = portal.login("alice")
    with alice.events() as events:
        thread = threading.Thread(target=_status, args=(alice, "/sql", {"sql": "SELECT pg_sleep(60)"}))
        thread.start()
        wait_until(lambda: running(shop), what="the statement running")
        begun = time.monotonic()
        assert portal.daemon.terminate() == 0
        assert time.monotonic() - begun < 15
        assert events.ended.wait(5)
        thread.join(10)
    wait_until(lambda: not running(shop), what="the statement's end")


def _status(caller, path, body=None):
    try:
        return caller.call("POST", path, body=body).status
    except (OSError, http.client.HTTPException):
        return None
