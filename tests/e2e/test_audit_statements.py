"""What the audit log holds of statements, whatever they are wrapped in and however they end."""

import threading

import psycopg
import pytest
from psycopg import errors

from support.audit import assert_intact, records, statement, statements
from support.people import Background, one, refused, wait_until
from support.wire import ServerError, Wire


def test_statement_by_a_grant_is_recorded_with_all_that_is_known_of_it(shop):
    request = shop.grant("alice", "SELECT ON sales.orders")
    with shop.connect("alice", application_name="psql of alice", host="127.0.0.1", password="alice") as alice:
        alice.execute("SELECT total FROM sales.orders WHERE order_id <= 7")
        pid = alice.info.backend_pid
    row = statement(shop, "WHERE order_id <= 7")
    assert row["outcome"] == "succeeded" and row["sqlstate"] is None
    assert row["request_ids"] == [request]
    assert row["relations"] == ["sales.orders"]
    assert row["rows"] == 7
    assert row["duration_ms"] >= 0
    assert row["command"] == "SELECT"
    assert row["statement"] == "SELECT total FROM sales.orders WHERE order_id <= 7"
    assert row["statement_length"] == len(row["statement"]) and row["statement_sha256"] is None
    assert row["session_user_name"] == row["current_user_name"] == row["authenticated_user_name"] == "alice"
    assert str(row["client_addr"]) == "127.0.0.1" and row["client_port"] > 0
    assert row["application_name"] == "psql of alice"
    assert row["database_name"] == shop.database
    assert row["pid"] == pid
    assert row["query_id"] is not None
    assert row["begun_at"] <= row["ended_at"]
    assert_intact(shop)


def test_statement_without_any_grant_is_recorded(shop, alice):
    alice.execute("SELECT 41 + 1 AS nothing_of_the_shops")
    row = statement(shop, "nothing_of_the_shops")
    assert row["outcome"] == "succeeded" and row["request_ids"] is None and row["rows"] == 1


def test_query_id_is_the_same_whatever_the_constants(shop, alice):
    alice.execute("SELECT 1 AS same_query")
    alice.execute("SELECT 2 AS same_query")
    first, second = statements(shop, "same_query")
    assert first["query_id"] == second["query_id"] is not None


