"""A grant is one person's: no function, view, trigger or SET ROLE carries it to somebody else."""

from support.people import one, refused


def test_security_definer_function_of_the_grantee_gives_nothing_away(shop, alice, bob):
    shop.dba("GRANT CREATE ON SCHEMA mallory TO alice")
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE FUNCTION mallory.leak() RETURNS numeric SECURITY DEFINER"
                  " LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT sum(total) FROM sales.orders); END'")
    refused(bob, "SELECT mallory.leak()")
    refused(alice, "SELECT mallory.leak()")


def test_security_definer_sql_function_gives_nothing_away(shop, alice, bob):
    shop.dba("GRANT CREATE ON SCHEMA mallory TO alice")
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE FUNCTION mallory.leak() RETURNS SETOF sales.orders SECURITY DEFINER"
                  " LANGUAGE sql STABLE AS 'SELECT * FROM sales.orders'")
    refused(bob, "SELECT count(*) FROM mallory.leak()")


def test_security_definer_function_of_another_does_not_use_the_callers_grant(shop, alice):
    with shop.connect("mallory") as mallory:
        mallory.execute("CREATE FUNCTION mallory.trap() RETURNS numeric SECURITY DEFINER LANGUAGE"
                        " plpgsql AS 'BEGIN RETURN (SELECT sum(total) FROM sales.orders); END'")
    shop.grant("alice", "SELECT ON sales.orders")
    refused(alice, "SELECT mallory.trap()")


def test_security_definer_function_of_the_owner_works_as_ever(shop, alice):
    shop.dba("CREATE FUNCTION sales.total() RETURNS numeric SECURITY DEFINER LANGUAGE plpgsql"
             " AS 'BEGIN RETURN (SELECT sum(total) FROM sales.orders); END';"
             "ALTER FUNCTION sales.total() OWNER TO shop")
    assert one(alice, "SELECT sales.total()") == 500500


def test_security_definer_view_function_does_not_launder(shop, alice, bob):
    shop.dba("GRANT CREATE ON SCHEMA mallory TO alice")
    shop.grant("alice", "SELECT ON sales.open_orders")
    alice.execute("CREATE VIEW mallory.deep AS SELECT total FROM sales.open_orders")
    alice.execute("GRANT SELECT ON mallory.deep TO PUBLIC")
    refused(bob, "SELECT count(*) FROM mallory.deep")


def test_set_role_leaves_the_grant_behind(shop, alice):
    shop.dba("CREATE ROLE reporting; GRANT reporting TO alice;"
             "GRANT USAGE ON SCHEMA sales TO reporting")
    try:
        shop.grant("alice", "SELECT ON sales.orders")
        alice.execute("SET ROLE reporting")
        refused(alice, "SELECT count(*) FROM sales.orders")
        alice.execute("RESET ROLE")
        assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    finally:
        shop.dba("DROP OWNED BY reporting; DROP ROLE reporting")


def test_generic_plan_made_under_the_grant_is_strict_under_another_role(shop, alice):
    shop.dba("CREATE ROLE reporting; GRANT reporting TO alice;"
             "GRANT USAGE ON SCHEMA sales TO reporting")
    try:
        shop.grant("alice", "SELECT ON sales.orders, sales.open_orders")
        alice.execute("SET plan_cache_mode = force_generic_plan")
        alice.execute("PREPARE q AS SELECT count(*) FROM sales.orders")
        alice.execute("PREPARE v AS SELECT count(*) FROM sales.open_orders")
        for _ in range(3):
            one(alice, "EXECUTE q")
            one(alice, "EXECUTE v")
        alice.execute("SET ROLE reporting")
        refused(alice, "EXECUTE q")
        refused(alice, "EXECUTE v")
    finally:
        shop.dba("DROP OWNED BY reporting; DROP ROLE reporting")


def test_grant_of_a_member_does_not_reach_the_group_nor_back(shop, alice):
    """Who may become alice natively has no part in what was approved for alice as a person."""
    shop.dba("CREATE ROLE team IN ROLE jit_requester; GRANT team TO alice")
    try:
        shop.grant("alice", "SELECT ON sales.orders")
        shop.dba("GRANT USAGE ON SCHEMA sales TO team")
        alice.execute("SET ROLE team")
        refused(alice, "SELECT count(*) FROM sales.orders")
    finally:
        shop.dba("DROP OWNED BY team; DROP ROLE team")


def test_invoker_trigger_is_held_to_the_requesters_own_rights(shop, alice):
    shop.dba("""
        CREATE FUNCTION sales.note_it() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO sales.journal (who, what) VALUES (current_user, new.status); RETURN new; END';
        CREATE TRIGGER note AFTER UPDATE ON sales.orders FOR EACH ROW
          EXECUTE FUNCTION sales.note_it()""")
    shop.grant("alice", "SELECT, UPDATE ON sales.orders")
    refused(alice, "UPDATE sales.orders SET status = 'x' WHERE order_id = 1")
    shop.grant("alice", "INSERT ON sales.journal")
    alice.execute("UPDATE sales.orders SET status = 'x' WHERE order_id = 1")
    assert shop.dba("SELECT who, what FROM sales.journal") == [("alice", "x")]


def test_definer_trigger_runs_as_its_owner(shop, alice):
    shop.dba("""
        CREATE FUNCTION sales.note_it() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS
          'BEGIN INSERT INTO sales.journal (who, what) VALUES (session_user, new.status); RETURN new; END';
        ALTER FUNCTION sales.note_it() OWNER TO shop;
        CREATE TRIGGER note AFTER UPDATE ON sales.orders FOR EACH ROW
          EXECUTE FUNCTION sales.note_it()""")
    shop.grant("alice", "SELECT, UPDATE ON sales.orders")
    alice.execute("UPDATE sales.orders SET status = 'x' WHERE order_id = 1")
    assert shop.dba("SELECT who FROM sales.journal") == [("alice",)]


def test_granting_on_is_not_part_of_a_grant(shop, alice):
    shop.grant("alice", "ALL ON sales.orders")
    refused(alice, "GRANT SELECT ON sales.orders TO bob")
    refused(alice, "ALTER TABLE sales.orders ADD COLUMN x int")
    refused(alice, "CREATE INDEX ON sales.orders (total)")
    refused(alice, "CREATE TRIGGER t BEFORE INSERT ON sales.orders EXECUTE FUNCTION suppress_redundant_updates_trigger()")


def test_nobody_may_become_the_marker_role(shop, alice):
    refused(alice, "SET ROLE jit_elevated")
    assert shop.dba("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = 'jit_elevated'"
                    ) == [(False, False)]
    assert shop.dba("SELECT count(*) FROM pg_auth_members WHERE roleid = 'jit_elevated'::regrole"
                    ) == [(0,)]


def test_index_expression_run_for_another_gets_no_grant(shop, alice, bob):
    """ANALYZE and CREATE INDEX run a table owner's functions as that owner, restricted."""
    shop.dba("GRANT CREATE ON SCHEMA mallory TO alice")
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE FUNCTION mallory.peek(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
                  " 'BEGIN RETURN (SELECT count(*) FROM sales.orders); END'")
    alice.execute("CREATE TABLE mallory.own (n int)")
    alice.execute("INSERT INTO mallory.own VALUES (1)")
    refused(alice, "CREATE INDEX ON mallory.own (mallory.peek(n))")
