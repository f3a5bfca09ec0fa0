"""Statements on the caller's own connection: rows as they come, limits, transactions, cancelling; with the caller's rights alone."""

import http.client
import json
import threading
import time

import pytest
from support.api import Rows
from support.masks import MASKED_SQL
from support.people import wait_until

# More than the server keeps back before it sends: the first rows arrive while the rest is still asleep.
SLOW_TAIL = "SELECT n, CASE WHEN n < 500 THEN repeat('x', 1000) ELSE pg_sleep(60)::text END FROM generate_series(1, 500) n"


@pytest.fixture
def alice(portal):
    return portal.login("alice", connections=2)


def running(shop, pattern="pg_sleep"):
    return shop.dba("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query ~ %s", [pattern])


class Background:
    """A call in a thread; its answer when it is over."""

    def __init__(self, work):
        self._answer = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work):
        try:
            self._answer = work()
        except (OSError, http.client.HTTPException) as error:
            self._answer = error

    def answer(self, timeout=30):
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "it still runs"
        return self._answer


# Values

def test_values_come_as_json_has_them_and_otherwise_as_text(alice):
    rows = alice.sql("""SELECT 1::smallint, (-2147483648)::integer, 9007199254740993::bigint, 1.10::numeric(9,2), 1.5::real,
        0.1::double precision, true, false, NULL, 'text', '{"a": [1, null]}'::json, '{"b":2}'::jsonb, '{1,2}'::integer[],
        date '2026-11-25', '\\x00ff'::bytea, 'NaN'::double precision, '-Infinity'::real, ''""")
    assert rows.rows == [[1, -2147483648, "9007199254740993", "1.10", 1.5, 0.1, True, False, None, "text",
                          {"a": [1, None]},
                          {"b": 2}, "{1,2}", "2026-11-25", "\\x00ff", "NaN", "-Infinity", ""]]
    [columns] = alice.sql("SELECT 1::bigint AS a, 2 AS a, 'x' AS \"ünï\", now() AS t").columns
    assert columns[0] == ("a", "bigint") and columns[1] == ("a", "integer") and columns[2] == ("ünï", "text")


def test_types_have_the_names_that_the_server_gives_them(shop, alice):
    shop.dba("CREATE TYPE sales.mood AS ENUM ('calm', 'busy'); CREATE DOMAIN sales.cents AS bigint")
    sql = "SELECT 'busy'::sales.mood, 5::sales.cents, ARRAY['calm'::sales.mood], '{1}'::integer[], point(1, 2), now(), localtime"
    [columns] = alice.sql(sql).columns
    assert [kind for _, kind in columns] == ["sales.mood", "bigint", "sales.mood[]", "integer[]", "point", "timestamp with time zone",
                                             "time without time zone"]
    # Known by now, and in the middle of a transaction that has failed the names are not in the way.
    assert alice.sql("BEGIN; CREATE TYPE pg_temp.own AS ENUM ('x'); SELECT 'x'::pg_temp.own; ROLLBACK").rows == [["x"]]


def test_texts_with_anything_in_them_arrive_whole(alice):
    for text in ('"\\\b\f\n\r\t', "\x7f\x01", "ünïcödé ☂ \U0001f600", "\u2028\u202e", "</script>", "a" * 100_000):
        assert alice.value("SELECT $1::text", text) == text


def test_parameters_are_values_and_never_sql(alice):
    assert alice.sql("SELECT $1::text, $2::integer, $3::boolean, $4::text, $5::jsonb, $6::integer[]",
                     "'; DROP TABLE x; --", 5, True, None, {"a": 1}, "{1,2}").rows == [
        ["'; DROP TABLE x; --", 5, True, None, {"a": 1}, "{1,2}"]]
    alice.run("SELECT $1::integer", "five").problem("invalid-value", 422, sqlstate="22P02")
    alice.run("SELECT $1::integer, $2::integer", 1).problem(sqlstate="08P01")
    alice.run("SELECT 1; SELECT $1::integer", 1).problem("invalid-sql", 400, sqlstate="42601")
    alice.run("SELECT $1::text", "a\0b").problem("invalid-field", 422, field="parameters")


