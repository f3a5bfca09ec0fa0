"""What happens to requests, policies, masks, settings and memberships, in the audit log."""

import pytest
from psycopg import errors

from support.audit import assert_intact, event, records, statement, statements
from support.people import wait_until


def test_life_of_a_request_is_recorded(shop, alice):
    request = shop.ask("alice", "SELECT ON sales.orders", "1 hour", "INC-1: stuck", ticket="T-1")
    shop.approve(request)
    shop.push()
    shop.revoke(request)
    found = wait_until(lambda: [row for row in records(shop, "request_ids = ARRAY[%s::bigint]", [request])
                                if row["kind"] == "revoked"] and records(shop, "request_ids = ARRAY[%s::bigint]", [request]))
    assert [(row["kind"], row["session_user_name"]) for row in found] == [
        ("requested", "alice"), ("approved", "carol"), ("granted", "jit_daemon"), ("revoked", "carol")]
    asked = found[0]["detail"]
    assert (asked["access"], asked["reason"], asked["ticket"], asked["duration"], asked["requester"]) == (
        "SELECT ON sales.orders", "INC-1: stuck", "T-1", "01:00:00", "alice")
    assert found[2]["detail"]["expires_at"] and found[3]["detail"]["end_reason"] == "over"
    assert_intact(shop)


@pytest.mark.parametrize("kind, act", [
    ("denied", lambda shop, request: shop.run("carol", "SELECT jit_deny(%s, 'no')", [request])),
    ("cancelled", lambda shop, request: shop.run("alice", "SELECT jit_cancel(%s)", [request])),
])
def test_other_ends_are_recorded(shop, kind, act):
    request = shop.ask("alice", "SELECT ON sales.orders")
    act(shop, request)
    assert event(shop, kind)["request_ids"] == [request]


def test_expiry_is_recorded(shop):
    request = shop.grant("alice", "SELECT ON sales.orders", "1 second")
    shop.wait_for_end(request)
    shop.push()
    assert event(shop, "expired")["request_ids"] == [request]


def test_break_glass_is_an_event_of_its_own_kind(shop):
    shop.dba("INSERT INTO jit.policies (name, break_glass) VALUES ('glass', true)")
    request = shop.ask("alice", "SELECT ON sales.orders", break_glass=True)
    assert event(shop, "break_glass")["request_ids"] == [request]
    shop.run("carol", "SELECT jit.review(%s, 'was needed')", [request])
    assert event(shop, "reviewed")["detail"]["review"] == "was needed"


def test_event_that_is_rolled_back_has_not_happened(shop, alice):
    alice.execute("BEGIN")
    alice.execute("SELECT jit_request('SELECT ON sales.orders', '1 hour', 'INC-1')")
    alice.execute("ROLLBACK")
    alice.execute("SELECT 1 AS end_of_it")
    statements(shop, "end_of_it")
    assert not records(shop, "kind = 'requested'")
    # But that it was tried is there.
    assert statement(shop, "jit_request")["outcome"] == "succeeded"


def test_rolled_back_savepoint_takes_its_events_along(shop, alice):
    alice.execute("BEGIN")
    alice.execute("SELECT jit_request('SELECT ON sales.orders', '1 hour', 'first')")
    alice.execute("SAVEPOINT s")
    alice.execute("SELECT jit_request('SELECT ON sales.items', '1 hour', 'second')")
    alice.execute("ROLLBACK TO s")
    alice.execute("COMMIT")
    event(shop, "requested")
    assert [row["detail"]["reason"] for row in records(shop, "kind = 'requested'")] == ["first"]


def test_event_is_not_left_to_a_prepared_transaction(shop):
    with shop.connect("postgres") as dba:
        dba.execute("BEGIN")
        dba.execute("INSERT INTO jit.policies (name, objects) VALUES ('undecided', '{sales.orders}')")
        with pytest.raises(errors.FeatureNotSupported):
            dba.execute("PREPARE TRANSACTION 'undecided'")
    shop.dba("INSERT INTO jit.policies (name, objects) VALUES ('decided', '{sales.orders}')")
    event(shop, "policy_changed")
    assert not records(shop, "detail::text ~ 'undecided'")


