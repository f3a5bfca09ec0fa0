"""What somebody plants for a holder's or an approver's session to step on."""

import pytest
from psycopg import errors

from support.daemon import cli, cli_json
from support.people import one, refused


@pytest.fixture
def planter(shop):
    """Alice may own things in a schema that everybody uses."""
    shop.dba("GRANT CREATE ON SCHEMA mallory TO alice")
    return shop.connect("alice")


def test_rule_on_the_holders_table_lends_nothing_to_who_fires_it(shop, planter, bob):
    planter.execute("CREATE TABLE mallory.own (n int); CREATE TABLE mallory.loot (total numeric)")
    planter.execute("CREATE RULE taking AS ON INSERT TO mallory.own DO ALSO"
                    " INSERT INTO mallory.loot SELECT total FROM sales.orders")
    planter.execute("GRANT ALL ON mallory.own, mallory.loot TO PUBLIC")
    shop.grant("alice", "SELECT ON sales.orders")
    refused(bob, "INSERT INTO mallory.own VALUES (1)")
    assert shop.dba("SELECT count(*) FROM mallory.loot") == [(0,)]


def test_policy_on_the_holders_table_lends_nothing_to_who_reads_it(shop, planter, bob):
    planter.execute("CREATE TABLE mallory.own (n int); INSERT INTO mallory.own VALUES (5), (5000);"
                    "ALTER TABLE mallory.own ENABLE ROW LEVEL SECURITY;"
                    "CREATE POLICY peek ON mallory.own USING"
                    " (n IN (SELECT order_id FROM sales.orders));"
                    "GRANT SELECT ON mallory.own TO PUBLIC")
    shop.grant("alice", "SELECT ON sales.orders")
    refused(bob, "SELECT n FROM mallory.own")


def test_default_and_check_of_the_holders_table_lend_nothing(shop, planter, bob):
    planter.execute("CREATE FUNCTION mallory.peek() RETURNS int STABLE LANGUAGE plpgsql AS"
                    " 'BEGIN RETURN (SELECT max(order_id) FROM sales.orders); END'")
    planter.execute("CREATE TABLE mallory.own (n int DEFAULT mallory.peek(), m int);"
                    "GRANT ALL ON mallory.own TO PUBLIC")
    shop.grant("alice", "SELECT ON sales.orders")
    refused(bob, "INSERT INTO mallory.own (m) VALUES (1)")
    planter.execute("INSERT INTO mallory.own (m) VALUES (1)")
    assert shop.dba("SELECT n FROM mallory.own") == [(1000,)]


def test_foreign_table_is_in_no_schema_grant(shop, alice):
    shop.dba("CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
             "CREATE FOREIGN TABLE sales.far (line text) SERVER files"
             " OPTIONS (filename '/etc/hostname')")
    shop.grant("alice", "SELECT ON ALL TABLES IN SCHEMA sales")
    refused(alice, "SELECT line FROM sales.far")


def test_sequence_is_in_no_schema_grant(shop, alice):
    shop.grant("alice", "SELECT ON ALL TABLES IN SCHEMA sales")
    refused(alice, "SELECT last_value FROM sales.coupon_numbers")


def test_approver_lured_into_a_definer_function_decides_nothing(shop, planter):
    request = shop.ask("alice", "SELECT ON sales.orders")
    planter.execute(f"CREATE FUNCTION mallory.report() RETURNS text SECURITY DEFINER LANGUAGE sql"
                    f" AS 'SELECT jit_approve({request})'")
    with pytest.raises(errors.InsufficientPrivilege):
        shop.run("carol", "SELECT mallory.report()")
    assert shop.status(request) == "pending"


def test_inheriting_from_or_referencing_a_granted_table_is_refused(shop, planter):
    shop.grant("alice", "ALL ON sales.orders")
    refused(planter, "CREATE TABLE mallory.child () INHERITS (sales.orders)")
    refused(planter, "CREATE TABLE mallory.child (n int REFERENCES sales.orders)")
    refused(planter, "ALTER TABLE sales.orders RENAME TO mine")
    refused(planter, "COMMENT ON TABLE sales.orders IS 'mine'")


def test_copy_of_the_rows_is_the_holders_and_no_more(shop, alice):
    """What was read in time stays read: the copy is the holder's own table, the source is closed."""
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE TEMP TABLE kept AS SELECT total FROM sales.orders")
    shop.revoke(request)
    assert one(alice, "SELECT count(*) FROM kept") == 1000
    refused(alice, "INSERT INTO kept SELECT total FROM sales.orders")
    refused(alice, "CREATE TEMP TABLE again AS SELECT total FROM sales.orders")
    refused(alice, "SELECT total INTO TEMP again FROM sales.orders")


