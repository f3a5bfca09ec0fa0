"""What the extension's own functions look up is not a statement of whoever called them; what their callers run is."""

import re

import psycopg
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


SILENT = "SELECT * FROM jit.events_after($1, $2)"


def test_what_a_server_asks_every_few_seconds_is_no_statement_of_hers(shop, alice):
    request = str(shop.grant("alice", "SELECT ON sales.orders")).encode()
    with shop.connect("alice") as session:
        wire = session.pgconn
        assert wire.exec_(b"SELECT * FROM jit.session_facts()").ntuples == 1
        assert wire.exec_(b"SELECT pg_catalog.clock_timestamp() AS now").ntuples == 1
        assert wire.exec_params(b"SELECT * FROM jit.request_approvals($1)", [request]).ntuples == 1
        assert wire.exec_params(b"SELECT * FROM jit.request_objects($1)", [request]).ntuples == 1
        assert wire.exec_params(SILENT.encode(), [b"0", b"100"]).ntuples > 0
    alice.execute("SELECT 1 AS last_of_all")
    statement(shop, "last_of_all")
    assert [row["statement"] for row in statements(shop) if row["relations"] or re.search("jit[.]|clock", row["statement"])] == []


@pytest.mark.parametrize("text", [
    "select * FROM jit.session_facts()", "SELECT *, 1 FROM jit.session_facts()", "SELECT * FROM jit.events_after(play.peek(), 1)",
    "SELECT * FROM jit.events_after(0, 1) WHERE play.peek() > 0", "SELECT * FROM jit.events_after(play.peek(), 1) LIMIT 1",
    "SELECT * FROM jit.session_facts(), jit.events_after(0, 1)", "SELECT * FROM play.session_facts()"])
def test_anything_else_is(playground, alice, text):
    alice.execute("CREATE FUNCTION play.peek() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1; END $$;"
                  "CREATE FUNCTION play.session_facts() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$")
    alice.execute(text)
    assert [row["statement"] for row in statements(playground, text, top=True)] == [text]


def test_a_parameter_of_a_type_of_hers_makes_it_a_statement(playground, alice):
    playground.run("postgres", "CREATE TYPE play.number AS ENUM ('0'); ALTER TYPE play.number OWNER TO alice")
    alice.execute("CREATE FUNCTION play.peek(play.number) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 0; END $$;"
                  "CREATE CAST (play.number AS bigint) WITH FUNCTION play.peek(play.number) AS IMPLICIT")
    number = alice.execute("SELECT 'play.number'::regtype::oid").fetchone()[0]
    result = alice.pgconn.exec_params(SILENT.encode(), [b"0", b"1"], [number, 23])
    assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
    statement(playground, SILENT)
