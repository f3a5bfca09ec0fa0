"""COPY … TO: data leaves in bulk, so it wants EXPORT beside SELECT."""

import pytest
from psycopg import errors

from support.people import asks_for, refused


def copied(connection, statement):
    with connection.cursor().copy(statement) as copy:
        return b"".join(copy).decode().splitlines()


def copy_refused(connection, statement):
    with pytest.raises(errors.InsufficientPrivilege) as caught:
        copied(connection, statement)
    return caught.value.diag


def test_copy_without_any_grant_asks_for_select_and_export(shop, alice):
    asked = asks_for(copy_refused(alice, "COPY sales.customers TO STDOUT"))
    assert "SELECT" in asked and "EXPORT" in asked and "sales.customers" in asked


@pytest.mark.parametrize("statement", [
    "COPY sales.customers TO STDOUT", "COPY sales.customers (name) TO STDOUT",
    "COPY (SELECT name FROM sales.customers) TO STDOUT",
    "COPY (SELECT count(*) FROM sales.customers) TO STDOUT",
    "COPY (WITH c AS (TABLE sales.customers) SELECT name FROM c) TO STDOUT",
])
def test_copy_with_select_alone_is_refused_and_names_export(shop, alice, statement):
    shop.grant("alice", "SELECT ON sales.customers")
    assert "EXPORT" in asks_for(copy_refused(alice, statement))


def test_copy_table_with_export(shop, alice):
    shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    lines = copied(alice, "COPY sales.customers TO STDOUT")
    assert len(lines) == 100
    assert lines[0].split("\t") == ["1", "customer 1", "c1@example.org", "000000001"]


def test_copy_options_and_column_order_are_kept(shop, alice):
    shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    lines = copied(alice, "COPY sales.customers (ssn, name) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (name))")
    assert lines[:2] == ["ssn,name", '000000001,"customer 1"']


def test_copy_skips_dropped_and_generated_columns_as_ever(shop, alice):
    shop.dba("ALTER TABLE sales.customers DROP COLUMN email;"
             "ALTER TABLE sales.customers ADD COLUMN twice int GENERATED ALWAYS AS (customer_id * 2) STORED")
    shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    with shop.connect("app") as app:
        assert copied(alice, "COPY sales.customers TO STDOUT") == \
            copied(app, "COPY sales.customers TO STDOUT")


def test_copy_of_a_query_with_export(shop, alice):
    shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    assert copied(alice, "COPY (SELECT name FROM sales.customers WHERE customer_id = 2) TO STDOUT"
                  ) == ["customer 2"]


def test_copy_of_a_join_needs_export_on_both(shop, alice):
    shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    shop.grant("alice", "SELECT ON sales.orders")
    copy_refused(alice, "COPY (SELECT name FROM sales.customers JOIN sales.orders"
                        " USING (customer_id)) TO STDOUT")


def test_copy_is_held_to_the_columns_of_select(shop, alice):
    shop.grant("alice", "SELECT (customer_id, name) ON sales.customers")
    shop.grant("alice", "EXPORT ON sales.customers")
    assert len(copied(alice, "COPY sales.customers (customer_id, name) TO STDOUT")) == 100
    copy_refused(alice, "COPY sales.customers (ssn) TO STDOUT")
    copy_refused(alice, "COPY sales.customers TO STDOUT")


def test_export_conveys_no_select(shop, alice):
    shop.grant("alice", "EXPORT ON sales.customers")
    copy_refused(alice, "COPY sales.customers TO STDOUT")
    refused(alice, "SELECT name FROM sales.customers")


def test_copy_of_a_row_security_table_shows_own_rows(shop, alice):
    shop.grant("alice", "SELECT, EXPORT ON sales.notes")
    assert copied(alice, "COPY sales.notes (note_id) TO STDOUT") == ["1", "3"]


def test_copy_to_a_file_or_program_stays_refused(shop, alice):
    shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    refused(alice, "COPY sales.customers TO '/tmp/jit_access_test'")
    refused(alice, "COPY sales.customers TO PROGRAM 'cat'")


def test_copy_with_returning_needs_export(shop, alice):
    shop.grant("alice", "ALL ON sales.customers")
    copy_refused(alice, "COPY (UPDATE sales.customers SET name = 'x' WHERE customer_id = 1"
                        " RETURNING name) TO STDOUT")
    assert shop.dba("SELECT name FROM sales.customers WHERE customer_id = 1") == [("customer 1",)]


def test_copy_after_revocation_is_refused(shop, alice):
    request = shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    assert copied(alice, "COPY sales.customers TO STDOUT")
    shop.revoke(request)
    copy_refused(alice, "COPY sales.customers TO STDOUT")


def test_copy_for_everybody_else_is_untouched(shop):
    with shop.connect("app") as app:
        assert len(copied(app, "COPY sales.customers TO STDOUT")) == 100
        with pytest.raises(errors.WrongObjectType):
            copied(app, "COPY sales.open_orders TO STDOUT")


def test_psql_copy_meets_the_same_rule(shop):
    shop.grant("alice", "SELECT ON sales.customers")
    output = shop.server.psql(r"\copy sales.customers to stdout", "alice", shop.database, False)
    assert "permission denied" in output and "EXPORT" in output
    shop.grant("alice", "SELECT, EXPORT ON sales.customers")
    output = shop.server.psql(r"\copy sales.customers to stdout", "alice", shop.database)
    assert len(output.splitlines()) == 100
