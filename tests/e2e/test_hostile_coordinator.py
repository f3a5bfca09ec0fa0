"""The daemon's login is let do what the database finds approved; it can mint nothing of its own."""

import pytest
from psycopg import errors

from support.people import refused


@pytest.fixture
def coordinator(shop):
    return shop.connect("jit_daemon")


def test_coordinator_cannot_write_the_tables(shop, coordinator):
    request = shop.ask("alice", "SELECT ON sales.orders")
    for statement in (
            "INSERT INTO jit.grants (request_id, grantee, relation) VALUES (1, 'alice', 'sales.orders')",
            "UPDATE jit.requests SET status = 'approved'", "DELETE FROM jit.requests",
            f"INSERT INTO jit.approvals (request_id, approver, decision) VALUES ({request}, 'carol', 'approve')",
            "INSERT INTO jit.policies (name, approvals) VALUES ('mine', 0)",
            "UPDATE jit.grants SET expires_at = 'infinity'"):
        refused(coordinator, statement)


def test_coordinator_cannot_approve_nor_push_what_is_pending(shop, alice, coordinator):
    request = shop.ask("alice", "SELECT ON sales.orders")
    with pytest.raises(errors.InsufficientPrivilege):
        coordinator.execute("SELECT jit_approve(%s)", [request])
    coordinator.execute("SELECT * FROM jit.run_due()")
    refused(alice, "SELECT total FROM sales.orders")
    assert shop.status(request) == "pending"


def test_coordinator_reads_no_data(shop, coordinator):
    shop.dba("GRANT USAGE ON SCHEMA sales TO jit_daemon")
    refused(coordinator, "SELECT total FROM sales.orders")


def test_coordinator_cannot_file_a_request_for_another(shop, coordinator):
    objects = shop.dba("SELECT oid::regprocedure FROM pg_proc WHERE proname = 'file_request'"
                       " AND pronamespace = 'jit'::regnamespace")
    for (function,) in objects:
        assert shop.dba("SELECT has_function_privilege('jit_daemon', %s::regprocedure, 'EXECUTE')",
                        [function]) == [(False,)]


def test_approval_of_somebody_who_left_does_not_count_at_the_push(shop, alice):
    request = shop.ask("alice", "SELECT ON sales.orders")
    shop.approve(request, "dave")
    try:
        shop.dba("REVOKE jit_approver FROM dave")
        shop.push()
        refused(alice, "SELECT total FROM sales.orders")
    finally:
        shop.dba("GRANT jit_approver TO dave")


def test_policy_that_came_to_deny_is_heard_at_the_push(shop, alice):
    request = shop.ask("alice", "SELECT ON sales.orders")
    shop.approve(request)
    shop.dba("INSERT INTO jit.policies (name, priority, objects, verdict)"
             " VALUES ('no', 1, '{sales.orders}', 'deny')")
    shop.push()
    refused(alice, "SELECT total FROM sales.orders")


def test_nobody_else_may_push(shop):
    for role in ("alice", "carol", "erin", "app"):
        with shop.connect(role) as connection:
            refused(connection, "SELECT * FROM jit.run_due()")


def test_approver_of_another_kind_cannot_decide(shop):
    request = shop.ask("alice", "SELECT ON sales.orders")
    for role in ("bob", "erin", "app", "jit_daemon"):
        with pytest.raises(errors.Error):
            shop.approve(request, role)
    assert shop.status(request) == "pending"


def test_become_another_with_set_role_approves_nothing(shop):
    """Identity is the login's: a requester who may become an approver is still the requester."""
    shop.dba("GRANT carol TO alice")
    try:
        alice = shop.connect("alice")
        request = shop.ask("alice", "SELECT ON sales.orders", on=alice)
        alice.execute("SET ROLE carol")
        with pytest.raises(errors.InsufficientPrivilege):
            alice.execute("SELECT jit_approve(%s)", [request])
    finally:
        shop.dba("REVOKE carol FROM alice")
