"""EXPLAIN is what every requester may do: it shows plans, never data nor what statistics know."""

import pytest
from psycopg import errors

from support.people import asks_for, one, refused

LEAKY = """
CREATE FUNCTION pg_temp.leak(text, text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS
  $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
CREATE OPERATOR pg_temp.<<< (procedure = pg_temp.leak, leftarg = text, rightarg = text,
                             restrict = scalarltsel);
"""


def plan(connection, statement):
    return "\n".join(row[0] for row in connection.execute(statement))


@pytest.mark.parametrize("statement", [
    "SELECT * FROM sales.orders", "SELECT o FROM sales.orders o JOIN sales.items USING (order_id)",
    "INSERT INTO sales.orders (customer_id) VALUES (1)", "UPDATE sales.orders SET status = 'x'",
    "DELETE FROM sales.orders", "SELECT total FROM sales.orders FOR UPDATE",
    "SELECT * FROM sales.open_totals", "SELECT * FROM sales.barrier_orders",
    "SELECT * FROM sales.invoker_orders", "SELECT * FROM sales.events", "SELECT * FROM sales.notes",
    "MERGE INTO sales.customers c USING sales.orders o ON c.customer_id = o.order_id"
    " WHEN MATCHED THEN DELETE",
])
def test_explain_is_open_by_default(shop, alice, statement):
    assert "cost=" in plan(alice, f"EXPLAIN {statement}")
    assert plan(alice, f"EXPLAIN (VERBOSE, COSTS off, FORMAT yaml) {statement}")
    refused(alice, f"EXPLAIN ANALYZE {statement}")


def test_explain_runs_nothing(shop, alice):
    alice.execute("EXPLAIN DELETE FROM sales.orders")
    alice.execute("EXPLAIN INSERT INTO sales.orders (customer_id) VALUES (1)")
    assert shop.dba("SELECT count(*) FROM sales.orders") == [(1000,)]
    assert shop.dba("SELECT last_value FROM sales.orders_order_id_seq") == [(1000,)]


def test_explain_is_not_for_those_outside(shop):
    with shop.connect("mallory") as mallory:
        refused(mallory, "EXPLAIN SELECT * FROM sales.orders")


def test_refused_explain_analyze_says_what_to_ask_for(shop, alice):
    diag = refused(alice, "EXPLAIN (ANALYZE, BUFFERS) SELECT total FROM sales.orders")
    assert asks_for(diag) == "SELECT (total) ON sales.orders"


def test_explain_analyze_works_under_a_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    assert "actual time" in plan(alice, "EXPLAIN ANALYZE SELECT * FROM sales.orders")
    refused(alice, "EXPLAIN ANALYZE DELETE FROM sales.orders")


def test_explain_of_a_prepared_statement(shop, alice):
    alice.execute("PREPARE q AS SELECT total FROM sales.orders")
    assert plan(alice, "EXPLAIN EXECUTE q")
    refused(alice, "EXPLAIN ANALYZE EXECUTE q")
    refused(alice, "EXECUTE q")
    alice.execute("SET plan_cache_mode = force_generic_plan")
    assert plan(alice, "EXPLAIN EXECUTE q")
    refused(alice, "EXECUTE q")


def test_explain_inside_a_function_opens_nothing_else(shop, alice):
    refused(alice, "DO $$ DECLARE r text; BEGIN FOR r IN EXPLAIN SELECT * FROM sales.orders LOOP"
                   " PERFORM 1; END LOOP; PERFORM total FROM sales.orders; END $$")


def test_explain_of_a_cursor_or_copy_of_a_table_opens_nothing(shop, alice):
    assert plan(alice, "EXPLAIN DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    assert plan(alice, "EXPLAIN CREATE TABLE pg_temp.x AS SELECT total FROM sales.orders")
    refused(alice, "EXPLAIN ANALYZE CREATE TABLE pg_temp.x AS SELECT total FROM sales.orders")


def test_explain_does_not_run_what_the_planner_would_fold(shop, alice):
    """The planner evaluates immutable functions of constants: those run with the user's own rights."""
    alice.execute("CREATE FUNCTION pg_temp.fold() RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS"
                  " 'BEGIN RETURN (SELECT count(*) FROM sales.orders); END'")
    refused(alice, "EXPLAIN SELECT * FROM sales.items WHERE order_id = pg_temp.fold()")


def test_leaky_operator_sees_statistics_where_they_are_readable(shop):
    """The control: for a role with native SELECT the planner does show values to such an operator."""
    with shop.connect("app") as app:
        app.execute(LEAKY)
        app.execute("EXPLAIN SELECT * FROM sales.customers WHERE ssn OPERATOR(pg_temp.<<<) 'x'")
        assert any("leaked" in notice for notice in app.notices)


@pytest.mark.parametrize("relation", ["customers", "customer_names", "wide", "wider", "partitioned"])
def test_explain_leaks_no_statistics_through_a_leaky_operator(shop, alice, relation):
    shop.dba("CREATE VIEW sales.wide WITH (security_invoker) AS SELECT * FROM sales.customers;"
             "CREATE VIEW sales.wider AS SELECT * FROM sales.customer_names;"
             "CREATE TABLE sales.partitioned (LIKE sales.customers) PARTITION BY RANGE (customer_id);"
             "CREATE TABLE sales.part PARTITION OF sales.partitioned DEFAULT;"
             "INSERT INTO sales.partitioned SELECT * FROM sales.customers; ANALYZE sales.partitioned")
    alice.execute(LEAKY)
    alice.execute(f"EXPLAIN SELECT * FROM sales.{relation} WHERE ssn OPERATOR(pg_temp.<<<) 'x'")
    assert not [notice for notice in alice.notices if "leaked" in notice]


@pytest.mark.parametrize("relation", ["customers", "customer_names"])
def test_refused_select_leaks_no_statistics_through_a_leaky_operator(shop, alice, relation):
    shop.grant("alice", f"SELECT (customer_id) ON sales.{relation}")
    alice.execute(LEAKY)
    refused(alice, f"SELECT customer_id FROM sales.{relation}"
                   " WHERE ssn OPERATOR(pg_temp.<<<) 'x'")
    assert not [notice for notice in alice.notices if "leaked" in notice]


def test_statistics_views_stay_closed_under_a_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.customers")
    assert one(alice, "SELECT count(*) FROM pg_stats WHERE schemaname = 'sales'") == 0
    refused(alice, "SELECT * FROM pg_statistic")


def test_default_can_be_switched_off(own_shop):
    own_shop.dba("ALTER SYSTEM SET jit_access.default_explain = off")
    own_shop.dba("SELECT pg_reload_conf()")
    alice = own_shop.connect("alice")
    refused(alice, "EXPLAIN SELECT * FROM sales.orders")
    own_shop.grant("alice", "EXPLAIN ON sales.orders")
    assert plan(alice, "EXPLAIN SELECT * FROM sales.orders")
    refused(alice, "SELECT * FROM sales.orders")
    refused(alice, "EXPLAIN SELECT * FROM sales.items")


def test_requester_cannot_change_the_default(shop, alice):
    with pytest.raises((errors.InsufficientPrivilege, errors.CantChangeRuntimeParam)):
        alice.execute("SET jit_access.default_explain = on")