def test_parameters_are_recorded(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("SELECT total FROM sales.orders WHERE order_id = %s AND %s::text IS NULL", [12, None])
    assert statement(shop, "AND $2::text IS NULL")["parameters"] == ["12", None]


def test_others_are_not_recorded(shop):
    with shop.connect("app") as app:
        app.execute("SELECT count(*) AS of_the_application FROM sales.orders")
    shop.run("alice", "SELECT 1 AS last_of_all")
    statements(shop, "last_of_all")
    assert not records(shop, "statement ~ 'of_the_application'")


@pytest.mark.parametrize("statement_text, sqlstate", [
    ("SELECT total FROM sales.orders", "42501"),
    ("SELECT * FROM sales.open_orders", "42501"),
    ("DELETE FROM sales.orders", "42501"),
    ("COPY sales.orders TO STDOUT", "42501"),
    ("EXPLAIN ANALYZE SELECT total FROM sales.orders", "42501"),
    ("SELECT no_such_column FROM sales.orders", "42703"),
    ("SELECT * FROM no_such_table", "42P01"),
    ("SELCT 1", "42601"),
    ("TRUNCATE sales.orders", "42501"),
    ("DO $$ BEGIN PERFORM total FROM sales.orders; EXCEPTION WHEN OTHERS THEN NULL; END $$", "42501"),
    ("DO $$ BEGIN PERFORM * FROM sales.open_orders; EXCEPTION WHEN OTHERS THEN NULL; END $$", "42501"),
])
def test_what_is_refused_is_recorded(shop, statement_text, sqlstate):
    # As the first statement of a session, too.
    with shop.connect("alice") as alice:
        try:
            alice.execute(statement_text)
        except psycopg.Error as error:
            assert error.sqlstate == sqlstate
    found = wait_until(lambda: records(shop, f"sqlstate = '{sqlstate}' AND session_user_name = 'alice'"))
    assert found[0]["kind"] in ("statement_refused", "statement_ended")
    assert found[0]["message"]
    assert_intact(shop)


def test_error_in_the_middle_is_recorded_with_the_rows_before_it(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    with pytest.raises(errors.DivisionByZero):
        alice.execute("SELECT 1 / (5 - order_id) FROM (SELECT order_id FROM sales.orders ORDER BY order_id) o")
    row = statement(shop, "(5 - order_id)")
    assert (row["outcome"], row["sqlstate"], row["message"]) == ("failed", "22012", "division by zero")
    assert row["rows"] == 4


def test_rollback_erases_nothing(shop, alice):
    shop.grant("alice", "SELECT, UPDATE ON sales.orders")
    alice.execute("BEGIN")
    alice.execute("UPDATE sales.orders SET total = 0 WHERE order_id = 1")
    alice.execute("SAVEPOINT s")
    alice.execute("SELECT total FROM sales.orders WHERE order_id = 2")
    alice.execute("ROLLBACK TO s")
    alice.execute("ROLLBACK")
    update = statement(shop, "SET total = 0")
    assert update["outcome"] == "succeeded" and update["rows"] == 1
    assert statement(shop, "WHERE order_id = 2")["rows"] == 1
    wait_until(lambda: statement(shop, "SET total = 0")["committed"] is False)


def test_commit_of_what_was_written_is_told(shop, alice):
    shop.grant("alice", "SELECT, UPDATE ON sales.orders")
    alice.execute("UPDATE sales.orders SET total = 1 WHERE order_id = 1")
    wait_until(lambda: statement(shop, "SET total = 1")["committed"] is True)


def test_nested_statements_know_their_parent(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE FUNCTION pg_temp.count_them() RETURNS bigint LANGUAGE plpgsql AS"
                  " $$ BEGIN RETURN (SELECT count(*) AS within FROM sales.orders); END $$")
    alice.execute("SELECT pg_temp.count_them() AS outside")
    outside = statement(shop, "AS outside")
    within = [row for row in statements(shop, "AS within") if row["parent_id"] is not None]
    assert [row["parent_id"] for row in within] == [outside["statement_id"]]
    assert within[0]["request_ids"] == [request] and outside["request_ids"] is None


@pytest.mark.parametrize("wrapped", [
    "DO $$ BEGIN PERFORM count(*) AS marked FROM sales.orders; END $$",
    "DO $$ DECLARE r record; BEGIN FOR r IN SELECT 1 AS marked FROM sales.orders LOOP END LOOP; END $$",
    "DO $$ BEGIN EXECUTE 'SELECT 1 AS marked FROM sales.orders'; END $$",
    "SELECT * FROM query_to_xml('SELECT 1 AS marked FROM sales.orders', true, false, '')",
    "EXPLAIN ANALYZE SELECT 1 AS marked FROM sales.orders",
    "CREATE TEMP TABLE kept AS SELECT 1 AS marked FROM sales.orders",
    "WITH x AS (SELECT 1 AS marked FROM sales.orders) SELECT count(*) FROM x",
])
def test_wrappers_hide_nothing(shop, alice, wrapped):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute(wrapped)
    found = [row for row in statements(shop, "marked") if row["request_ids"] == [request]]
    assert len(found) == 1 and found[0]["relations"] == ["sales.orders"]
    assert_intact(shop)


def test_cursor_is_one_statement_with_all_rows_it_gave(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total AS by_cursor FROM sales.orders")
    alice.execute("FETCH 10 FROM c")
    alice.execute("FETCH 5 FROM c")
    alice.execute("COMMIT")
    found = [row for row in statements(shop, "by_cursor") if row["request_ids"]]
    assert [row["rows"] for row in found] == [15]
    assert [row["rows"] for row in statements(shop, "FETCH")] == [10, 5]


def test_portal_fetched_in_parts_is_one_statement(shop):
    shop.grant("alice", "SELECT ON sales.orders")
    wire = Wire(shop, "alice")
    wire.query("BEGIN")
    wire.bind("SELECT total AS in_parts FROM sales.orders")
    wire.execute(10)
    wire.execute(7)
    wire.close()  # and gone, in the middle of it
    row = statement(shop, "in_parts")
    assert row["rows"] == 17 and row["outcome"] in ("succeeded", "failed")


def test_prepared_statement_is_recorded_at_each_execution(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("PREPARE p AS SELECT total AS prepared_one FROM sales.orders WHERE order_id = $1")
    for number in range(1, 8):  # past the sixth execution, with a generic plan
        alice.execute(f"EXECUTE p({number})")
    found = [row for row in statements(shop, "prepared_one") if row["request_ids"]]
    assert [row["parameters"] for row in found] == [[str(number)] for number in range(1, 8)]


def test_copy_out_is_recorded_with_its_rows(shop, alice):
    request = shop.grant("alice", "SELECT, EXPORT ON sales.orders")
    with alice.cursor().copy("COPY sales.orders TO STDOUT") as copy:
        count = sum(1 for _ in copy.rows())
    rows = statements(shop, "COPY sales.orders")
    top = [row for row in rows if row["parent_id"] is None]
    assert [row["rows"] for row in top] == [count] and top[0]["relations"] == ["sales.orders"]
    within = [row for row in statements(shop, top=False) if row["parent_id"] == top[0]["statement_id"]]
    assert [row["request_ids"] for row in within] == [[request]]


def test_parallel_query_is_recorded_once(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    for setting in ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0",
                    "force_parallel_mode = on"):
        alice.execute(f"SET {setting}")
    assert "Workers Launched" in str(alice.execute(
        "EXPLAIN (ANALYZE) SELECT count(*) AS explained FROM sales.orders").fetchall())
    alice.execute("SELECT count(*) AS parallel_one FROM sales.orders")
    assert statement(shop, "parallel_one")["rows"] == 1


def test_disconnecting_ends_the_record(shop):
    shop.grant("alice", "SELECT ON sales.orders")
    alice = shop.connect("alice")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total AS left_open FROM sales.orders")
    alice.execute("FETCH 3 FROM c")
    alice.close()
    found = [row for row in statements(shop, "left_open") if row["request_ids"]]
    assert found[0]["rows"] == 3 and found[0]["ended_at"] is not None


def test_terminated_session_is_told_from_one_that_finished(shop):
    shop.grant("alice", "SELECT ON sales.orders")
    alice = shop.connect("alice")
    sleeping = Background(lambda: alice.execute("SELECT pg_sleep(60), count(*) AS ended_early FROM sales.orders"))
    shop.wait_for_statement(alice)
    wait_until(lambda: records(shop, "statement ~ 'ended_early'"))
    shop.dba("SELECT pg_terminate_backend(%s)", [alice.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        sleeping.result()
    row = statement(shop, "ended_early")
    assert (row["outcome"], row["sqlstate"], row["rows"]) == ("failed", "57P01", 0)


def test_utility_statement_in_a_terminated_session_ends_as_well(shop):
    alice = shop.connect("alice")
    waiting = Background(lambda: alice.execute("DO $$ BEGIN PERFORM pg_sleep(60); END $$"))
    wait_until(lambda: records(shop, "statement ~ 'pg_sleep'"))
    shop.dba("SELECT pg_terminate_backend(%s)", [alice.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        waiting.result()
    assert {row["sqlstate"] for row in statements(shop, "pg_sleep")} == {"57P01"}


def test_end_of_a_grant_is_told_from_other_cancellations(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    running = Background(lambda: alice.execute("SELECT pg_sleep(60), count(*) AS cut_off FROM sales.orders"))
    wait_until(lambda: records(shop, "statement ~ 'cut_off'"))
    shop.revoke(request)
    with pytest.raises(errors.QueryCanceled):
        running.result()
    row = statement(shop, "cut_off")
    assert (row["outcome"], row["sqlstate"], row["request_ids"]) == ("cancelled", "57014", [request])
    alice.execute("SET statement_timeout = 50")
    with pytest.raises(errors.QueryCanceled):
        alice.execute("SELECT pg_sleep(60) AS timed_out")
    assert statement(shop, "timed_out")["outcome"] == "failed"


def test_set_role_shows_who_is_who(shop):
    shop.dba("GRANT app TO alice")
    try:
        with shop.connect("alice") as alice:
            alice.execute("SET ROLE app")
            alice.execute("SELECT count(*) AS as_the_app FROM sales.orders")
    finally:
        shop.dba("REVOKE app FROM alice")
    row = statement(shop, "as_the_app")
    assert (row["session_user_name"], row["current_user_name"]) == ("alice", "app")


def test_function_call_message_is_recorded(shop, alice):
    # As libpq's large objects do it: no statement at all.
    oid = shop.value("postgres", "SELECT 'pg_catalog.lo_creat(integer)'::regprocedure::oid")
    libpq = pytest.importorskip("ctypes.util").find_library("pq")
    import ctypes
    pq = ctypes.CDLL(libpq)
    pq.PQconnectdb.restype = pq.PQfn.restype = ctypes.c_void_p
    pq.lo_creat.argtypes = [ctypes.c_void_p, ctypes.c_int]
    pq.PQfinish.argtypes = [ctypes.c_void_p]
    connection = pq.PQconnectdb(
        f"host={shop.server.host} port={shop.server.port} user=alice dbname={shop.database}".encode())
    assert pq.lo_creat(connection, 0x60000) > 0, oid
    assert statement(shop, "pg_catalog.lo_creat(integer)")["command"] == "FUNCTION CALL"
    # Each of those in one transaction.
    pq.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    pq.PQexec.restype = ctypes.c_void_p
    pq.PQexec(connection, b"BEGIN")
    for _ in range(3):
        assert pq.lo_creat(connection, 0x60000) > 0
    pq.PQexec(connection, b"COMMIT")
    pq.PQfinish(connection)
    assert [row["outcome"] for row in statements(shop, "pg_catalog.lo_creat(integer)")] == ["succeeded"] * 4


def test_long_text_is_cut_at_a_character_and_hashed(shop, alice):
    text = "SELECT 'long_text " + "ü" * 8000 + "'"
    alice.execute(text)
    row = statement(shop, "long_text")
    whole = text.encode()
    assert row["statement_length"] == len(whole)
    assert len(row["statement"].encode()) in (8191, 8192) and text.startswith(row["statement"])
    assert row["statement_sha256"] == shop.value("postgres", "SELECT sha256(%s)", [whole])


def test_several_statements_of_one_message_are_recorded_one_by_one(shop, alice):
    alice.execute("SELECT 1 AS multi; SELECT 2 AS multi ; SELECT 3 AS multi")
    assert [row["statement"] for row in statements(shop, "multi")] == [
        "SELECT 1 AS multi", "SELECT 2 AS multi", "SELECT 3 AS multi"]


def test_sessions_at_once_lose_nothing(shop):
    def work():
        with shop.connect("alice") as connection:
            for _ in range(100):
                connection.execute("SELECT 1 AS one_of_many")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statements(shop, "one_of_many")) == 800
    assert_intact(shop)


def test_foreign_key_checks_are_no_statements_of_hers(shop, alice):
    shop.grant("alice", "INSERT ON sales.items")
    alice.execute("INSERT INTO sales.items VALUES (1, 99, 'x', 1)")
    alice.execute("SELECT 1 AS end_of_it")
    statements(shop, "end_of_it")
    assert not records(shop, "statement ~ 'FOR KEY SHARE'")


def test_triggers_within_foreign_key_checks_are(shop, alice):
    # Grants do not count in there; her own rights do.
    for text in ("CREATE TEMP TABLE parents (id int PRIMARY KEY)",
                 "CREATE TEMP TABLE children (id int REFERENCES parents ON DELETE CASCADE)",
                 "CREATE FUNCTION pg_temp.looks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                 " PERFORM count(*) AS within_the_check FROM pg_temp.parents; RETURN OLD; END $$",
                 "CREATE TRIGGER looks BEFORE DELETE ON children FOR EACH ROW EXECUTE FUNCTION pg_temp.looks()",
                 "INSERT INTO parents VALUES (1)", "INSERT INTO children VALUES (1)", "DELETE FROM parents"):
        alice.execute(text)
    wait_until(lambda: records(shop, "kind = 'statement_begun' AND command = 'SELECT' AND statement ~ 'within_the_check'"))
    assert not records(shop, "statement ~ 'ONLY'")


@pytest.mark.parametrize("text", ["count(most_common_vals::text) FROM pg_stats", "count(*) FROM jit.statements"])
def test_catalogs_that_hold_values_are_no_housekeeping(shop, alice, text):
    alice.execute(f"DO $$ BEGIN EXECUTE 'SELECT 1 AS nested, {text}'; END $$")
    wait_until(lambda: records(shop, "kind = 'statement_begun' AND statement ~ '^SELECT 1 AS nested'"))


def test_every_refusal_that_was_trapped_is_recorded(shop, alice):
    alice.execute("""DO $$ BEGIN
      BEGIN PERFORM 1/0; EXCEPTION WHEN OTHERS THEN END;
      BEGIN EXECUTE 'SELECT 1 AS probing FROM sales.customers'; EXCEPTION WHEN OTHERS THEN END;
      BEGIN EXECUTE 'SELECT 2 AS probing FROM sales.customers'; EXCEPTION WHEN OTHERS THEN END; END $$""")
    rows = wait_until(lambda: records(shop, "kind = 'statement_refused' AND statement ~ '^SELECT . AS probing'"))
    assert [row["sqlstate"] for row in rows] == ["42501", "42501"]


def test_refusal_with_a_long_message_is_recorded(shop, alice):
    with pytest.raises(errors.InvalidTextRepresentation):
        alice.execute("SELECT repeat('x', 3000000)::int")
    row = statement(shop, "3000000")
    assert row["sqlstate"] == "22P02" and len(row["message"]) <= 1000


def test_decisions_are_one_statement_not_those_they_are_made_of(shop, alice):
    alice.execute("SELECT jit_request('SELECT ON sales.orders', '1 hour', 'INC-7')")
    alice.execute("SELECT * FROM jit.my_requests")
    alice.execute("SELECT 1 AS end_of_it")
    statements(shop, "end_of_it")
    assert [row["statement"] for row in records(shop, "kind = 'statement_begun'")] == [
        "SELECT jit_request('SELECT ON sales.orders', '1 hour', 'INC-7')", "SELECT * FROM jit.my_requests",
        "SELECT 1 AS end_of_it"]


def test_reader_who_is_no_auditor_sees_their_own(shop, alice):
    alice.execute("SELECT 1 AS hers")
    shop.run("bob", "SELECT 1 AS his")
    statements(shop, "his")
    assert one(alice, "SELECT count(*) > 0 AND bool_and(session_user_name = 'alice') FROM jit.statements")
    assert shop.value("erin", "SELECT count(DISTINCT session_user_name) FROM jit.statements") == 2
    refused(alice, "SELECT * FROM jit.audit_log")
    refused(alice, "SELECT * FROM jit_audit_verify()")
    assert shop.run("erin", "SELECT first_bad FROM jit_audit_verify()") == [(None,)]


def test_wire_errors_are_recorded(shop):
    wire = Wire(shop, "alice")
    with pytest.raises(ServerError):
        wire.bind("SELECT never_parsed FROM nowhere")
    wire.close()
    wait_until(lambda: records(shop, "kind = 'statement_refused' AND statement ~ 'never_parsed'"))