def test_policies_are_recorded_before_and_after(shop):
    shop.dba("INSERT INTO jit.policies (name, approvals) VALUES ('two', 2)")
    shop.dba("UPDATE jit.policies SET approvals = 0 WHERE name = 'two'")
    shop.dba("DELETE FROM jit.policies WHERE name = 'two'")
    rows = wait_until(lambda: (found := records(shop, "kind = 'policy_changed'")) and len(found) == 3 and found)
    assert [row["session_user_name"] for row in rows] == ["postgres"] * 3
    assert (rows[1]["detail"]["before"]["approvals"], rows[1]["detail"]["after"]["approvals"]) == (2, 0)
    assert "after" not in rows[2]["detail"]
    shop.dba("TRUNCATE jit.policies")
    wait_until(lambda: records(shop, "kind = 'policy_changed' AND detail ? 'removed'"))


def test_triggers_switched_off_for_replication_do_not_hide_a_policy(shop):
    with shop.connect("postgres") as dba:
        dba.execute("SET session_replication_role = replica")
        dba.execute("INSERT INTO jit.policies (name, approvals) VALUES ('quiet', 0)")
    assert event(shop, "policy_changed")["detail"]["after"]["name"] == "quiet"


def test_masks_are_recorded(shop):
    shop.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.orders.total IS 'MASKED WITH VALUE 0'")
    shop.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.orders.total IS NULL")
    rows = wait_until(lambda: (found := records(shop, "kind = 'mask_changed'")) and len(found) == 2 and found)
    assert rows[0]["detail"] == {"relation": "sales.orders", "column": "total", "before": None, "after": "MASKED WITH VALUE 0"}
    assert rows[1]["detail"]["before"] == "MASKED WITH VALUE 0" and rows[1]["detail"]["after"] is None
    shop.dba("INSERT INTO jit.mask_classes (class, for_type, mask) VALUES ('own', 'text', 'jit_mask_full(value)')")
    assert event(shop, "mask_class_changed")["detail"]["after"]["class"] == "own"


def test_memberships_are_recorded(shop):
    shop.dba("CREATE ROLE audit_new")
    try:
        shop.dba("GRANT jit_approver TO audit_new")
        shop.dba("REVOKE jit_approver FROM audit_new")
        rows = wait_until(lambda: (found := records(shop, "kind = 'membership_changed' AND detail->'members' ? 'audit_new'")) and len(found) == 2 and found)
        assert [row["detail"] for row in rows] == [
            {"action": "GRANT", "roles": ["jit_approver"], "members": ["audit_new"]},
            {"action": "REVOKE", "roles": ["jit_approver"], "members": ["audit_new"]}]
    finally:
        shop.dba("DROP ROLE audit_new")


def test_what_is_seen_raw_is_named(masked):
    request = masked.grant("alice", "SELECT, UNMASK (ssn) ON sales.people")
    masked.run("alice", "SELECT ssn, email FROM sales.people WHERE id = 1 AND 'by_grant' = 'by_grant'")
    row = statement(masked, "by_grant")
    assert row["request_ids"] == [request] and row["raw_columns"] == ["sales.people.ssn"]
    masked.run("alice", "SELECT email FROM sales.people WHERE id = 1 AND 'by_mask' = 'by_mask'")
    assert statement(masked, "by_mask")["raw_columns"] is None


def test_standing_sight_is_recorded_and_never_in_the_way(masked):
    masked.dba("CREATE ROLE audit_sees LOGIN IN ROLE jit_unmasked")
    try:
        masked.dba("GRANT USAGE ON SCHEMA sales TO audit_sees; GRANT SELECT ON sales.people TO audit_sees")
        masked.run("audit_sees", "SELECT p AS whole_row FROM sales.people p WHERE id = 1")
        masked.run("audit_sees", "SELECT id AS no_mask_in_it FROM sales.people WHERE id = 1")
        row = statement(masked, "whole_row")
        assert row["session_user_name"] == "audit_sees" and "sales.people.email" in row["raw_columns"]
        assert not records(masked, "statement ~ 'no_mask_in_it'")
    finally:
        masked.dba("DROP OWNED BY audit_sees; DROP ROLE audit_sees")


def test_approval_fails_when_it_cannot_be_recorded_and_revocation_does_not(audit_shop):
    """With the worker held up; on a server of its own."""
    shop = audit_shop
    request = shop.grant("alice", "SELECT ON sales.orders")
    other = shop.ask("alice", "SELECT ON sales.items")
    with shop.held_up_worker():
        with pytest.raises(errors.ObjectNotInPrerequisiteState):
            shop.approve(other)
        assert shop.revoke(request) == "revoked"
    assert shop.status(other) == "pending"
    event(shop, "revoked")
    assert_intact(shop)
