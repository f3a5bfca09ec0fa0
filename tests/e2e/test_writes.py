"""INSERT, UPDATE, DELETE and MERGE under a grant: exactly the kind that was granted."""

import pytest
from psycopg import errors

from support.people import asks_for, one, refused


def test_insert_grant_inserts_and_reads_nothing(shop, alice):
    shop.grant("alice", "INSERT ON sales.customers")
    alice.execute("INSERT INTO sales.customers VALUES (200, 'new')")
    refused(alice, "SELECT name FROM sales.customers")
    refused(alice, "INSERT INTO sales.customers VALUES (201, 'x') RETURNING name")
    refused(alice, "INSERT INTO sales.customers VALUES (200, 'x') ON CONFLICT (customer_id)"
                   " DO UPDATE SET name = 'taken'")
    assert shop.dba("SELECT name FROM sales.customers WHERE customer_id >= 200") == [("new",)]


def test_insert_column_grant_takes_those_columns_only(shop, alice):
    shop.grant("alice", "INSERT (customer_id, name) ON sales.customers")
    alice.execute("INSERT INTO sales.customers (customer_id, name) VALUES (200, 'new')")
    refused(alice, "INSERT INTO sales.customers (customer_id, name, ssn) VALUES (201, 'x', '1')")
    refused(alice, "INSERT INTO sales.customers VALUES (201, 'x', 'y', 'z')")


def test_serial_default_draws_under_an_insert_grant(shop, alice):
    shop.grant("alice", "INSERT (customer_id, total) ON sales.orders")
    alice.execute("INSERT INTO sales.orders (customer_id, total) VALUES (1, 5), (2, 6)")
    assert shop.dba("SELECT count(DISTINCT order_id) FROM sales.orders WHERE order_id > 1000"
                    ) == [(2,)]


def test_serial_default_draws_in_insert_from_select_and_prepared(shop, alice):
    shop.grant("alice", "INSERT ON sales.orders")
    alice.execute("INSERT INTO sales.orders (customer_id) SELECT g FROM generate_series(1, 5) g")
    alice.execute("PREPARE i (int) AS INSERT INTO sales.orders (customer_id) VALUES ($1)")
    alice.execute("SET plan_cache_mode = force_generic_plan")
    alice.execute("EXECUTE i (3)")
    alice.execute("EXECUTE i (4)")
    alice.execute("INSERT INTO sales.orders (order_id, customer_id) VALUES (DEFAULT, 7)")
    assert shop.dba("SELECT count(*) FROM sales.orders WHERE order_id > 1000") == [(8,)]


def test_identity_default_draws_under_an_insert_grant(shop, alice):
    shop.grant("alice", "INSERT ON sales.payments")
    alice.execute("INSERT INTO sales.payments (order_id, amount) VALUES (1, 5)")
    assert shop.dba("SELECT payment_id FROM sales.payments") == [(1,)]


def test_sequence_itself_stays_closed(shop, alice):
    shop.grant("alice", "INSERT, SELECT ON sales.orders")
    refused(alice, "SELECT nextval('sales.orders_order_id_seq')")
    refused(alice, "SELECT setval('sales.orders_order_id_seq', 1)")
    refused(alice, "INSERT INTO sales.orders (order_id, customer_id)"
                   " VALUES (5000, nextval('sales.orders_order_id_seq'))")
    refused(alice, "INSERT INTO sales.orders (customer_id)"
                   " SELECT nextval('sales.orders_order_id_seq') FROM generate_series(1, 2)")
    refused(alice, "SELECT last_value FROM sales.orders_order_id_seq")


def test_default_from_a_foreign_sequence_stays_refused(shop, alice):
    shop.grant("alice", "INSERT ON sales.coupons")
    refused(alice, "INSERT INTO sales.coupons (code) VALUES ('X')")
    alice.execute("INSERT INTO sales.coupons (coupon_id, code) VALUES (1, 'X')")


def test_update_grant_is_held_to_its_columns(shop, alice):
    shop.grant("alice", "SELECT, UPDATE (status) ON sales.orders")
    alice.execute("UPDATE sales.orders SET status = 'held' WHERE order_id = 1")
    refused(alice, "UPDATE sales.orders SET total = 0 WHERE order_id = 1")
    refused(alice, "UPDATE sales.orders SET status = 'x', total = 0")
    assert shop.dba("SELECT status, total FROM sales.orders WHERE order_id = 1") == [("held", 1)]


