"""The whole path with a real daemon: refused, asked, approved, used, expired."""

import pytest
from psycopg import errors

from support.daemon import Daemon, cli, cli_json, wait_for_status
from support.people import ENDED, Background, hint_sql, one, refused, usable, wait_until


@pytest.fixture
def daemon(shop):
    daemon = Daemon(shop)
    yield daemon
    daemon.close()


def opened(connection, statement):
    """The statement's first value as soon as the session may run it."""
    def attempt():
        try:
            return connection.execute(statement).fetchone()
        except errors.InsufficientPrivilege:
            return None
    return wait_until(attempt, what="the access")[0]


def test_refused_asked_approved_used_expired_in_one_open_session(shop, alice, daemon):
    query = "SELECT sum(total) FROM sales.orders"
    diag = refused(alice, query)
    assert diag.message_primary == "permission denied for table orders"

    request = one(alice, hint_sql(diag).replace("30 minutes", "3 seconds")
                  .replace("<why>", "INC-4711: a stuck order"))
    assert one(alice, "SELECT status FROM jit.my_requests WHERE id = %s", [request]) == "pending"
    refused(alice, query)

    cli(shop, "carol", "approve", request)
    assert opened(alice, query) == 500500
    refused(alice, "SELECT status FROM sales.orders")

    with pytest.raises(ENDED):
        alice.execute("SELECT pg_sleep(30), total FROM sales.orders")
    assert usable(alice)
    refused(alice, query)
    wait_for_status(shop, request, "expired")
    # By the daemon's hand too, not only by the clock of the view.
    wait_until(lambda: shop.dba("SELECT 1 FROM jit.requests WHERE id = %s AND status = 'expired'",
                                [request]), what="the daemon's mark")


def test_hint_can_be_pasted_as_it_stands(shop, alice, daemon):
    request = one(alice, hint_sql(refused(alice, "SELECT * FROM sales.open_totals")))
    cli(shop, "carol", "approve", request)
    assert opened(alice, "SELECT count(*) FROM sales.open_totals") == 667


@pytest.mark.parametrize("statement", [
    "SELECT o.total, i.product FROM sales.orders o JOIN sales.items i USING (order_id) LIMIT 1",
    "UPDATE sales.orders SET status = 'x' WHERE order_id = 1 RETURNING total",
    "INSERT INTO sales.orders (customer_id) SELECT 1 RETURNING order_id",
    "WITH gone AS (DELETE FROM sales.items WHERE order_id = 4 RETURNING *) SELECT * FROM gone",
    "SELECT count(*) FROM sales.invoker_orders",
    "SELECT o FROM sales.orders o FOR UPDATE LIMIT 1",
])
def test_pasting_hint_after_hint_always_gets_there(shop, alice, statement):
    """Whatever a statement lacks, the hint of its refusal leads to running it, in a few rounds."""
    for _ in range(4):
        try:
            assert alice.execute(statement).fetchone()
            return
        except errors.InsufficientPrivilege as error:
            for single in hint_sql(error.diag).split("; "):
                shop.approve(one(alice, single))
            shop.push()
    raise AssertionError("the hints do not lead to the access")


def test_wait_returns_when_the_approver_has_decided(shop, alice, daemon):
    request = one(alice, "SELECT jit_request('SELECT ON sales.orders', '1 hour', 'INC-1')")
    waiting = Background(lambda: one(alice, "SELECT jit_wait(%s, '30 seconds')", [request]))
    shop.wait_for_statement(alice)
    cli(shop, "carol", "approve", request)
    assert waiting.result() in ("approved", "active")


def test_denied_request_opens_nothing(shop, alice, daemon):
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "deny", request, "--message", "not today")
    assert shop.status(request) == "denied"
    shop.push()
    refused(alice, "SELECT total FROM sales.orders")


def test_revoke_on_the_command_line_cuts_the_running_query(shop, alice, daemon):
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "approve", request)
    assert opened(alice, "SELECT count(*) FROM sales.orders") == 1000
    running = Background(lambda: alice.execute("SELECT pg_sleep(50) FROM sales.orders"))
    shop.wait_for_statement(alice)
    cli(shop, "carol", "revoke", request)
    with pytest.raises(errors.QueryCanceled):
        running.result()


def test_automatic_request_is_pushed_without_anybody(shop, alice, daemon):
    shop.dba("INSERT INTO jit.policies (name, objects, approvals) VALUES ('auto', '{sales.items}', 0)")
    one(alice, "SELECT jit_request('SELECT ON sales.items', '1 hour', 'INC-1')")
    assert opened(alice, "SELECT count(*) FROM sales.items") == 3000


def test_quorum_of_two_opens_with_the_second(shop, alice, daemon):
    shop.dba("INSERT INTO jit.policies (name, objects, approvals) VALUES ('two', '{sales.*}', 2)")
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "approve", request)
    shop.push()
    refused(alice, "SELECT total FROM sales.orders")
    cli(shop, "dave", "approve", request)
    assert opened(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_break_glass_opens_at_once_with_the_daemon_dead(shop, alice):
    shop.dba("INSERT INTO jit.policies (name, objects, break_glass) VALUES ('fire', '{sales.*}', true)")
    request = shop.ask("alice", "SELECT ON sales.orders", break_glass=True)
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    assert shop.dba("SELECT review_owed FROM jit.requests WHERE id = %s", [request]) == [(True,)]


def test_undecided_request_lapses_by_the_daemons_hand(shop, daemon):
    shop.dba("INSERT INTO jit.policies (name, objects, lapse_after)"
             " VALUES ('brief', '{sales.*}', '1 second')")
    request = shop.ask("alice", "SELECT ON sales.orders")
    wait_until(lambda: shop.dba("SELECT 1 FROM jit.requests WHERE id = %s AND status = 'lapsed'",
                                [request]), what="the lapse")


def test_command_line_lists_what_there_is_to_decide(shop, daemon):
    request = shop.ask("alice", "SELECT (total) ON sales.orders")
    listed = cli_json(shop, "carol", "requests")
    assert [r["id"] for r in listed] == [request]
    shown = cli(shop, "carol", "show", request).stdout
    for part in ("alice", "SELECT (total) ON sales.orders", "INC-1"):
        assert part in shown


def test_own_request_cannot_be_approved_on_the_command_line(shop):
    shop.dba("GRANT jit_approver TO alice")
    try:
        request = shop.ask("alice", "SELECT ON sales.orders")
        done = cli(shop, "alice", "approve", request, check=False)
        assert done.returncode == 4
        assert shop.status(request) == "pending"
    finally:
        shop.dba("REVOKE jit_approver FROM alice")