def test_shadowing_names_in_pg_temp_changes_no_decision(shop, alice):
    """Functions of the extension look names up in pg_catalog first and in pg_temp last."""
    alice.execute("CREATE TEMP TABLE grants (LIKE pg_class); CREATE TEMP TABLE requests (n int)")
    alice.execute("CREATE FUNCTION pg_temp.is_member(oid, text) RETURNS bool LANGUAGE sql"
                  " AS 'SELECT true'")
    alice.execute("CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
                  " AS $$ SELECT timestamptz 'infinity' $$")
    alice.execute("SET search_path = pg_temp, pg_catalog, public")
    request = one(alice, "SELECT public.jit_request('SELECT ON sales.orders', '1 hour', 'INC-1')")
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("SELECT public.jit_approve(%s)", [request])
    refused(alice, "SELECT total FROM sales.orders")


# A database that was upgraded from before PostgreSQL 15 lets everybody create functions in public, beside the extension's.
LURES = """
CREATE TABLE mallory.caught (what text, who name);
GRANT INSERT ON mallory.caught TO PUBLIC;
CREATE FUNCTION public.jit_approve(text, text DEFAULT NULL, text DEFAULT NULL) RETURNS text LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('approve', current_user); SELECT 'approved' $$;
CREATE FUNCTION public.jit_approve(text, text, interval) RETURNS text LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('approve', current_user); SELECT 'approved' $$;
CREATE FUNCTION public.jit_deny(text, text DEFAULT NULL) RETURNS text LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('deny', current_user); SELECT 'denied' $$;
CREATE FUNCTION public.jit_revoke(text, text DEFAULT NULL) RETURNS text LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('revoke', current_user); SELECT 'revoked' $$;
CREATE FUNCTION public.jit_cancel(text) RETURNS text LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('cancel', current_user); SELECT 'cancelled' $$;
CREATE FUNCTION public.jit_extend(text, text, text) RETURNS bigint LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('extend', current_user); SELECT 1::bigint $$;
CREATE FUNCTION public.jit_request(access text, duration interval, reason text) RETURNS bigint LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('request', current_user); SELECT 1::bigint $$;
CREATE FUNCTION public.jit_token_create(text, text[]) RETURNS TABLE (id bigint, token text, expires_at timestamptz) LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('token_create', current_user); SELECT 1::bigint, 'jit_x', now() $$;
CREATE FUNCTION public.jit_token_create(text, text) RETURNS TABLE (id bigint, token text, expires_at timestamptz) LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('token_create', current_user); SELECT 1::bigint, 'jit_x', now() $$;
CREATE FUNCTION public.jit_token_revoke(text) RETURNS text LANGUAGE sql AS
  $$ INSERT INTO mallory.caught VALUES ('token_revoke', current_user); SELECT 'revoked' $$;
"""


@pytest.fixture
def lured(shop, planter):
    shop.dba("GRANT CREATE ON SCHEMA public TO alice")
    planter.execute(LURES)
    yield shop
    assert shop.dba("SELECT * FROM mallory.caught") == []


def test_command_line_calls_nothing_that_was_planted_beside(lured):
    ids = [cli_json(lured, "bob", "request", "SELECT ON sales.orders", "--for", "1h", "--reason", "INC-1")["id"]
           for _ in range(3)]
    cli(lured, "carol", "approve", ids[0])
    cli(lured, "carol", "deny", ids[1], "-m", "no")
    cli(lured, "bob", "cancel", ids[2])
    lured.push()
    cli(lured, "bob", "extend", ids[0], "--for", "10m", "--reason", "INC-3: longer")
    cli(lured, "carol", "revoke", ids[0])
    made = cli_json(lured, "bob", "token", "create", "ci", "--scope", "read")
    cli(lured, "bob", "token", "revoke", made["id"])
    assert [lured.status(i) for i in ids] == ["revoked", "denied", "cancelled"]


def test_api_calls_nothing_that_was_planted_beside(lured, portals):
    portal = portals(lured)
    bob, carol = portal.login("bob"), portal.login("carol")
    ids = [bob.ask("SELECT ON sales.orders") for _ in range(3)]
    carol.post(f"/requests/{ids[0]}/approve").ok()
    carol.post(f"/requests/{ids[1]}/deny", comment="no").ok()
    bob.post(f"/requests/{ids[2]}/cancel").ok()
    bob.wait_for(ids[0], "active")
    bob.post(f"/requests/{ids[0]}/extend", duration="10m", reason="INC-3: longer").ok(201)
    carol.post(f"/requests/{ids[0]}/revoke").ok()
    token = bob.post("/tokens", name="ci", scopes=["read"]).ok(201)
    bob.delete(f"/tokens/{token['id']}").ok()
    assert [lured.status(i) for i in ids] == ["revoked", "denied", "cancelled"]