def test_update_that_reads_needs_select(shop, alice):
    shop.grant("alice", "UPDATE ON sales.orders")
    alice.execute("UPDATE sales.orders SET status = 'all'")
    diag = refused(alice, "UPDATE sales.orders SET status = 'x' WHERE total > 5")
    assert asks_for(diag) == "SELECT (total) ON sales.orders"
    refused(alice, "UPDATE sales.orders SET total = total + 1")
    refused(alice, "UPDATE sales.orders SET status = 'x' RETURNING order_id")


def test_returning_works_where_select_is_granted(shop, alice):
    shop.grant("alice", "SELECT (order_id), UPDATE (status), INSERT, DELETE ON sales.orders")
    assert one(alice, "INSERT INTO sales.orders (customer_id) VALUES (1) RETURNING order_id") > 1000
    assert one(alice, "UPDATE sales.orders SET status = 'x' WHERE order_id = 1"
                      " RETURNING order_id") == 1
    refused(alice, "UPDATE sales.orders SET status = 'x' WHERE order_id = 1 RETURNING total")
    assert one(alice, "DELETE FROM sales.orders WHERE order_id > 1000 RETURNING order_id")


def test_delete_using_needs_the_other_table_too(shop, alice):
    shop.grant("alice", "SELECT, DELETE ON sales.items")
    statement = ("DELETE FROM sales.items USING sales.orders o"
                 " WHERE o.order_id = items.order_id AND o.status = 'new'")
    assert asks_for(refused(alice, statement)) == "SELECT (order_id, status) ON sales.orders"
    shop.grant("alice", "SELECT (order_id, status) ON sales.orders")
    alice.execute(statement)
    assert shop.dba("SELECT count(*) FROM sales.items JOIN sales.orders USING (order_id)"
                    " WHERE status = 'new'") == [(0,)]


@pytest.mark.parametrize("statement", [
    "UPDATE sales.items SET quantity = 0 FROM sales.orders o WHERE o.order_id = items.order_id",
    "UPDATE sales.items SET quantity = (SELECT max(customer_id) FROM sales.orders)",
    "WITH o AS (SELECT order_id FROM sales.orders) UPDATE sales.items SET quantity = 0 FROM o"
    " WHERE o.order_id = items.order_id",
    "INSERT INTO sales.items SELECT order_id, 90, 'x' FROM sales.orders",
    "DELETE FROM sales.items WHERE order_id IN (SELECT order_id FROM sales.orders)",
    "INSERT INTO sales.items VALUES (1, 1, 'x') ON CONFLICT (order_id, position)"
    " DO UPDATE SET quantity = (SELECT count(*) FROM sales.orders)",
])
def test_reading_another_table_in_a_write_needs_its_grant(shop, alice, statement):
    shop.grant("alice", "ALL ON sales.items")
    refused(alice, statement)
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute(statement)


def test_data_modifying_cte_needs_each_privilege(shop, alice):
    statement = ("WITH gone AS (DELETE FROM sales.items WHERE order_id = 5 RETURNING *)"
                 " SELECT count(*) FROM gone")
    shop.grant("alice", "SELECT ON sales.items")
    refused(alice, statement)
    shop.grant("alice", "DELETE ON sales.items")
    assert one(alice, statement) == 3


def test_on_conflict_do_update_needs_update_and_select(shop, alice):
    statement = ("INSERT INTO sales.customers (customer_id, name) VALUES (1, 'x')"
                 " ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name")
    shop.grant("alice", "INSERT ON sales.customers")
    refused(alice, statement)
    shop.grant("alice", "UPDATE (name) ON sales.customers")
    refused(alice, statement)
    shop.grant("alice", "SELECT (customer_id, name) ON sales.customers")
    alice.execute(statement)
    assert shop.dba("SELECT name FROM sales.customers WHERE customer_id = 1") == [("x",)]


MERGE = """
MERGE INTO sales.customers c USING (VALUES (1, 'one'), (300, 'new')) v (id, name)
  ON c.customer_id = v.id
  WHEN MATCHED THEN UPDATE SET name = v.name
  WHEN NOT MATCHED THEN INSERT (customer_id, name) VALUES (v.id, v.name)
"""