def test_numbers_are_passed_on_as_they_are_or_not_at_all(alice):
    for number in ("9223372036854775807", "18446744073709551615", "-1.5", "0.30000000000000004", "1e22", "-0.0", "1.10"):
        body = f'{{"sql": "SELECT $1::text::numeric = {number}", "parameters": [{number}]}}'.encode()
        answer = alice.call("POST", "/sql", data=body, headers={"Content-Type": "application/json"})
        assert Rows(answer.lines()).rows == [[True]], number
    for number in ("12345678901234567890123", "0.1234567890123456789", "-98765432109876543210.5"):
        body = f'{{"sql": "SELECT $1::numeric", "parameters": [{number}]}}'.encode()
        alice.call("POST", "/sql", data=body, headers={"Content-Type": "application/json"}).problem("bad-json", 400)


def test_nothing_of_the_statement_is_lost_behind_a_nul(alice):
    alice.run("SELECT 1\0; SELECT 2").problem("invalid-field", 422, field="sql")


# Several statements, notices, counts

def test_several_statements_answer_one_after_the_other(alice):
    rows = alice.sql("SELECT 1 AS a; CREATE TEMP TABLE t (x int); INSERT INTO t VALUES (1), (2); SELECT x FROM t ORDER BY x; SELECT FROM t")
    assert rows.commands == ["SELECT 1", "CREATE TABLE", "INSERT 0 2", "SELECT 2", "SELECT 2"]
    assert [line["statement"] for line in rows.lines if line["type"] == "complete"] == [1, 2, 3, 4, 5]
    assert [line["rows"] for line in rows.lines if line["type"] == "complete"] == [1, None, 2, 2, 2]
    assert rows.rows == [[1], [1], [2], [], []] and rows.end["rows"] == 5
    assert [line["statement"] for line in rows.lines if line["type"] == "columns"] == [1, 4, 5]


def test_result_without_rows_has_its_columns(alice):
    rows = alice.sql("SELECT 1 AS one WHERE false")
    assert rows.columns == [[("one", "integer")]] and rows.commands == ["SELECT 0"] and rows.end["rows"] == 0


def test_notices_come_in_their_place(alice):
    rows = alice.sql("SELECT 1; DO $$ BEGIN RAISE NOTICE 'look % here', 1 USING HINT = 'there', DETAIL = 'why'; END $$; SELECT 2")
    kinds = [line["type"] for line in rows.lines]
    assert kinds.index("notice") > kinds.index("row") and kinds.index("notice") < len(kinds) - 1 - kinds[::-1].index("row")
    [notice] = rows.notices
    assert (notice["severity"], notice["message"], notice["hint"], notice["detail"], notice["sqlstate"]) == (
        "NOTICE", "look 1 here", "there", "why", "00000")


def test_error_before_anything_is_the_answer_with_position_and_hint(alice):
    problem = alice.run("SELECT nothing FROM (SELECT 1 AS somethin) s").problem("invalid-sql", 400, sqlstate="42703")
    assert problem["position"] == 8 and problem["message"] == 'column "nothing" does not exist'
    problem = alice.run("SELECT somethingg FROM (SELECT 1 AS something) s").problem(sqlstate="42703")
    assert "something" in problem["hint"]


def test_error_later_is_a_line_and_the_end_says_so(alice):
    rows = alice.sql("SELECT 1; SELECT 1/0; SELECT 3")
    assert rows.rows == [[1]] and rows.error["sqlstate"] == "22012" and rows.error["status"] == 422
    assert (rows.end["outcome"], rows.end["transaction"]) == ("error", "none")


def test_statements_that_psql_has_and_the_server_has_not_are_errors(alice):
    alice.run("\\copy x to y").problem("invalid-sql", 400)
    assert alice.value("SELECT 'still there'") == "still there"


