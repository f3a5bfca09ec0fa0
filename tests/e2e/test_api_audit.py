"""The audit log through the API: searched, paged, exported, verified, by auditors; everybody else sees their own statements."""

import csv
import io

import pytest
from support.daemon import cli_json
from support.people import wait_until


@pytest.fixture
def erin(portal):
    return portal.login("erin")


@pytest.fixture
def busy(shop, portal):
    """A shop where something has happened; its number of request."""
    request = portal.grant("alice", "SELECT ON sales.orders", reason="INC-1: count")
    shop.run("alice", "SELECT count(*) AS counted FROM sales.orders")
    shop.run("bob", "SELECT 'of bob'")
    settled(shop, 2, "counted|of bob")
    return request


def settled(shop, count, pattern):
    wait_until(lambda: len(shop.dba("SELECT 1 FROM jit.statements WHERE outcome <> 'running' AND statement ~ %s",
                                    [pattern])) >= count,
               what="the records")


def texts(entries):
    return [e["text"] for e in entries if e["type"] == "statement"]


def test_auditors_find_what_was_run_and_what_was_decided(erin, busy):
    entries = erin.get("/audit", request=busy).ok()["entries"]
    assert [e["what"] for e in entries if e["type"] == "event"] == ["requested", "approved", "granted"]
    [statement] = [e for e in entries if e["type"] == "statement"]
    assert (statement["person"], statement["what"], statement["rows"], statement["request_ids"],
            statement["relations"]) == (
        "alice", "succeeded", 1, [busy], ["sales.orders"])
    times = [e["time"] for e in entries]
    assert times == sorted(times)


def test_filters_choose(erin, busy):
    assert "SELECT 'of bob'" in texts(erin.get("/audit", person="bob").ok()["entries"])
    assert texts(erin.get("/audit",
                          relation="sales.*").ok()["entries"]) == ["SELECT count(*) AS counted FROM sales.orders"]
    assert erin.get("/audit", relation="sales.o_ders").ok()["entries"] == []
    assert erin.get("/audit", until="2001-01-01T00:00:00Z").ok()["entries"] == []
    assert erin.get("/audit", since="2001-01-01T00:00:00Z", person="bob").ok()["entries"]
    assert {e["kind"] for e in erin.get("/audit", kind="granted").ok()["entries"]} == {"granted"}
    assert erin.get("/audit", raw_columns=True).ok()["entries"] == []
    assert erin.get("/audit", person="'; DROP TABLE jit.audit_log; --").ok()["entries"] == []


@pytest.mark.parametrize("query,field", [({"outcome": "lost"}, "outcome"), ({"limit": 1001}, "limit"),
                                         ({"request": "x"}, "request"),
                                         ({"since": "x"}, "since"), ({"raw_columns": "yes"},
                                                                     "raw_columns"), ({"cursor": "!"}, "cursor"),
                                         ({"log": True, "outcome": "failed"}, "outcome")])
def test_filters_that_are_none_are_refused_by_name(query, field, erin):
    erin.get("/audit", **query).problem("invalid-field", 422, field=field)


def test_pages_lead_back_to_the_beginning_and_hold_everything_once(shop, erin, busy):
    pages = list(erin.pages("/audit", "entries", log=True, limit=5))
    assert len(pages) > 2
    for page in pages:
        assert [e["seq"] for e in page] == sorted(e["seq"] for e in page)
    found = sorted(e["seq"] for page in pages for e in page)
    assert found == list(range(found[0], found[-1] + 1)) and len(found) == len(set(found))
    assert found[0] == shop.dba("SELECT min(seq) FROM jit.audit_log")[0][0]


def test_entries_are_those_of_the_command_line(shop, erin, busy):
    query = {"request": busy}
    assert erin.get("/audit", **query).ok()["entries"] == cli_json(shop, "erin", "audit", "--request", busy)
    # What the comparison itself leaves in the log comes after.
    records = erin.get("/audit", kind="granted").ok()["entries"]
    assert records == cli_json(shop, "erin", "audit", "--kind", "granted")


def test_everybody_sees_their_own_statements_and_no_more(portal, busy):
    for person, other in (("bob", "counted"), ("alice", "of bob")):
        entries = portal.login(person).get("/audit").ok()["entries"]
        assert {e["person"] for e in entries} == {person} and not any(other in text for text in texts(entries))
    alice = portal.login("alice")
    assert {e["person"] for e in alice.get("/audit", person="bob").ok()["entries"]} <= set()
    alice.get("/audit", log=True).problem("forbidden", 403)
    alice.get("/audit", kind="granted").problem("forbidden", 403)
    alice.get("/audit/verify").problem("forbidden", 403, sqlstate="42501")


