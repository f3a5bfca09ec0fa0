"""Parallel plans: the workers carry the leader's elevation and nothing beyond it."""

import pytest
from psycopg import errors

from support.people import one, refused, usable

FORCE = ("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
         "SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0;"
         "SET max_parallel_workers_per_gather = 2")


@pytest.fixture
def parallel(alice):
    alice.execute(FORCE)
    return alice


def gathers(connection, statement):
    return any("Gather" in row[0] for row in connection.execute(f"EXPLAIN {statement}"))


def test_parallel_scan_works_under_a_grant(shop, parallel):
    shop.grant("alice", "SELECT ON sales.readings")
    statement = "SELECT count(*), sum(value) FROM sales.readings"
    assert gathers(parallel, statement)
    assert parallel.execute(statement).fetchone()[0] == 100000
    plan = "\n".join(r[0] for r in parallel.execute(f"EXPLAIN (ANALYZE) {statement}"))
    assert "Workers Launched: 2" in plan


def test_parallel_scan_of_a_view_and_a_column_grant(shop, parallel):
    shop.dba("CREATE VIEW sales.low AS SELECT * FROM sales.readings WHERE value < 50")
    shop.grant("alice", "SELECT (value) ON sales.low")
    assert one(parallel, "SELECT max(value) FROM sales.low") == 49
    refused(parallel, "SELECT max(reading_id) FROM sales.low")


def test_parallel_scan_is_refused_without_a_grant(shop, parallel):
    refused(parallel, "SELECT count(*) FROM sales.readings")


def test_parallel_prepared_statement_closes_with_the_grant(shop, parallel):
    parallel.execute("SET plan_cache_mode = force_generic_plan")
    request = shop.grant("alice", "SELECT ON sales.readings")
    parallel.execute("PREPARE q AS SELECT count(*) FROM sales.readings")
    assert one(parallel, "EXECUTE q") == 100000
    assert one(parallel, "EXECUTE q") == 100000
    shop.revoke(request)
    refused(parallel, "EXECUTE q")


def test_expiry_cuts_a_parallel_query(shop, parallel):
    request = shop.grant("alice", "SELECT ON sales.readings", "2 seconds")
    with pytest.raises(errors.QueryCanceled) as caught:
        parallel.execute("SELECT count(*) FROM sales.readings a, sales.readings b"
                         " WHERE a.value <> b.value")
    assert f"request {request}" in str(caught.value)
    assert usable(parallel)


@pytest.mark.parametrize("mode", ["on", "regress"])
def test_forced_parallel_mode_changes_nothing(shop, alice, mode):
    shop.dba(f"ALTER DATABASE {shop.database} SET force_parallel_mode = {mode}")
    alice = shop.connect("alice")
    refused(alice, "SELECT count(*) FROM sales.orders")
    request = shop.grant("alice", "SELECT ON sales.orders, sales.open_orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    assert one(alice, "SELECT count(*) FROM sales.open_orders") == 667
    shop.revoke(request)
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_parallel_safe_function_in_a_worker_gains_nothing(shop, parallel):
    """A worker does what its leader was let do; a function in it is still the user's."""
    parallel.execute("CREATE FUNCTION pg_temp.peek(n int) RETURNS bool STABLE PARALLEL SAFE"
                     " LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM sales.customers); END'")
    shop.grant("alice", "SELECT ON sales.readings")
    refused(parallel, "SELECT count(*) FROM sales.readings WHERE pg_temp.peek(value)")