@pytest.mark.parametrize("sql", ["COPY (SELECT 1) TO STDOUT", "CREATE TEMP TABLE t (x int); COPY t FROM STDIN"])
def test_copy_is_refused_and_the_connection_goes_on(sql, alice):
    answer = alice.run(sql)
    problem = answer.json() if answer.status >= 400 else json.loads(answer.body.split(b"\n")[-3])["problem"]
    assert problem["sqlstate"] in ("0A000", "42501"), problem
    assert alice.value("SELECT 1") == 1


def test_empty_statements_are_none(alice):
    rows = alice.sql(";;-- nothing\n")
    assert rows.rows == [] and rows.end["outcome"] == "ok"


# Streaming and limits

def test_rows_come_while_the_statement_runs(shop, alice):
    with alice.stream(body={"sql": SLOW_TAIL}) as stream:
        assert stream.line()["type"] == "columns"
        assert stream.line()["values"] == [1, "x" * 1000]
        assert running(shop)
        assert alice.post("/sql/cancel").ok() == {"cancelled": True}
        end = stream.rest()[-1]
        assert end["type"] == "end" and end["outcome"] == "cancelled"
    assert alice.value("SELECT 1") == 1


def test_a_hundred_thousand_rows_come_whole(alice):
    rows = alice.sql("SELECT n, 'row ' || n FROM generate_series(1, 100000) n")
    assert rows.end["rows"] == 100_000 and rows.rows[-1] == [100_000, "row 100000"]


def test_limit_on_rows_cuts_there_and_says_so(shop, alice):
    rows = alice.sql("SELECT n FROM generate_series(1, 10000000) n", max_rows=10)
    assert [r[0] for r in rows.rows] == list(range(1, 11))
    assert (rows.end["outcome"], rows.end["limited_by"], rows.end["rows"]) == ("limited", "rows", 10)
    wait_until(lambda: not running(shop, "generate_series"), what="the statement being cancelled")
    exactly = alice.sql("SELECT n FROM generate_series(1, 10) n", max_rows=10)
    assert exactly.end["outcome"] == "ok" and len(exactly.rows) == 10


def test_limit_on_bytes_cuts_between_rows(alice):
    answer = alice.run("SELECT repeat('x', 1000) FROM generate_series(1, 100000)", max_bytes=50_000)
    end = answer.lines()[-1]
    assert (end["outcome"], end["limited_by"]) == ("limited", "bytes") and end["rows"] > 10
    assert len(answer.body) < 51_000


def test_a_value_that_is_too_long_is_not_worked_on(portal, alice):
    rows = alice.sql("SELECT repeat(chr(1), 50000000)", max_bytes=1000)
    assert rows.rows == [] and rows.lines[-1]["limited_by"] == "bytes"
    alice.post("/sql/explain", sql="SELECT repeat('x', 9000000)", verbose=True).problem(sqlstate="54000")
    # Nor is an error's or a notice's text.
    problem = alice.run("DO $$ BEGIN RAISE '%', repeat('ä', 40000000); END $$").problem(sqlstate="P0001")
    assert problem["message"] == "ä" * 32768 + "…"
    [notice] = alice.sql("DO $$ BEGIN RAISE NOTICE '%', repeat('ä', 40000000); END $$").notices
    assert notice["message"] == "ä" * 32768 + "…"


def test_limit_on_time_is_504_before_and_a_limited_end_after(alice):
    alice.run("SELECT pg_sleep(60)", timeout="200ms").problem("timed-out", 504)
    rows = alice.sql(SLOW_TAIL, timeout="1s")
    assert (rows.end["outcome"], rows.end["limited_by"]) == ("limited", "time") and 400 < rows.end["rows"] < 500
    assert alice.value("SELECT 1") == 1