def test_export_is_everything_that_matches_line_by_line(shop, erin, busy):
    answer = erin.call("GET", "/audit/export", {"request": busy}, headers={"Accept": "application/x-ndjson"})
    exported = answer.lines()
    assert exported == sorted(erin.get("/audit", request=busy).ok()["entries"], key=lambda e: e["seq"])
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Accel-Buffering"] == "no"


def test_export_of_more_than_a_page_is_whole(shop, erin):
    shop.value("alice",
               "SELECT count(jit_request('SELECT ON sales.orders', '1 hour', 'number ' || n)) FROM generate_series(1, 900) n")
    shop.value("bob",
               "SELECT count(jit_request('SELECT ON sales.orders', '1 hour', 'number ' || n)) FROM generate_series(1, 900) n")
    wait_until(lambda: shop.dba("SELECT count(*) FROM jit.audit_log WHERE kind = 'requested'") == [(1800,)],
               what="the records")
    answer = erin.call("GET", "/audit/export", {"kind": "requested"}, headers={"Accept": "application/x-ndjson"})
    numbers = [e["seq"] for e in answer.lines()]
    assert len(numbers) == 1800 and numbers == sorted(set(numbers))
    # Statements and events side by side; what the API itself asks meanwhile is after its end.
    both = [(e["seq"], e["type"]) for e in erin.call("GET", "/audit/export", {"until": erin.get("/audit").ok()["entries"][-1]["time"]},
                                                     headers={"Accept": "application/x-ndjson"}).lines()]
    assert both == sorted(set(both)) and {kind for _, kind in both} == {"event", "statement"} and len(both) > 1800


def test_export_of_ones_own_statements_is_whole(shop, portal):
    with shop.connect("alice") as alice:
        for n in range(1100):
            alice.execute(f"SELECT {n} AS of_her_own")
    settled(shop, 1100, "of_her_own")
    answer = portal.login("alice").call("GET", "/audit/export", headers={"Accept": "application/x-ndjson"})
    own = [e for e in answer.lines() if "of_her_own" in (e["text"] or "")]
    assert [e["text"] for e in own] == [f"SELECT {n} AS of_her_own" for n in range(1100)]


def test_export_of_nothing_is_empty_or_a_header(erin):
    answer = erin.call("GET", "/audit/export", {"person": "nobody"}, headers={"Accept": "application/x-ndjson"})
    assert answer.text() == ""
    answer = erin.call("GET", "/audit/export", {"person": "nobody"}, headers={"Accept": "text/csv"})
    assert answer.text().startswith("seq,") and answer.text().count("\r\n") == 1


def test_csv_is_for_spreadsheets_and_computes_nothing(shop, erin):
    request = shop.ask("alice", "SELECT ON sales.orders", reason="=HYPERLINK(\"http://evil.example\")")
    shop.run("alice", "SELECT E'a\nb, \"c\"' AS quoted")
    settled(shop, 1, "quoted")
    answer = erin.call("GET", "/audit/export", {"person": "alice"}, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text(), newline="")))
    assert rows and {"seq", "time", "person", "text"} <= set(rows[0])
    assert any("quoted" in row["text"] for row in rows)
    assert any(row["request_ids"] == str(request) for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@\t"]


def test_export_in_another_form_is_not_to_be_had(erin):
    erin.call("GET", "/audit/export", headers={"Accept": "image/png"}).problem("not-acceptable", 406)


def test_verification_finds_what_was_altered(shop, erin, busy):
    assert erin.get("/audit/verify").ok()["first_bad"] is None
    shop.dba("ALTER TABLE jit.audit_log DISABLE TRIGGER ALL; UPDATE jit.audit_log SET statement = 'SELECT 1' WHERE seq = 2")
    assert erin.get("/audit/verify").ok()["first_bad"] == 2


def test_reading_the_log_is_possible_by_token_and_takes_the_scope(portal, erin, busy):
    assert portal.bearer(erin.token("read")).get("/audit", request=busy).ok()["entries"]
    portal.bearer(erin.token("query", name="no")).get("/audit").problem("scope", 403)
