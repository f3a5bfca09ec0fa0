"""Cursors and portals: rows that outlive their statement are where access leaks past its end."""

import time

import pytest
from psycopg import errors

from support.people import ENDED, one, refused, usable
from support.wire import ServerError, Wire

ENDED_STATES = ("57014", "42501")


@pytest.fixture
def wire(shop):
    wire = Wire(shop, "alice")
    yield wire
    wire.close()


def test_with_hold_is_refused_under_a_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    with pytest.raises(errors.FeatureNotSupported):
        alice.execute("DECLARE c CURSOR WITH HOLD FOR SELECT total FROM sales.orders")
    alice.execute("BEGIN")
    with pytest.raises(errors.FeatureNotSupported):
        alice.execute("DECLARE c CURSOR WITH HOLD FOR SELECT total FROM sales.orders")
    assert usable(alice)
    assert one(alice, "SELECT count(*) FROM pg_cursors") == 0


def test_with_hold_is_refused_through_a_view_and_in_a_subquery(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders, sales.open_orders")
    for query in ("SELECT total FROM sales.open_orders",
                  "SELECT (SELECT max(total) FROM sales.orders)",
                  "WITH o AS MATERIALIZED (TABLE sales.orders) SELECT total FROM o"):
        with pytest.raises(errors.FeatureNotSupported):
            alice.execute(f"DECLARE c CURSOR WITH HOLD FOR {query}")


def test_with_hold_goes_on_for_what_needs_no_grant(shop, alice):
    alice.execute("DECLARE c CURSOR WITH HOLD FOR SELECT g FROM generate_series(1, 5) g")
    assert len(alice.execute("FETCH ALL FROM c").fetchall()) == 5
    with shop.connect("app") as app:
        app.execute("DECLARE c CURSOR WITH HOLD FOR SELECT total FROM sales.orders")
        assert len(app.execute("FETCH 5 FROM c").fetchall()) == 5


def test_with_hold_without_a_grant_is_a_plain_refusal(shop, alice):
    refused(alice, "DECLARE c CURSOR WITH HOLD FOR SELECT total FROM sales.orders")


def test_portal_fetched_in_parts_works_under_a_grant(shop, wire):
    shop.grant("alice", "SELECT ON sales.orders")
    wire.query("BEGIN")
    wire.bind("SELECT total FROM sales.orders")
    assert wire.execute(10) == (10, True)
    assert wire.execute(0) == (990, False)


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_ended_grant_stops_portal_fetched_in_parts(shop, wire, how):
    request = shop.grant("alice", "SELECT ON sales.orders",
                         "2 seconds" if how == "expired" else "1 hour")
    wire.query("BEGIN")
    wire.bind("SELECT total FROM sales.orders")
    assert wire.execute(10) == (10, True)
    shop.wait_for_end(request) if how == "expired" else shop.revoke(request)
    with pytest.raises(ServerError) as caught:
        wire.execute(10)
    assert caught.value.sqlstate in ENDED_STATES
    wire.query("ROLLBACK")
    assert wire.query("SELECT 42") == 1


@pytest.mark.parametrize("how", ["expired", "revoked"])
@pytest.mark.parametrize("statement", [
    "UPDATE sales.orders SET status = 'x' RETURNING order_id",
    "WITH w AS (UPDATE sales.orders SET status = 'x' RETURNING order_id) SELECT * FROM w",
])
def test_ended_grant_stops_returning_portal_fetched_in_parts(shop, wire, statement, how):
    """Such a portal ran to its end at the first Execute; the later ones pass no executor hook."""
    request = shop.grant("alice", "ALL ON sales.orders", "2 seconds" if how == "expired" else "1 hour")
    wire.query("BEGIN")
    wire.bind(statement)
    assert wire.execute(10)[0] == 10
    shop.wait_for_end(request) if how == "expired" else shop.revoke(request)
    # The portal is closed by the idle session itself, a moment later.
    time.sleep(1)
    with pytest.raises(ServerError) as caught:
        wire.execute(10)
    assert caught.value.sqlstate in ENDED_STATES + ("55000",)
    wire.query("ROLLBACK")
    assert shop.dba("SELECT count(*) FROM sales.orders WHERE status = 'x'") == [(0,)]
    assert wire.query("SELECT 42") == 1


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_watch_over_stored_rows_is_not_put_out_by_an_error(shop, wire, how):
    request = shop.grant("alice", "SELECT ON sales.orders", "3 seconds" if how == "expired" else "1 hour")
    wire.query("PREPARE all_orders AS SELECT * FROM sales.orders")
    wire.query("BEGIN")
    wire.bind("EXECUTE all_orders")
    assert wire.execute(10)[0] == 10
    wire.query("SAVEPOINT a")
    assert wire.fail("SELECT 1 / 0") == "22012"
    wire.query("ROLLBACK TO a")
    shop.wait_for_end(request) if how == "expired" else shop.revoke(request)
    time.sleep(1)
    with pytest.raises(ServerError) as caught:
        wire.execute(10)
    assert caught.value.sqlstate in ENDED_STATES + ("55000",)
    wire.query("ROLLBACK")


def test_stored_rows_of_a_portal_cannot_be_committed_into_after_the_end(shop, wire):
    request = shop.grant("alice", "ALL ON sales.orders")
    wire.query("BEGIN")
    wire.bind("UPDATE sales.orders SET status = 'x' RETURNING order_id")
    assert wire.execute(10)[0] == 10
    shop.revoke(request)
    with pytest.raises(ServerError) as caught:
        wire.query("COMMIT")
    assert caught.value.sqlstate == "42501"
    assert shop.dba("SELECT count(*) FROM sales.orders WHERE status = 'x'") == [(0,)]


def test_statement_bound_before_the_end_is_refused_after_it(shop, wire):
    request = shop.grant("alice", "SELECT ON sales.orders")
    wire.query("BEGIN")
    wire.bind("SELECT total FROM sales.orders")
    shop.revoke(request)
    with pytest.raises(ServerError) as caught:
        wire.execute(1)
    assert caught.value.sqlstate in ENDED_STATES


def test_update_where_current_of_needs_update(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    alice.execute("FETCH 1 FROM c")
    refused(alice, "UPDATE sales.orders SET status = 'x' WHERE CURRENT OF c")


def test_refcursor_of_a_function_stops_at_the_end(shop, alice):
    alice.execute("CREATE FUNCTION pg_temp.opened() RETURNS refcursor LANGUAGE plpgsql AS $$"
                  " DECLARE c refcursor := 'held'; BEGIN OPEN c FOR SELECT total FROM sales.orders;"
                  " RETURN c; END $$")
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("BEGIN")
    alice.execute("SELECT pg_temp.opened()")
    assert len(alice.execute("FETCH 5 FROM held").fetchall()) == 5
    shop.revoke(request)
    with pytest.raises(ENDED):
        alice.execute("FETCH 5 FROM held")


def test_other_statements_do_not_revive_an_ended_cursor(shop, alice):
    """They read the grants anew, so that nothing looks changed any more."""
    request = shop.grant("alice", "SELECT ON sales.orders")
    shop.grant("alice", "SELECT ON sales.customers")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    alice.execute("FETCH 1 FROM c")
    shop.revoke(request)
    assert one(alice, "SELECT count(*) FROM sales.customers") == 100
    alice.execute("SAVEPOINT s")
    with pytest.raises(ENDED):
        alice.execute("FETCH 1 FROM c")
    alice.execute("ROLLBACK TO s")
    with pytest.raises(errors.ObjectNotInPrerequisiteState):  # the cursor is no more
        alice.execute("FETCH 1 FROM c")


def test_fetch_of_an_ended_cursor_does_not_reach_temp_tables(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    shop.revoke(request)
    with pytest.raises(ENDED):
        alice.execute("DO $$ DECLARE c refcursor := 'c'; t numeric; BEGIN FETCH c INTO t; END $$")
