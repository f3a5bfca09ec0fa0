"""At the agreed instant it ends, wherever the statement stands; the session lives on."""

import time

import psycopg
import pytest
from psycopg import errors

from support.people import ENDED, Background, one, refused, usable

SHORT = "2 seconds"


def cancelled(request, action, *arguments):
    """Asserts that the action is cut off (57014) with a message that names the request."""
    with pytest.raises(errors.QueryCanceled) as caught:
        action(*arguments)
    assert f"request {request}" in str(caught.value)


def test_expiry_cuts_a_running_query(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    cancelled(request, alice.execute, "SELECT pg_sleep(30) FROM sales.orders")
    assert usable(alice)
    refused(alice, "SELECT total FROM sales.orders")


def test_expiry_cuts_a_busy_query(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.readings", SHORT)
    cancelled(request, alice.execute,
              "SELECT count(*) FROM sales.readings a, sales.readings b WHERE a.value <> b.value")
    assert usable(alice)


def test_expiry_cuts_the_extended_protocol_too(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    cancelled(request, alice.execute, "SELECT pg_sleep(%s) FROM sales.orders", [30])
    assert usable(alice)


def test_expiry_cuts_every_session_of_the_requester(shop):
    sessions = [shop.connect("alice") for _ in range(3)]
    request = shop.grant("alice", "SELECT ON sales.orders", "3 seconds")
    running = [Background(lambda s=s: s.execute("SELECT pg_sleep(30) FROM sales.orders"))
               for s in sessions]
    for background in running:
        cancelled(request, background.result)


def test_expiry_leaves_other_statements_alone(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders", SHORT)
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    assert one(alice, "SELECT 5 FROM pg_sleep(3)") == 5


def test_expiry_leaves_what_a_longer_grant_covers(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders", "1 second")
    shop.grant("alice", "SELECT ON sales.orders", "1 hour")
    assert one(alice, "SELECT count(*) FROM sales.orders, pg_sleep(2)") == 1000


def test_time_of_the_grant_is_the_clocks(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    alice.execute("BEGIN")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    shop.wait_for_end(request)
    refused(alice, "SELECT count(*) FROM sales.orders")


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_expiry_in_an_open_transaction(shop, alice, level):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    alice.execute(f"BEGIN ISOLATION LEVEL {level}")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    shop.wait_for_end(request)
    refused(alice, "SELECT count(*) FROM sales.orders")
    assert usable(alice)


def test_expired_grant_stops_open_cursor(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    assert len(alice.execute("FETCH 10 FROM c").fetchall()) == 10
    shop.wait_for_end(request)
    with pytest.raises(ENDED):
        alice.execute("FETCH 10 FROM c")
    assert usable(alice)


def test_expired_grant_stops_materialised_cursor(shop, alice):
    """A sort or a scrollable cursor holds rows that were read in time; it yields none either."""
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    alice.execute("BEGIN")
    alice.execute("DECLARE c SCROLL CURSOR FOR SELECT total FROM sales.orders ORDER BY total")
    assert len(alice.execute("FETCH 10 FROM c").fetchall()) == 10
    shop.wait_for_end(request)
    with pytest.raises(ENDED):
        alice.execute("FETCH BACKWARD 5 FROM c")
    assert usable(alice)


def test_move_in_an_expired_cursor_tells_nothing(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    alice.execute("FETCH 1 FROM c")
    shop.wait_for_end(request)
    with pytest.raises(ENDED):
        alice.execute("MOVE ALL IN c")


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan", "auto"])
def test_expired_grant_stops_sql_prepared_statement(shop, alice, mode):
    alice.execute(f"SET plan_cache_mode = {mode}")
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    alice.execute("PREPARE q (int) AS SELECT total FROM sales.orders WHERE order_id = $1")
    for n in range(1, 8):
        assert one(alice, f"EXECUTE q ({n})") == n
    shop.wait_for_end(request)
    refused(alice, "EXECUTE q (1)")
    assert usable(alice)


def test_expired_grant_stops_protocol_prepared_statement(shop, alice):
    alice.execute("SET plan_cache_mode = force_generic_plan")
    query = "SELECT total FROM sales.orders WHERE order_id = %s"
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    for n in range(1, 4):
        assert alice.execute(query, [n], prepare=True).fetchone()[0] == n
    shop.wait_for_end(request)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute(query, [1], prepare=True)
    shop.grant("alice", "SELECT ON sales.orders")
    assert alice.execute(query, [1], prepare=True).fetchone()[0] == 1


def test_statement_prepared_before_the_grant_works_under_it(shop, alice):
    alice.execute("PREPARE q AS SELECT count(*) FROM sales.orders")
    refused(alice, "EXECUTE q")
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "EXECUTE q") == 1000


def test_expiry_stops_copy_in_flight(shop, alice):
    request = shop.grant("alice", "SELECT, EXPORT ON sales.readings", SHORT)
    received = []

    def read():
        with alice.cursor().copy("COPY (SELECT r.reading_id, pg_sleep(0.01) FROM sales.readings r)"
                                 " TO STDOUT") as copy:
            received.extend(copy)

    cancelled(request, read)
    assert usable(alice)
    assert len(received) < 100000


def test_expiry_cuts_a_stream_of_rows(shop, alice):
    """Rows that arrive as they are made stop in the middle."""
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    seen = []

    def read():
        for row in alice.cursor().stream("SELECT order_id, pg_sleep(0.02) FROM sales.orders"):
            seen.append(row)

    cancelled(request, read)
    assert len(seen) < 1000
    assert usable(alice)


def test_expiry_cuts_a_write(shop, alice):
    request = shop.grant("alice", "SELECT, UPDATE ON sales.orders", SHORT)
    cancelled(request, alice.execute,
              "UPDATE sales.orders SET status = 'x' WHERE pg_sleep(0.05) IS NOT NULL")
    assert shop.dba("SELECT count(*) FROM sales.orders WHERE status = 'x'") == [(0,)]


def test_expiry_while_waiting_for_a_lock(shop, alice):
    app = shop.connect("app")
    app.execute("BEGIN")
    app.execute("UPDATE sales.orders SET status = 'busy' WHERE order_id = 1")
    request = shop.grant("alice", "SELECT, UPDATE ON sales.orders", SHORT)
    cancelled(request, alice.execute,
              "UPDATE sales.orders SET status = 'x' WHERE order_id = 1")
    assert usable(alice)


def test_statement_timeout_goes_on_under_a_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("SET statement_timeout = '300ms'")
    with pytest.raises(errors.QueryCanceled, match="statement timeout"):
        alice.execute("SELECT pg_sleep(20) FROM sales.orders")
    alice.execute("SET statement_timeout = 0")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_expiry_still_cuts_after_an_earlier_error(shop, alice):
    """Any error disarms the server's timers: the next statement must arm its own."""
    request = shop.grant("alice", "SELECT ON sales.orders", "3 seconds")
    with pytest.raises(errors.DivisionByZero):
        alice.execute("SELECT 1 / (total - total) FROM sales.orders")
    cancelled(request, alice.execute, "SELECT pg_sleep(30) FROM sales.orders")


def test_pipelined_statements_end_with_the_grant(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    with pytest.raises(ENDED):
        with alice.pipeline():
            for _ in range(200):
                alice.execute("SELECT pg_sleep(0.1) FROM sales.orders LIMIT 1")
    assert usable(alice)
    assert request


def test_session_can_be_given_access_again(shop, alice):
    first = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    shop.wait_for_end(first)
    refused(alice, "SELECT count(*) FROM sales.orders")
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_extension_runs_on_without_a_gap(shop, alice):
    first = shop.grant("alice", "SELECT ON sales.orders", "4 seconds")
    longer = one(alice, "SELECT jit_extend(%s, '1 hour', 'INC-1: not done yet')", [first])
    shop.approve(longer)
    shop.push()
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    shop.wait_for_end(first)
    time.sleep(0.2)
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_status_says_expired_without_any_daemon(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", "1 second")
    shop.wait_for_end(request)
    assert shop.status(request) == "expired"
    assert one(alice, "SELECT status FROM jit.my_requests") == "expired"


def test_connection_in_transaction_is_not_broken_by_expiry(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", SHORT)
    alice.execute("BEGIN")
    alice.execute("SELECT count(*) FROM sales.orders")
    shop.wait_for_end(request)
    alice.execute("COMMIT")
    assert alice.info.status == psycopg.pq.ConnStatus.OK
