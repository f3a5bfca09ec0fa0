"""A streaming replica enforces the same grants: they are replicated rows."""

import json

import pytest
from psycopg import errors

from support.people import ENDED, Background, Shop, one, refused, usable, wait_until
from support.server import Server


@pytest.fixture
def replica(own_shop):
    standby = Server(standby_of=own_shop.server)
    shop = Shop(standby, own_shop.database)
    yield shop
    shop.close()
    standby.destroy()


def caught_up(primary, replica):
    """Until the replica has replayed what the primary has written so far."""
    position = primary.dba("SELECT pg_current_wal_lsn()::text")[0][0]
    wait_until(lambda: replica.dba("SELECT 1 WHERE pg_last_wal_replay_lsn() >= %s::pg_lsn",
                                   [position]), what="the replay")


def test_replica_opens_expires_and_revokes_as_the_primary_does(own_shop, replica):
    alice = replica.connect("alice")
    diag = refused(alice, "SELECT total FROM sales.orders")
    assert "jit_request" in diag.message_hint
    assert alice.execute("EXPLAIN SELECT total FROM sales.orders").fetchall()

    revoked = own_shop.grant("alice", "SELECT ON sales.orders, sales.open_orders")
    caught_up(own_shop, replica)
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    assert one(alice, "SELECT count(*) FROM sales.open_orders") == 667
    with pytest.raises(errors.ReadOnlySqlTransaction):
        alice.execute("SELECT 1 FROM sales.orders FOR UPDATE")

    alice.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    alice.execute("FETCH 1 FROM c")
    own_shop.revoke(revoked)
    caught_up(own_shop, replica)
    with pytest.raises(ENDED):
        alice.execute("FETCH 1 FROM c")
    assert usable(alice)
    refused(alice, "SELECT count(*) FROM sales.orders")

    own_shop.grant("alice", "SELECT ON sales.orders", "6 seconds")
    caught_up(own_shop, replica)
    with pytest.raises(errors.QueryCanceled):
        alice.execute("SELECT pg_sleep(50) FROM sales.orders")
    assert usable(alice)
    refused(alice, "SELECT total FROM sales.orders")


@pytest.mark.xfail(strict=True, reason="a known limit, see docs/enforcement.md")
def test_revocation_on_the_primary_cuts_what_runs_on_the_replica(own_shop, replica):
    request = own_shop.grant("alice", "SELECT ON sales.orders")
    caught_up(own_shop, replica)
    alice = replica.connect("alice")
    running = Background(lambda: alice.execute("SELECT pg_sleep(60) FROM sales.orders"))
    replica.wait_for_statement(alice)
    own_shop.revoke(request)
    with pytest.raises(errors.QueryCanceled):
        running.result(timeout=5)


def test_promoted_replica_goes_on_with_what_was_granted(own_shop, replica):
    own_shop.grant("alice", "SELECT ON sales.orders")
    caught_up(own_shop, replica)
    replica.dba("SELECT pg_promote()")
    alice = replica.connect("alice")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    request = replica.grant("alice", "SELECT ON sales.items")
    assert one(alice, "SELECT count(*) FROM sales.items") == 3000
    replica.revoke(request)
    refused(alice, "SELECT count(*) FROM sales.items")


def test_requester_cannot_hold_a_revocation_off_the_replica(own_shop, replica):
    """A lock of the requester's own on the replica keeps it from replaying; then nothing is granted."""
    own_shop.dba("CREATE TABLE mallory.mine AS SELECT 1 AS n; ALTER TABLE mallory.mine OWNER TO alice")
    request = own_shop.grant("alice", "SELECT ON sales.orders")
    replica.dba("ALTER SYSTEM SET max_standby_streaming_delay = '60s'")
    replica.dba("SELECT pg_reload_conf()")
    caught_up(own_shop, replica)
    holder, alice = replica.connect("alice"), replica.connect("alice")
    holder.execute("BEGIN")
    holder.execute("SELECT * FROM mallory.mine")
    own_shop.dba("TRUNCATE mallory.mine")
    own_shop.revoke(request)

    def is_refused():
        try:
            alice.execute("SELECT count(*) FROM sales.orders")
        except errors.InsufficientPrivilege:
            return True

    wait_until(is_refused, timeout=20, what="the refusal")
    behind = own_shop.dba("SELECT pg_current_wal_lsn()::text")[0][0]
    assert not replica.dba("SELECT 1 WHERE pg_last_wal_replay_lsn() >= %s::pg_lsn", [behind])


def test_replica_masks_as_the_primary_does(own_shop, replica):
    own_shop.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.customers.ssn IS"
                 " 'MASKED WITH FUNCTION jit_mask_full(ssn)';"
                 "GRANT SELECT ON sales.customers TO alice, mallory")
    caught_up(own_shop, replica)
    mallory, alice = replica.connect("mallory"), replica.connect("alice")
    query = "SELECT ssn FROM sales.customers WHERE customer_id = 7"
    assert one(mallory, query) == one(alice, query) == "xxxx"
    request = own_shop.grant("alice", "UNMASK (ssn) ON sales.customers")
    caught_up(own_shop, replica)
    assert one(alice, query) == "000000007"
    own_shop.revoke(request)
    own_shop.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.customers.ssn IS"
                 " 'MASKED WITH VALUE ''gone'''")
    caught_up(own_shop, replica)
    assert one(mallory, query) == one(alice, query) == "gone"


def test_replica_writes_records_to_its_log(own_shop, replica):
    """Rows cannot be written there: one JSON object a line, with the fields of the audit log."""
    request = own_shop.grant("alice", "SELECT ON sales.orders")
    caught_up(own_shop, replica)
    alice = replica.connect("alice")
    alice.execute("SELECT total AS on_the_replica FROM sales.orders WHERE order_id <= %s", [3])
    refused(alice, "SELECT name AS \"re\"\"fused\" FROM sales.customers")
    lines = wait_until(lambda: (found := [json.loads(line.partition("jit_access audit: ")[2]) for line in replica.server.log().splitlines()
                                          if "jit_access audit: {" in line]) and len(found) >= 3 and found)
    begun, ended, turned_away = lines[-3:]
    assert (begun["kind"], ended["kind"], turned_away["kind"]) == ("statement_begun", "statement_ended", "statement_refused")
    assert begun["statement"] == "SELECT total AS on_the_replica FROM sales.orders WHERE order_id <= $1"
    assert (begun["session_user_name"], begun["request_ids"], begun["relations"], begun["parameters"]) == (
        "alice", [request], ["sales.orders"], ["3"])
    assert (begun["database_name"], begun["pid"]) == (replica.database, alice.info.backend_pid)
    assert (ended["statement_id"], ended["rows"]) == (begun["statement_id"], 3) and ended["duration_ms"] >= 0
    assert turned_away["sqlstate"] == "42501" and '"re""fused"' in turned_away["statement"]