def test_limits_of_the_daemon_cannot_be_lifted(shop, portals):
    portal = portals(shop, api='max_rows = 5\nmax_bytes = "1MiB"\nstatement_timeout = "500ms"')
    alice = portal.login("alice")
    assert alice.sql("SELECT n FROM generate_series(1, 100) n").end["limited_by"] == "rows"
    assert alice.sql("SELECT repeat('x', 2000000)").end["limited_by"] == "bytes"
    for field, value in (("max_rows", 6), ("max_bytes", 2 * 1024 * 1024), ("timeout", "501ms"), ("max_rows", 0),
                         ("max_rows", -1),
                         ("max_rows", 1.5), ("max_rows", "5"), ("timeout", "never"), ("timeout", "0s")):
        alice.run("SELECT 1", **{field: value}).problem("invalid-field", 422, field=field)
    alice.run("SET statement_timeout = 0; SELECT pg_sleep(60)")
    alice.sql("SET statement_timeout = 0")
    alice.run("SELECT pg_sleep(60)").problem("timed-out", 504)


def test_statement_of_a_client_that_has_gone_is_cancelled(shop, alice):
    stream = alice.stream(body={"sql": SLOW_TAIL})
    stream.line()
    stream.close()
    wait_until(lambda: not running(shop), what="the statement being cancelled")
    wait_until(lambda: alice.run("SELECT 1").status == 200, what="the connection being free")


def test_client_that_reads_nothing_is_cut_off_and_holds_up_nobody(shop, portals):
    portal = portals(shop, api='client_timeout = "2s"\nmax_bytes = "1GiB"\nmax_rows = 100000000')
    alice, bob = portal.login("alice"), portal.login("bob")
    stream = alice.stream(body={"sql": "SELECT repeat('x', 10000) FROM generate_series(1, 100000)"})
    begun = time.monotonic()
    assert bob.value("SELECT 1") == 1 and time.monotonic() - begun < 2
    wait_until(lambda: not running(shop, "repeat"), what="the statement being cancelled")
    with pytest.raises((OSError, http.client.HTTPException)):
        stream.rest()
    stream.close()
    wait_until(lambda: alice.run("SELECT 1").status == 200, what="the connection being free")


def test_one_statement_at_a_time_on_a_connection_and_several_connections_side_by_side(shop, alice):
    sleeper = Background(lambda: alice.run("SELECT pg_sleep(60)"))
    wait_until(lambda: running(shop), what="the statement running")
    alice.run("SELECT 1").problem("session-busy", 409)
    assert alice.value("SELECT 2", connection=2) == 2
    assert [c["state"] for c in alice.get("/sql/connections").ok()["connections"]] == ["running", "idle"]
    assert alice.post("/sql/cancel", connection=2).ok() == {"cancelled": False}
    assert alice.post("/sql/cancel", connection=1).ok() == {"cancelled": True}
    sleeper.answer().problem("cancelled", 409, sqlstate="57014")
    alice.run("SELECT 1", connection=3).problem("invalid-field", 422, field="connection")


def test_cancelling_hits_the_statement_it_was_meant_for_and_no_later_one(shop, alice):
    for _ in range(20):
        runs = Background(lambda: alice.run("SELECT pg_sleep(0.02)"))
        alice.post("/sql/cancel").ok()
        assert runs.answer().status in (200, 409)
        assert alice.value("SELECT 'not cancelled'") == "not cancelled"


def test_nobody_cancels_or_sees_what_another_runs(shop, portal, alice):
    bob, also_alice = portal.login("bob", connections=2), portal.login("alice", connections=2)
    sleeper = Background(lambda: alice.run("SELECT pg_sleep(60), 'alice''s own'"))
    wait_until(lambda: running(shop), what="the statement running")
    for other in (bob, also_alice):
        for connection in (1, 2):
            assert other.post("/sql/cancel", connection=connection).ok() == {"cancelled": False}
        assert {c["state"] for c in other.get("/sql/connections").ok()["connections"]} <= {"idle", "not open"}
    assert not bob.sql("SELECT 1 FROM pg_stat_activity WHERE query ~ 'alice''s own' AND pid <> pg_backend_pid()").rows
    assert running(shop)
    alice.post("/sql/cancel").ok()
    sleeper.answer()


# Transactions