@pytest.mark.parametrize("lacking", ["SELECT", "UPDATE", "INSERT"])
def test_merge_needs_each_of_its_kinds(shop, alice, lacking):
    kinds = [kind for kind in ("SELECT", "UPDATE", "INSERT") if kind != lacking]
    shop.grant("alice", ", ".join(kinds) + " ON sales.customers")
    refused(alice, MERGE)
    shop.grant("alice", f"{lacking} ON sales.customers")
    alice.execute(MERGE)
    assert shop.dba("SELECT name FROM sales.customers WHERE customer_id IN (1, 300) ORDER BY 1"
                    ) == [("new",), ("one",)]


def test_merge_source_needs_select(shop, alice):
    merge = ("MERGE INTO sales.customers c USING sales.orders o ON c.customer_id = o.order_id"
             " WHEN MATCHED THEN DELETE")
    shop.grant("alice", "SELECT, DELETE ON sales.customers")
    refused(alice, merge)


def test_all_is_the_four_row_privileges(shop, alice):
    shop.grant("alice", "ALL ON sales.journal")
    alice.execute("INSERT INTO sales.journal (who, what) VALUES ('alice', 'x')")
    alice.execute("UPDATE sales.journal SET what = 'y' WHERE who = 'alice'")
    assert one(alice, "SELECT what FROM sales.journal") == "y"
    alice.execute("DELETE FROM sales.journal WHERE what = 'y'")
    refused(alice, "TRUNCATE sales.journal")
    refused(alice, "COPY sales.journal TO STDOUT")


@pytest.mark.parametrize("statement", [
    "INSERT INTO sales.orders (customer_id) VALUES (1)",
    "UPDATE sales.orders SET status = 'x'",
    "DELETE FROM sales.orders",
    "SELECT 1 FROM sales.orders FOR UPDATE",
    "WITH w AS (DELETE FROM sales.orders RETURNING 1) SELECT count(*) FROM w",
])
def test_read_only_transaction_stays_read_only(shop, alice, statement):
    shop.grant("alice", "ALL ON sales.orders")
    alice.execute("BEGIN READ ONLY")
    with pytest.raises(errors.ReadOnlySqlTransaction):
        alice.execute(statement)
    alice.execute("ROLLBACK")
    alice.execute("SET default_transaction_read_only = on")
    with pytest.raises(errors.ReadOnlySqlTransaction):
        alice.execute(statement)


def test_foreign_key_is_checked_without_a_grant_on_the_other_table(shop, alice):
    shop.grant("alice", "INSERT ON sales.items")
    alice.execute("INSERT INTO sales.items VALUES (1, 50, 'x')")
    with pytest.raises(errors.ForeignKeyViolation):
        alice.execute("INSERT INTO sales.items VALUES (99999, 1, 'x')")


def test_foreign_key_cascades_without_a_grant_on_the_other_table(shop, alice):
    shop.grant("alice", "SELECT, DELETE ON sales.orders")
    alice.execute("DELETE FROM sales.orders WHERE order_id = 10")
    assert shop.dba("SELECT count(*) FROM sales.items WHERE order_id = 10") == [(0,)]


def test_insert_into_a_partition_through_the_parent(shop, alice):
    shop.grant("alice", "SELECT, INSERT, UPDATE ON sales.events")
    alice.execute("INSERT INTO sales.events VALUES ('2026-05-05', 'may')")
    alice.execute("UPDATE sales.events SET happened_on = '2025-05-05' WHERE what = 'may'")
    refused(alice, "INSERT INTO sales.events_2026 VALUES ('2026-05-05', 'may')")
    assert shop.dba("SELECT count(*) FROM sales.events_2025 WHERE what = 'may'") == [(1,)]


def test_row_level_security_checks_writes_under_a_grant(shop, alice):
    shop.grant("alice", "ALL ON sales.notes")
    alice.execute("INSERT INTO sales.notes VALUES (10, 'alice', 'ok')")
    refused(alice, "INSERT INTO sales.notes VALUES (11, 'bob', 'forged')")
    alice.execute("DELETE FROM sales.notes")
    assert shop.dba("SELECT author FROM sales.notes") == [("bob",)]


def test_copy_from_is_refused(shop, alice):
    shop.grant("alice", "ALL ON sales.journal")
    with pytest.raises(errors.InsufficientPrivilege):
        with alice.cursor().copy("COPY sales.journal (who, what) FROM STDIN") as copy:
            copy.write("alice\tforged\n")
    assert shop.dba("SELECT count(*) FROM sales.journal") == [(0,)]
