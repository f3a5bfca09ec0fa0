"""Views: the view's owner answers for what is behind it, the requester for the view itself."""

import pytest

from support.people import asks_for, one, refused


@pytest.mark.parametrize("view,rows", [("open_orders", 667), ("open_totals", 667),
                                       ("barrier_orders", 333)])
def test_grant_on_a_view_is_enough(shop, alice, view, rows):
    diag = refused(alice, f"SELECT order_id FROM sales.{view}")
    assert asks_for(diag) == f"SELECT (order_id) ON sales.{view}"
    shop.grant("alice", f"SELECT ON sales.{view}")
    assert one(alice, f"SELECT count(*) FROM sales.{view}") == rows
    refused(alice, "SELECT order_id FROM sales.orders")


def test_grant_on_the_base_table_opens_no_view(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    refused(alice, "SELECT order_id FROM sales.open_orders")
    refused(alice, "SELECT order_id FROM sales.open_totals")


def test_column_grant_on_a_view(shop, alice):
    shop.grant("alice", "SELECT (order_id) ON sales.open_orders")
    assert one(alice, "SELECT max(order_id) FROM sales.open_orders")
    refused(alice, "SELECT total FROM sales.open_orders")
    refused(alice, "SELECT * FROM sales.open_orders")


def test_security_invoker_view_needs_both(shop, alice):
    shop.grant("alice", "SELECT ON sales.invoker_orders")
    diag = refused(alice, "SELECT count(*) FROM sales.invoker_orders")
    assert "sales.orders" in asks_for(diag)
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.invoker_orders") == 1000


def test_base_grant_alone_opens_no_security_invoker_view(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    refused(alice, "SELECT count(*) FROM sales.invoker_orders")


def test_prepared_view_statement_closes_with_the_grant(shop, alice):
    alice.execute("SET plan_cache_mode = force_generic_plan")
    request = shop.grant("alice", "SELECT ON sales.open_orders")
    alice.execute("PREPARE v AS SELECT count(*) FROM sales.open_orders")
    for _ in range(3):
        assert one(alice, "EXECUTE v") == 667
    shop.revoke(request)
    refused(alice, "EXECUTE v")
    shop.grant("alice", "SELECT ON sales.open_orders")
    assert one(alice, "EXECUTE v") == 667


def test_writing_through_a_view_needs_the_grant_on_the_view(shop, alice):
    statement = "UPDATE sales.open_orders SET status = 'held' WHERE order_id = 1"
    shop.grant("alice", "ALL ON sales.orders")
    refused(alice, statement)
    shop.grant("alice", "SELECT, UPDATE (status) ON sales.open_orders")
    alice.execute(statement)
    assert shop.dba("SELECT status FROM sales.orders WHERE order_id = 1") == [("held",)]
    refused(alice, "DELETE FROM sales.open_orders")


def test_insert_through_a_view_draws_the_serial_default(shop, alice):
    shop.grant("alice", "INSERT ON sales.open_orders")
    alice.execute("INSERT INTO sales.open_orders (customer_id, status) VALUES (1, 'new')")
    assert shop.dba("SELECT count(*) FROM sales.orders") == [(1001,)]


def test_view_of_views_in_joins_and_subqueries(shop, alice):
    shop.grant("alice", "SELECT ON sales.open_totals, sales.customer_names")
    assert one(alice, "SELECT count(*) FROM sales.customer_names c WHERE EXISTS"
                      " (SELECT FROM sales.open_totals t WHERE t.order_id = c.customer_id)") > 0
    refused(alice, "SELECT count(*) FROM sales.open_totals JOIN sales.orders USING (order_id)")


def test_another_roles_view_does_not_launder_a_grant(shop, alice, bob):
    shop.dba("GRANT CREATE ON SCHEMA mallory TO alice")
    alice.execute("CREATE VIEW mallory.peep AS SELECT * FROM sales.orders")
    alice.execute("GRANT SELECT ON mallory.peep TO PUBLIC")
    shop.grant("alice", "SELECT ON sales.orders")
    # Through alice's view her grant would be everybody's.
    refused(bob, "SELECT count(*) FROM mallory.peep")
    with shop.connect("mallory") as mallory:
        refused(mallory, "SELECT count(*) FROM mallory.peep")


def test_view_of_an_owner_without_rights_gives_nothing(shop, alice):
    with shop.connect("mallory") as mallory:
        mallory.execute("CREATE VIEW mallory.bait AS SELECT * FROM sales.orders")
        mallory.execute("GRANT SELECT ON mallory.bait TO PUBLIC")
        shop.grant("alice", "SELECT ON sales.orders")
        refused(alice, "SELECT count(*) FROM mallory.bait")


def test_materialized_view_under_a_grant(shop, alice):
    shop.dba("CREATE MATERIALIZED VIEW sales.totals AS SELECT sum(total) AS s FROM sales.orders")
    refused(alice, "SELECT s FROM sales.totals")
    shop.grant("alice", "SELECT ON sales.totals")
    assert one(alice, "SELECT s FROM sales.totals") == 500500


def test_refreshing_an_own_materialized_view_reads_nothing(shop, alice):
    shop.dba("GRANT CREATE ON SCHEMA mallory TO alice")
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE MATERIALIZED VIEW mallory.keep AS SELECT 1 AS x FROM sales.orders"
                  " WITH NO DATA")
    refused(alice, "REFRESH MATERIALIZED VIEW mallory.keep")