def test_transaction_goes_on_from_call_to_call(shop, portal, alice):
    portal.grant("alice", "SELECT, INSERT ON sales.journal")
    assert alice.sql("BEGIN").end["transaction"] == "open"
    alice.sql("INSERT INTO sales.journal (what) VALUES ('in a transaction')")
    assert alice.value("SELECT count(*) FROM sales.journal") == "1"
    assert [c["state"] for c in alice.get("/sql/connections").ok()["connections"]] == ["in transaction", "idle"]
    assert shop.dba("SELECT count(*) FROM sales.journal") == [(0,)]
    assert alice.value("SELECT count(*) FROM sales.journal", connection=2) == "0"
    assert alice.sql("COMMIT").end["transaction"] == "none"
    assert shop.dba("SELECT count(*) FROM sales.journal") == [(1,)]


def test_failed_transaction_says_so_until_it_is_rolled_back(alice):
    alice.sql("BEGIN")
    rows = alice.run("SELECT 1/0")
    rows.problem(sqlstate="22012")
    assert alice.get("/sql/connections").ok()["connections"][0]["state"] == "failed transaction"
    alice.run("SELECT 1").problem("wrong-transaction-state", 409, sqlstate="25P02")
    assert alice.sql("ROLLBACK").end["transaction"] == "none"
    assert alice.value("SELECT 1") == 1


@pytest.mark.parametrize("ends", ["log out", "idle", "kill"])
def test_open_transaction_ends_with_the_session(ends, shop, portals):
    portal = portals(shop, api='idle_timeout = "2s"' if ends == "idle" else "")
    alice = portal.login("alice")
    portal.grant("alice", "INSERT ON sales.journal")
    alice.sql("BEGIN; INSERT INTO sales.journal (what) VALUES ('never')")
    if ends == "log out":
        alice.post("/logout")
    elif ends == "kill":
        portal.daemon.kill()
    wait_until(lambda: not shop.dba("SELECT 1 FROM pg_stat_activity WHERE usename = 'alice' AND state ~ 'in transaction'"),
               what="the transaction's end")
    assert shop.dba("SELECT count(*) FROM sales.journal") == [(0,)]


def test_reading_through_the_api_goes_on_while_a_transaction_failed(alice):
    alice.run("BEGIN; SELECT 1/0")
    assert alice.user() == "alice"
    assert alice.ask()
    assert alice.sql("ROLLBACK")


def test_settings_stay_on_their_connection(alice):
    alice.sql("SET application_name = 'mine'; SET search_path = sales")
    assert alice.value("SHOW application_name") == "mine"
    assert alice.value("SHOW application_name", connection=2) != "mine"
    assert alice.post("/requests", access="SELECT ON sales.orders", duration="1h", reason="x").ok(201)


# EXPLAIN

def test_plan_is_json_and_nothing_is_run(shop, portal, alice):
    portal.grant("alice", "SELECT, DELETE ON sales.orders")
    [plan] = alice.post("/sql/explain", sql="DELETE FROM sales.orders WHERE order_id = $1", parameters=[1],
                        verbose=True).ok()["plan"]
    assert plan["Plan"]["Node Type"] == "ModifyTable"
    assert shop.dba("SELECT count(*) FROM sales.orders") == [(1000,)]
    [plan] = alice.post("/sql/explain", sql="SELECT count(*) FROM sales.orders", analyze=True, buffers=True,
                        settings=True).ok()["plan"]
    assert plan["Plan"]["Actual Rows"] == 1


def test_plan_of_what_one_may_not_read_when_analyzed_is_refused(alice):
    alice.post("/sql/explain", sql="SELECT count(*) FROM sales.orders", analyze=True).problem("forbidden", 403)


def test_explain_explains_one_statement_and_runs_no_other(shop, portal, alice):
    portal.grant("alice", "SELECT, DELETE ON sales.journal")
    for sql in ("SELECT 1; DELETE FROM sales.journal", "ANALYZE DELETE FROM sales.journal", ") SELECT 1", ""):
        assert alice.post("/sql/explain", sql=sql).status in (400, 422), sql


# CSV

def test_csv_tells_null_from_empty_and_quotes_what_needs_it(alice):
    answer = alice.csv("SELECT 1 AS n, NULL AS nothing, '' AS empty, 'a,b' AS comma, 'say \"hi\"' AS quote, E'x\\ny' AS lines")
    assert answer.text() == 'n,nothing,empty,comma,quote,lines\r\n1,,"","a,b","say ""hi""","x\ny"\r\n'


