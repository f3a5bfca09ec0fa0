"""A grant is bound to what was approved: names and OIDs, both."""

import pytest

from support.people import one, refused


def test_recreated_table_is_not_covered(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.journal")
    assert one(alice, "SELECT count(*) FROM sales.journal") == 0
    shop.dba("DROP TABLE sales.journal; CREATE TABLE sales.journal (what text)")
    refused(alice, "SELECT count(*) FROM sales.journal")
    assert shop.status(request) == "revoked"


def test_dropping_one_of_two_tables_leaves_the_other(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.journal, sales.orders")
    shop.dba("DROP TABLE sales.journal")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    assert shop.status(request) == "active"


def test_rolled_back_drop_leaves_the_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.journal")
    shop.dba("BEGIN; DROP TABLE sales.journal; ROLLBACK")
    assert one(alice, "SELECT count(*) FROM sales.journal") == 0


def test_recreated_schema_is_not_covered(shop, alice):
    shop.dba("CREATE SCHEMA hr; GRANT USAGE ON SCHEMA hr TO alice; CREATE TABLE hr.t AS SELECT 1 AS n")
    request = shop.grant("alice", "SELECT ON ALL TABLES IN SCHEMA hr")
    assert one(alice, "SELECT n FROM hr.t") == 1
    shop.dba("DROP SCHEMA hr CASCADE; CREATE SCHEMA hr; GRANT USAGE ON SCHEMA hr TO alice;"
             "CREATE TABLE hr.t AS SELECT 1 AS n")
    refused(alice, "SELECT n FROM hr.t")
    assert shop.status(request) == "revoked"


def test_table_moved_into_a_granted_schema_follows_the_schema(shop, alice):
    """ALL TABLES IN SCHEMA is the schema's content as it is at the time."""
    shop.dba("CREATE SCHEMA hr; GRANT USAGE ON SCHEMA hr TO alice; CREATE TABLE hr.t AS SELECT 1 AS n")
    shop.grant("alice", "SELECT ON ALL TABLES IN SCHEMA sales")
    refused(alice, "SELECT n FROM hr.t")
    shop.dba("ALTER TABLE sales.orders SET SCHEMA hr")
    refused(alice, "SELECT count(*) FROM hr.orders")


def test_name_taken_over_by_another_table_is_not_covered(shop, alice):
    """Rename the approved table away and another into its place: what was approved was neither."""
    shop.grant("alice", "SELECT ON sales.journal")
    shop.dba("ALTER TABLE sales.journal RENAME TO old; ALTER TABLE sales.customers RENAME TO journal")
    refused(alice, "SELECT ssn FROM sales.journal")


def test_recreated_role_has_no_grants(shop):
    shop.dba("CREATE ROLE temp_hand LOGIN IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO temp_hand")
    try:
        request = shop.grant("temp_hand", "SELECT ON sales.orders")
        assert shop.value("temp_hand", "SELECT count(*) FROM sales.orders") == 1000
        shop.dba("DROP OWNED BY temp_hand; DROP ROLE temp_hand;"
                 "CREATE ROLE temp_hand LOGIN IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO temp_hand")
        refused(shop.connect("temp_hand"), "SELECT count(*) FROM sales.orders")
        shop.push()
        assert shop.status(request) == "revoked"
    finally:
        shop.dba("DROP OWNED BY temp_hand; DROP ROLE temp_hand")


def test_renamed_role_does_not_pass_its_grants_to_a_namesake(shop):
    shop.dba("CREATE ROLE first LOGIN IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO first")
    shop.dba("CREATE ROLE second LOGIN IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO second")
    try:
        shop.grant("first", "SELECT ON sales.orders")
        shop.dba("ALTER ROLE first RENAME TO third; ALTER ROLE second RENAME TO first")
        refused(shop.connect("first"), "SELECT count(*) FROM sales.orders")
    finally:
        for role in ("first", "third", "second"):
            shop.dba(f"DO $$ BEGIN IF to_regrole('{role}') IS NOT NULL THEN DROP OWNED BY {role};"
                     f" DROP ROLE {role}; END IF; END $$")


def test_rights_of_the_schema_are_still_needed(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    shop.dba("REVOKE USAGE ON SCHEMA sales FROM alice")
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_partition_attached_later_is_read_through_the_parent(shop, alice):
    shop.grant("alice", "SELECT ON sales.events")
    shop.dba("CREATE TABLE sales.events_2027 PARTITION OF sales.events"
             " FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"
             "INSERT INTO sales.events VALUES ('2027-03-03', 'later')")
    assert one(alice, "SELECT count(*) FROM sales.events") == 61
    refused(alice, "SELECT count(*) FROM sales.events_2027")


@pytest.mark.parametrize("access", ["SELECT ON pg_catalog.pg_authid", "SELECT ON jit.grants",
                                    "SELECT ON ALL TABLES IN SCHEMA jit",
                                    "SELECT ON ALL TABLES IN SCHEMA pg_catalog"])
def test_system_and_own_tables_cannot_be_asked_for(shop, access):
    try:
        shop.ask("alice", access)
    except Exception as error:
        assert error.diag.message_hint
    else:
        raise AssertionError(f"accepted: {access}")


def test_standing_access_shows_what_a_requester_holds_natively(shop):
    shop.dba("GRANT SELECT ON sales.items TO alice")
    found = shop.dba("SELECT role::text, relation::text, privileges::text[] FROM jit.standing_access"
                     " WHERE role = 'alice'")
    assert ("alice", "sales.items", ["SELECT"]) in found
