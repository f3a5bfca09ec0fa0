"""What a SELECT grant opens, column by column, and what it does not."""

import pytest

from support.people import asks_for, one, refused


def test_nothing_is_readable_without_a_grant(shop, alice):
    assert asks_for(refused(alice, "SELECT total FROM sales.orders")) == \
        "SELECT (total) ON sales.orders"


def test_select_grant_opens_the_open_session(shop, alice):
    refused(alice, "SELECT count(*) FROM sales.orders")
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_grant_is_the_requesters_alone(shop, bob):
    shop.grant("alice", "SELECT ON sales.orders")
    refused(bob, "SELECT count(*) FROM sales.orders")


def test_grant_on_one_table_opens_no_other(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    refused(alice, "SELECT count(*) FROM sales.items")
    diag = refused(alice, "SELECT o.total FROM sales.orders o JOIN sales.items i USING (order_id)"
                          " WHERE i.quantity > 1")
    assert asks_for(diag) == "SELECT (order_id, quantity) ON sales.items"


def test_select_opens_no_write(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    for statement in ("INSERT INTO sales.orders (customer_id) VALUES (1)",
                      "UPDATE sales.orders SET status = 'x'", "DELETE FROM sales.orders",
                      "TRUNCATE sales.orders",
                      "DO $$ BEGIN LOCK TABLE sales.orders IN EXCLUSIVE MODE; END $$"):
        refused(alice, statement)


def test_column_grant_opens_those_columns_only(shop, alice):
    shop.grant("alice", "SELECT (order_id, total) ON sales.orders")
    assert one(alice, "SELECT sum(total) FROM sales.orders WHERE order_id <= 2") == 3
    refused(alice, "SELECT status FROM sales.orders")
    refused(alice, "SELECT total FROM sales.orders WHERE status = 'new'")
    refused(alice, "SELECT total FROM sales.orders ORDER BY status")
    refused(alice, "SELECT * FROM sales.orders")


def test_column_grant_answers_count(shop, alice):
    shop.grant("alice", "SELECT (total) ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


@pytest.mark.parametrize("expression", ["o", "o.*", "to_jsonb(o)", "(o).status", "row(o.*)"])
def test_whole_row_needs_every_column(shop, alice, expression):
    shop.grant("alice", "SELECT (order_id, total) ON sales.orders")
    refused(alice, f"SELECT {expression} FROM sales.orders o")


def test_whole_row_works_under_a_table_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT to_jsonb(o)->>'status' FROM sales.orders o WHERE order_id = 1") == \
        "paid"


def test_columns_of_two_grants_add_up(shop, alice):
    shop.grant("alice", "SELECT (order_id) ON sales.orders")
    shop.grant("alice", "SELECT (total) ON sales.orders")
    assert one(alice, "SELECT total FROM sales.orders WHERE order_id = 7") == 7
    refused(alice, "SELECT total, status FROM sales.orders")


def test_native_column_privilege_and_grant_add_up(shop, alice):
    shop.dba("GRANT SELECT (order_id) ON sales.orders TO alice")
    shop.grant("alice", "SELECT (total) ON sales.orders")
    assert one(alice, "SELECT total FROM sales.orders WHERE order_id = 7") == 7


@pytest.mark.parametrize("column", ["ctid", "xmin", "tableoid"])
def test_system_column_needs_the_whole_table(shop, alice, column):
    shop.grant("alice", "SELECT (order_id, customer_id, status, total) ON sales.orders")
    refused(alice, f"SELECT {column} FROM sales.orders")
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, f"SELECT {column}::text FROM sales.orders LIMIT 1")


def test_column_added_later_is_not_in_a_column_grant(shop, alice):
    shop.grant("alice", "SELECT (order_id, customer_id, status, total) ON sales.orders")
    shop.dba("ALTER TABLE sales.orders ADD COLUMN card text DEFAULT 'secret'")
    refused(alice, "SELECT card FROM sales.orders")
    refused(alice, "SELECT * FROM sales.orders")


def test_recreated_column_is_not_in_the_old_grant(shop, alice):
    shop.grant("alice", "SELECT (order_id, status) ON sales.orders")
    shop.dba("ALTER TABLE sales.orders DROP COLUMN status CASCADE")
    shop.dba("ALTER TABLE sales.orders ADD COLUMN status text DEFAULT 'secret'")
    refused(alice, "SELECT status FROM sales.orders")
    assert one(alice, "SELECT order_id FROM sales.orders WHERE order_id = 1") == 1


@pytest.mark.parametrize("statement", [
    "SELECT (SELECT max(total) FROM sales.orders)",
    "SELECT 1 WHERE EXISTS (SELECT FROM sales.orders WHERE total > 5)",
    "WITH o AS (SELECT total FROM sales.orders) SELECT max(total) FROM o",
    "WITH o AS MATERIALIZED (SELECT total FROM sales.orders) SELECT max(total) FROM o",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, sales.orders"
    " WHERE order_id = n AND n < 5) SELECT max(n) FROM r",
    "SELECT 1 UNION SELECT order_id FROM sales.orders",
    "SELECT l.total FROM generate_series(1, 3) g, LATERAL"
    " (SELECT total FROM sales.orders WHERE order_id = g) l",
    "SELECT total FROM sales.orders TABLESAMPLE SYSTEM (100)",
    "TABLE sales.orders",
    "SELECT FROM sales.orders LIMIT 1",
    "SELECT sum(total) OVER () FROM sales.orders",
    "SELECT a.total FROM sales.orders a LEFT JOIN sales.orders b ON a.order_id = b.order_id + 1",
])
def test_every_place_of_a_table_is_held_to_the_grant(shop, alice, statement):
    refused(alice, statement)
    shop.grant("alice", "SELECT ON sales.orders")
    assert alice.execute(statement).fetchall()


def test_constant_false_where_is_still_refused(shop, alice):
    refused(alice, "SELECT total FROM sales.orders WHERE false")
    refused(alice, "SELECT total FROM sales.orders LIMIT 0")


def test_for_update_needs_update(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    for strength in ("UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"):
        refused(alice, f"SELECT total FROM sales.orders WHERE order_id = 1 FOR {strength}")
    shop.grant("alice", "UPDATE (status) ON sales.orders")
    assert one(alice, "SELECT total FROM sales.orders WHERE order_id = 1 FOR UPDATE") == 1


def test_partitions_are_read_through_the_parent_under_its_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.events")
    assert one(alice, "SELECT count(*) FROM sales.events") == 60
    assert one(alice, "SELECT count(*) FROM sales.events WHERE happened_on = '2026-01-02'") == 1


def test_grant_on_one_partition_opens_neither_parent_nor_sibling(shop, alice):
    shop.grant("alice", "SELECT ON sales.events_2025")
    assert one(alice, "SELECT count(*) FROM sales.events_2025") == 31
    refused(alice, "SELECT count(*) FROM sales.events")
    refused(alice, "SELECT count(*) FROM sales.events_2026")


def test_row_level_security_goes_on_under_a_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.notes")
    assert alice.execute("SELECT note_id FROM sales.notes ORDER BY 1").fetchall() == [(1,), (3,)]
    alice.execute("SET row_security = off")
    refused(alice, "SELECT note_id FROM sales.notes")


def test_current_user_stays_the_requester(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    assert alice.execute("SELECT current_user, session_user FROM sales.orders LIMIT 1"
                         ).fetchone() == ("alice", "alice")


def test_schema_grant_covers_tables_made_later(shop, alice):
    shop.grant("alice", "SELECT ON ALL TABLES IN SCHEMA sales")
    assert one(alice, "SELECT count(*) FROM sales.items") == 3000
    shop.dba("CREATE TABLE sales.later AS SELECT 7 AS n")
    assert one(alice, "SELECT n FROM sales.later") == 7
    shop.dba("CREATE SCHEMA hr; GRANT USAGE ON SCHEMA hr TO alice;"
             "CREATE TABLE hr.people AS SELECT 1 AS n")
    refused(alice, "SELECT n FROM hr.people")


def test_several_tables_in_one_request(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders, sales.items")
    assert one(alice, "SELECT count(*) FROM sales.orders JOIN sales.items USING (order_id)") == 3000


def test_grant_leaves_no_trace_in_the_acls(shop, alice):
    before = shop.dba("SELECT oid, relacl FROM pg_class WHERE relnamespace = 'sales'::regnamespace"
                      " ORDER BY 1")
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("SELECT count(*) FROM sales.orders")
    assert before == shop.dba("SELECT oid, relacl FROM pg_class WHERE relnamespace ="
                              " 'sales'::regnamespace ORDER BY 1")
    assert one(alice, "SELECT has_table_privilege('sales.orders', 'SELECT')") is False


def test_ungoverned_user_notices_nothing(shop):
    with shop.connect("app") as app:
        assert one(app, "SELECT count(*) FROM sales.orders") == 1000
        app.execute("INSERT INTO sales.orders (customer_id) VALUES (1)")
    with shop.connect("mallory") as mallory:
        assert refused(mallory, "SELECT count(*) FROM sales.orders").message_primary == \
            "permission denied for table orders"


def test_extensions_own_tables_and_catalogs_stay_closed(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    for relation in ("jit.grants", "jit.requests", "jit.approvals", "jit.policies",
                     "pg_catalog.pg_authid", "pg_catalog.pg_statistic"):
        refused(alice, f"SELECT * FROM {relation}")


def test_request_for_a_statement_asks_for_the_least(shop, alice):
    statement = ("SELECT o.total FROM sales.orders o JOIN sales.items i USING (order_id)"
                 " WHERE i.quantity > 2")
    request = one(alice, "SELECT jit_request_for(%s, '15 minutes', 'INC-9')", [statement])
    shop.approve(request)
    shop.push()
    assert alice.execute(statement).fetchone()
    refused(alice, "SELECT status FROM sales.orders")
    refused(alice, "SELECT product FROM sales.items")