def test_csv_of_no_rows_is_its_header(alice):
    assert alice.csv("SELECT 1 AS one WHERE false").text() == "one\r\n"


def test_csv_has_room_for_one_result(alice):
    alice.csv("SELECT 1; SELECT 2").problem("invalid-field", 422)
    assert alice.csv("BEGIN; SELECT 1 AS one; COMMIT").text() == "one\r\n1\r\n"
    alice.csv("SELECT 1/0").problem(status=422, sqlstate="22012")


def test_csv_tells_at_its_end_whether_it_is_whole(portal, alice):
    def received(**options):
        body = json.dumps({"sql": "SELECT n FROM generate_series(1, 100) n", **options})
        heads = "".join(f"{name}: {value}\r\n" for name, value in alice.headers.items())
        return portal.server.raw(f"POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\n{heads}Content-Type: application/json\r\n"
                                 f"Accept: text/csv\r\nTE: trailers\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    assert received().endswith(b"\r\n0\r\nJit-Outcome: ok\r\nJit-Rows: 100\r\n\r\n")
    assert received(max_rows=10).endswith(b"\r\n0\r\nJit-Outcome: limited by rows\r\nJit-Rows: 10\r\n\r\n")


def test_csv_that_a_limit_of_the_daemons_ends_does_not_look_whole(shop, portals):
    alice = portals(shop, api="max_rows = 10").login("alice")
    sql = "SELECT repeat('x', 100000) FROM generate_series(1, 11) n"
    for text in (sql, "SELECT n FROM generate_series(1, 11) n"):
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            alice.csv(text)
    # Whoever asks for so many has asked for it, and whoever takes trailers is told.
    assert alice.csv(sql, max_rows=10).text().count("\r\n") == 11
    assert alice.with_headers(TE="trailers").csv(sql).text().count("\r\n") == 11
    assert alice.csv("SELECT n FROM generate_series(1, 10) n").text().count("\r\n") == 11
    assert alice.sql(sql).lines[-1]["limited_by"] == "rows"


def test_csv_that_fails_on_its_way_is_cut_off(alice):
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        alice.csv("SELECT repeat('x', 1000), 1 / (n - 5000) FROM generate_series(1, 10000) n")
    assert alice.value("SELECT 1") == 1


def test_csv_that_fails_on_its_way_does_not_look_whole_to_an_old_client(portal, alice):
    body = json.dumps({"sql": "SELECT repeat('x', 1000), 1 / (n - 5000) FROM generate_series(1, 10000) n"})
    heads = "".join(f"{name}: {value}\r\n" for name, value in alice.headers.items())
    with portal.server.socket() as client:
        client.sendall(f"POST /api/v1/sql HTTP/1.0\r\n{heads}Content-Type: application/json\r\nAccept: text/csv\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        with pytest.raises(ConnectionResetError):
            while client.recv(65536):
                pass


def test_csv_for_a_spreadsheet_computes_nothing(alice):
    sql = "SELECT '=1+1' AS \"=f\", -1 AS n, '-x' AS t, 1.5::numeric AS m, '@y' AS a"
    assert alice.csv(sql, spreadsheet=True).text() == "'=f,n,t,m,a\r\n'=1+1,-1,'-x,1.5,'@y\r\n"
    assert alice.csv(sql).text() == "=f,n,t,m,a\r\n=1+1,-1,-x,1.5,@y\r\n"


# Rights

def test_daemon_lends_nobody_its_rights(shop, portal, alice):
    assert alice.value("SELECT session_user || current_user") == "alicealice"
    for sql in ("SELECT * FROM sales.orders", "SELECT jit.run_due()", "SELECT * FROM jit.requests",
                "SELECT * FROM jit.audit_log",
                "SET ROLE jit_daemon", "SET SESSION AUTHORIZATION carol", "SELECT pg_read_file('/etc/passwd')",
                "COPY (SELECT 1) TO PROGRAM 'true'"):
        alice.run(sql).problem(status=403, sqlstate="42501")


def test_masks_hold(shop, portals):
    shop.server.psql(MASKED_SQL, database=shop.database)
    portal = portals(shop)
    portal.grant("alice", "SELECT ON sales.people")
    alice = portal.login("alice")
    answer = alice.run("SELECT * FROM sales.people")
    assert answer.status == 200 and b"RAWMARK-ssn" not in answer.body and answer.lines()[-1]["rows"] == 40
    assert "RAWMARK-ssn" not in alice.csv("SELECT * FROM sales.people").text()


def test_end_of_a_grant_cuts_off_what_runs(shop, portals):
    portal = portals(shop)
    alice, carol = portal.login("alice"), portal.login("carol")
    request = portal.grant("alice", "SELECT ON sales.orders")
    runs = Background(lambda: alice.run("SELECT pg_sleep(60) FROM sales.orders"))
    wait_until(lambda: running(shop), what="the statement running")
    carol.post(f"/requests/{request}/revoke").ok()
    answer = runs.answer()
    assert answer.status in (403, 409), answer
    alice.refused("SELECT count(*) FROM sales.orders")


def test_statements_are_in_the_audit_log_as_their_users(shop, portal, alice):
    portal.grant("alice", "SELECT ON sales.orders")
    alice.sql("SELECT count(*) AS through_the_api FROM sales.orders")
    alice.refused("SELECT count(*) AS refused_by_api FROM sales.items")
    found = wait_until(lambda: (rows := shop.dba(
        "SELECT session_user_name, outcome, client_addr::text FROM jit.statements WHERE statement ~ '_(the|by)_api' ORDER BY seq"))
        and len(rows) == 2 and rows[0][1] != "running" and rows, what="the records")
    assert [(r[0], r[1]) for r in found] == [("alice", "succeeded"), ("alice", "refused")]


def test_functions_of_others_are_not_in_the_way_of_the_api(shop, portal):
    shop.dba("CREATE SCHEMA evil; GRANT ALL ON SCHEMA evil TO PUBLIC; ALTER ROLE bob SET search_path = evil, pg_catalog")
    shop.run("mallory", "CREATE FUNCTION evil.format(text, text) RETURNS text LANGUAGE plpgsql AS"
                        " 'BEGIN RAISE EXCEPTION ''caught %'', current_user; END';"
                        "CREATE FUNCTION evil.count() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''caught''; END';"
                        "CREATE FUNCTION evil.min(timestamptz) RETURNS timestamptz LANGUAGE plpgsql AS"
                        " 'BEGIN RAISE EXCEPTION ''caught''; END'")
    try:
        bob = portal.login("bob")
        for path in ("/me", "/me/access", "/requests", "/grants", "/catalogue/schemas", "/catalogue/tables",
                     "/catalogue/tables/sales/orders", "/tokens", "/audit"):
            bob.get(path).ok()
        assert bob.ask("SELECT ON sales.orders")
    finally:
        shop.dba("ALTER ROLE bob RESET search_path")


def memory(portal):
    """What the daemon holds, in bytes."""
    with open(f"/proc/{portal.daemon.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def test_notifications_that_nobody_takes_are_not_kept(shop, portal, alice):
    alice.run("LISTEN flood")
    before = memory(portal)
    for _ in range(4):
        shop.dba("SELECT pg_notify('flood', n || repeat('x', 7000)) FROM generate_series(1, 5000) n")
        alice.run("SELECT 1")
        assert alice.value("SELECT 1") == 1
    assert memory(portal) - before < 40_000_000  # of 140 MB that were sent


def test_notices_without_end_are_not_kept(portal, alice):
    before = memory(portal)
    lines = alice.run("DO $$ BEGIN FOR i IN 1..900 LOOP RAISE NOTICE '%', repeat('x', 100000); END LOOP; END $$").lines()
    notices = [line for line in lines if line["type"] == "notice"]
    assert 10 <= len(notices) <= 20
    assert memory(portal) - before < 40_000_000  # of 90 MB that were raised
