"""A revocation is seen at once, wherever the statement stands."""

import psycopg
import pytest
from psycopg import errors

from support.people import ENDED, Background, one, refused, usable


def cut(shop, request, connection, statement, parameters=None, by="carol"):
    """Runs the statement, revokes while it runs, asserts that the revocation's commit ends it."""
    running = Background(lambda: connection.execute(statement, parameters))
    shop.wait_for_statement(connection)
    shop.revoke(request, by)
    with pytest.raises(errors.QueryCanceled) as caught:
        running.result()
    assert f"request {request}" in str(caught.value)
    assert usable(connection)


def test_commit_of_a_revoke_cancels_the_running_statement(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    cut(shop, request, alice, "SELECT pg_sleep(50) FROM sales.orders")
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_revoke_cancels_a_busy_query(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.readings")
    cut(shop, request, alice,
        "SELECT count(*) FROM sales.readings a, sales.readings b WHERE a.value <> b.value")


def test_revoke_cancels_in_the_extended_protocol(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    cut(shop, request, alice, "SELECT pg_sleep(%s) FROM sales.orders", [50])


def test_revoke_cancels_a_parallel_query(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.readings")
    alice.execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
                  "SET min_parallel_table_scan_size = 0")
    cut(shop, request, alice,
        "SELECT count(*) FROM sales.readings a, sales.readings b WHERE a.value <> b.value")


def test_requester_hands_back_what_runs(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    cut(shop, request, alice, "SELECT pg_sleep(50) FROM sales.orders", by="alice")


def test_uncommitted_revoke_cancels_nothing(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    carol = shop.connect("carol")
    carol.execute("BEGIN")
    carol.execute("SELECT jit_revoke(%s, 'perhaps')", [request])
    assert one(alice, "SELECT count(*) FROM sales.orders, pg_sleep(0.5)") == 1000
    carol.execute("ROLLBACK")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_revoke_leaves_other_requesters_running(shop, alice, bob):
    request = shop.grant("alice", "SELECT ON sales.orders")
    shop.grant("bob", "SELECT ON sales.orders")
    running = Background(lambda: one(bob, "SELECT count(*) FROM sales.orders, pg_sleep(2)"))
    shop.wait_for_statement(bob)
    shop.revoke(request)
    assert running.result() == 1000


def test_revoke_leaves_statements_that_do_not_use_the_grant(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    running = Background(lambda: one(alice, "SELECT 5 FROM pg_sleep(2)"))
    shop.wait_for_statement(alice)
    shop.revoke(request)
    assert running.result() == 5


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_revoke_bites_inside_an_open_transaction(shop, alice, level):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute(f"BEGIN ISOLATION LEVEL {level}")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    shop.revoke(request)
    refused(alice, "SELECT count(*) FROM sales.orders")
    assert usable(alice)


def test_revoke_stops_open_cursor(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    assert len(alice.execute("FETCH 10 FROM c").fetchall()) == 10
    shop.revoke(request)
    with pytest.raises(ENDED):
        alice.execute("FETCH 10 FROM c")
    assert usable(alice)


def test_revoke_stops_client_side_named_cursor(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    with pytest.raises(ENDED):
        with alice.transaction(), alice.cursor("named") as cursor:
            cursor.execute("SELECT total FROM sales.orders")
            assert len(cursor.fetchmany(10)) == 10
            shop.revoke(request)
            cursor.fetchmany(10)


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
def test_revoke_stops_prepared_statement_in_one_transaction(shop, alice, mode):
    """Within a transaction no lock is newly taken, so no invalidation message is absorbed."""
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute(f"SET plan_cache_mode = {mode}")
    alice.execute("PREPARE q AS SELECT count(*) FROM sales.orders")
    alice.execute("BEGIN")
    for _ in range(6):
        assert one(alice, "EXECUTE q") == 1000
    shop.revoke(request)
    refused(alice, "EXECUTE q")


def test_revoke_stops_protocol_prepared_statement(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    query = "SELECT total FROM sales.orders WHERE order_id = %s"
    for n in range(1, 8):
        assert alice.execute(query, [n], prepare=True).fetchone()[0] == n
    shop.revoke(request)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute(query, [1], prepare=True)
    assert usable(alice)


def test_revoke_stops_copy_in_flight(shop, alice):
    request = shop.grant("alice", "SELECT, EXPORT ON sales.readings")
    received = []

    def read():
        with alice.cursor().copy("COPY (SELECT reading_id, pg_sleep(0.01) FROM sales.readings)"
                                 " TO STDOUT") as copy:
            received.extend(copy)

    running = Background(read)
    shop.wait_for_statement(alice)
    shop.revoke(request)
    with pytest.raises(errors.QueryCanceled):
        running.result()
    assert usable(alice)


def test_revoke_while_waiting_for_a_lock(shop, alice):
    app = shop.connect("app")
    app.execute("BEGIN")
    app.execute("UPDATE sales.orders SET status = 'busy' WHERE order_id = 1")
    request = shop.grant("alice", "SELECT, UPDATE ON sales.orders")
    cut(shop, request, alice, "UPDATE sales.orders SET status = 'x' WHERE order_id = 1")


def test_new_grant_is_seen_inside_an_open_repeatable_read_transaction(shop, alice):
    alice.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    one(alice, "SELECT 1")
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_grant_rows_that_a_dba_deletes_end_the_access(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    shop.dba("DELETE FROM jit.grants WHERE request_id = %s", [request])
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_truncate_of_the_grants_ends_all_access(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    with shop.connect("postgres") as dba:
        # Even by a session that switches ordinary triggers off.
        dba.execute("SET session_replication_role = replica")
        dba.execute("TRUNCATE jit.grants")
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_lost_membership_ends_all_access_at_once(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    try:
        shop.dba("REVOKE jit_requester FROM alice")
        refused(alice, "SELECT count(*) FROM sales.orders")
    finally:
        shop.dba("GRANT jit_requester TO alice")


def test_request_of_a_revoked_grant_says_who_and_why(shop):
    request = shop.grant("alice", "SELECT ON sales.orders")
    assert shop.revoke(request) == "revoked"
    assert shop.dba("SELECT status, ended_by, end_reason FROM jit.requests WHERE id = %s",
                    [request]) == [("revoked", "carol", "over")]


def test_session_in_error_can_still_roll_back(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("BEGIN")
    one(alice, "SELECT count(*) FROM sales.orders")
    shop.revoke(request)
    refused(alice, "SELECT count(*) FROM sales.orders")
    with pytest.raises(errors.InFailedSqlTransaction):
        alice.execute("SELECT 1")
    alice.execute("ROLLBACK")
    assert alice.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
