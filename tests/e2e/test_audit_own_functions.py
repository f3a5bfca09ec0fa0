"""What the extension's own functions look up is not a statement of whoever called them; what their callers run is."""

import pytest

from support.audit import statement, statements


@pytest.fixture
def playground(shop):
    """A schema where alice may make functions."""
    shop.run("postgres", "CREATE SCHEMA play; GRANT ALL ON SCHEMA play TO alice")
    return shop


@pytest.mark.parametrize("read", ["SELECT * FROM jit.visible_requests AS read_by_her",
                                  "SELECT * FROM jit.pending AS read_by_her",
                                  "SELECT * FROM jit.active_grants AS read_by_her",
                                  "SELECT * FROM jit.events AS read_by_her",
                                  "SELECT read_by_her.* FROM jit.request_objects(%(request)s) AS read_by_her",
                                  "SELECT read_by_her.* FROM jit.request_approvals(%(request)s) AS read_by_her"])
def test_read_of_a_view_is_one_statement(shop, alice, read):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute(read, {"request": request})
    outer = statement(shop, "read_by_her")
    assert [row["statement"] for row in statements(shop) if row["parent_id"] == outer["statement_id"]] == []


def test_functions_of_hers_are_followed_after_one_of_ours_has_failed(playground, alice):
    alice.execute("""
        CREATE FUNCTION play.after_an_error() RETURNS void LANGUAGE plpgsql SET search_path = play AS $$
        BEGIN
          BEGIN
            PERFORM count(*) FROM jit.request_objects(99999999);
          EXCEPTION WHEN OTHERS THEN NULL;
          END;
          EXECUTE 'SELECT 1 AS after_the_error';
        END $$""")
    alice.execute("SELECT play.after_an_error()")
    assert any(row["statement"] == "SELECT 1 AS after_the_error" for row in statements(playground, "after_the_error"))


def test_functions_of_hers_are_followed_beside_ours(playground, alice):
    alice.execute("CREATE FUNCTION play.plain(bigint) RETURNS text LANGUAGE plpgsql AS $$"
                  " DECLARE t text; BEGIN EXECUTE 'SELECT 2::text AS beside_ours' INTO t; RETURN t; END $$")
    alice.execute("SELECT play.plain(c) FROM (SELECT count(*) AS c FROM jit.visible_requests) v")
    assert any(row["statement"] == "SELECT 2::text AS beside_ours" for row in statements(playground, "beside_ours"))


def test_asking_for_a_statement_runs_nothing_of_it(playground, alice):
    # It would run within a function of ours.
    alice.execute("CREATE FUNCTION play.peek() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$"
                  " BEGIN RAISE 'peeked'; END $$")
    alice.execute("SELECT jit_request_for('SELECT * FROM sales.orders WHERE order_id = play.peek()', '1 hour', 'INC-1')")
