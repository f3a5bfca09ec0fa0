"""The audit log as its readers have it: audit, audit verify, report, doctor, the daemon's anchors."""

import csv
import io
import json
import os
import signal
import stat
import subprocess

import pytest
from psycopg import errors

from support.daemon import BINARY, Daemon, cli, cli_json
from support.people import refused, wait_until

NOT_INTACT = 9


@pytest.fixture
def daemons():
    started = []

    def start(*shops, **options):
        started.append(Daemon(*shops, **options))
        return started[-1]

    yield start
    for daemon in started:
        daemon.close()


def entries(shop, *arguments, user="erin"):
    return cli_json(shop, user, "audit", *arguments)


def statement(shop, text, outcome="succeeded", *arguments):
    """The one entry of that statement, once the worker has written how it ended."""
    return wait_until(lambda: next((e for e in entries(shop, *arguments) if e["text"] == text
                                    and e["what"] == outcome), None), what=f"{outcome}: {text}")


def head(shop):
    return shop.dba("SELECT seq, encode(hash, 'hex') FROM jit.audit_head()")[0]


def tamper(shop, change):
    """As a superuser who knows how: triggers off, rows changed, triggers on again."""
    shop.dba("SET session_replication_role = replica;"
             "ALTER TABLE jit.audit_log DISABLE TRIGGER USER;"
             f"{change};"
             "ALTER TABLE jit.audit_log ENABLE ALWAYS TRIGGER refuse_change")


def wait_for_log(daemon, *words):
    return wait_until(lambda: next((line for line in daemon.log().splitlines()
                                    if all(word in line for word in words)), None),
                      what=f"the daemon saying {' '.join(words)}")


# Searching.

def test_statements_and_events_are_one_story(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("SELECT count(*) FROM sales.orders")
    statement(shop, "SELECT count(*) FROM sales.orders")
    story = entries(shop, "--request", request)
    assert [e["what"] for e in story] == ["requested", "approved", "granted", "succeeded"]
    assert [e["type"] for e in story] == ["event"] * 3 + ["statement"]
    assert story[0]["detail"]["access"] == "SELECT ON sales.orders"
    assert story[3]["rows"] == 1 and story[3]["relations"] == ["sales.orders"]
    assert story[3]["request_ids"] == [request]


def test_filters_choose(shop, alice, bob):
    shop.grant("alice", "SELECT ON sales.orders, sales.items")
    alice.execute("SELECT 1 FROM sales.items LIMIT 1")
    with pytest.raises(errors.DivisionByZero):
        alice.execute("SELECT 1 / (total - total) FROM sales.orders")
    refused(bob, "SELECT total FROM sales.orders")
    statement(shop, "SELECT 1 FROM sales.items LIMIT 1")
    statement(shop, "SELECT 1 / (total - total) FROM sales.orders", "failed")
    statement(shop, "SELECT total FROM sales.orders", "refused")

    def texts(*arguments):
        return [e["text"] for e in entries(shop, *arguments) if e["type"] == "statement"]

    assert texts("--outcome", "refused") == ["SELECT total FROM sales.orders"]
    assert texts("--outcome", "failed") == ["SELECT 1 / (total - total) FROM sales.orders"]
    assert texts("--person", "bob") == ["SELECT total FROM sales.orders"]
    assert texts("--relation", "sales.items") == ["SELECT 1 FROM sales.items LIMIT 1"]
    assert texts("--relation", "*.item?", "--since", "1h") == ["SELECT 1 FROM sales.items LIMIT 1"]
    assert texts("--relation", "sales.item_") == []
    assert texts("--until", "1h") == []
    assert texts("--since", "2020-01-01", "--until", "2020-01-02") == []
    assert len(entries(shop, "--limit", "2")) == 2


def test_filter_is_a_value_never_sql(shop):
    for option in ("--person", "--relation"):
        assert entries(shop, option, "x' OR 'a' = 'a") == []
    assert cli(shop, "erin", "audit", "--since", "1h'; --", check=False).returncode == 2
    assert cli(shop, "erin", "audit", "--request", "1 OR true", check=False).returncode == 2


def test_person_sees_their_own_statements_only(shop, alice, bob):
    shop.grant("alice", "SELECT ON sales.orders")
    shop.grant("bob", "SELECT ON sales.orders")
    alice.execute("SELECT 'alice' FROM sales.orders LIMIT 1")
    bob.execute("SELECT 'bob' FROM sales.orders LIMIT 1")
    statement(shop, "SELECT 'alice' FROM sales.orders LIMIT 1")
    statement(shop, "SELECT 'bob' FROM sales.orders LIMIT 1")
    own = entries(shop, user="alice")
    assert {e["person"] for e in own} == {"alice"}
    assert "SELECT 'alice' FROM sales.orders LIMIT 1" in [e["text"] for e in own]
    assert cli(shop, "alice", "audit", "--log", check=False).returncode == 4
    assert cli(shop, "alice", "audit", "--follow", check=False).returncode == 4
    assert cli(shop, "alice", "audit", "verify", check=False).returncode == 4


def test_hostile_text_reaches_no_terminal_and_no_spreadsheet(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    hostile = "SELECT '\x1b[2J\u202e' AS x, total\nFROM sales.orders WHERE false -- =cmd()"
    alice.execute(hostile)
    statement(shop, hostile)
    for form in (["-o", "table"], ["-o", "tsv"], ["--csv"]):
        shown = cli(shop, "erin", "audit", *form).stdout
        assert "\x1b" not in shown and "\u202e" not in shown and "\\x1b[2J\\u202e" in shown
    rows = list(csv.DictReader(io.StringIO(cli(shop, "erin", "audit", "--csv").stdout, newline="")))
    assert any(row["text"].startswith("SELECT '\\x1b[2J\\u202e' AS x, total\nFROM") for row in rows)


def test_raw_log_has_every_record_and_its_hash(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("SELECT 7 FROM sales.orders LIMIT 1")
    statement(shop, "SELECT 7 FROM sales.orders LIMIT 1")
    records = entries(shop, "--log", "--limit", "1000")
    assert [r["seq"] for r in records] == list(range(1, len(records) + 1))
    for before, after in zip(records, records[1:]):
        assert after["prev_hash"] == before["hash"]
    begun = entries(shop, "--kind", "statement_begun", "--person", "alice")
    assert "SELECT 7 FROM sales.orders LIMIT 1" in [r["text"] for r in begun]


def test_follow_shows_everything_once(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("SELECT 0 FROM sales.orders LIMIT 1")
    statement(shop, "SELECT 0 FROM sales.orders LIMIT 1")
    environment = shop.server.environment("erin", shop.database, HOME="/nonexistent")
    follower = subprocess.Popen([BINARY, "audit", "--follow", "--json", "--person", "alice"],
                                env=environment, stdout=subprocess.PIPE, text=True)
    try:
        seen = [json.loads(follower.stdout.readline())]
        while seen[-1]["text"] != "SELECT 0 FROM sales.orders LIMIT 1":
            seen.append(json.loads(follower.stdout.readline()))
        wanted = [f"SELECT {n} FROM sales.orders LIMIT 1" for n in range(1, 31)]
        for text in wanted:
            alice.execute(text)
        new = [json.loads(follower.stdout.readline()) for _ in wanted]
        assert [e["text"] for e in new] == wanted
        assert {e["what"] for e in new} == {"succeeded"}
        shop.ask("alice", "SELECT ON sales.items", on=alice)
        later = [json.loads(follower.stdout.readline()) for _ in range(2)]
        assert {e["what"] for e in later} == {"requested", "succeeded"}
    finally:
        follower.send_signal(signal.SIGINT)
        follower.wait(timeout=10)
        follower.stdout.close()


# Verifying.

def test_intact_log_verifies(shop):
    shop.ask("alice", "SELECT ON sales.orders")
    found = wait_until(lambda: (v := cli_json(shop, "erin", "audit", "verify"))["checked"] > 0 and v,
                       what="a record")
    assert found["intact"] and found["first_bad"] is None
    assert found["head"]["seq"] >= found["checked"]


def test_altered_row_is_found(shop):
    shop.ask("alice", "SELECT ON sales.orders")
    wait_until(lambda: entries(shop, "--kind", "requested"), what="the record")
    seq = entries(shop, "--kind", "requested")[0]["seq"]
    tamper(shop, f"UPDATE jit.audit_log SET session_user_name = 'bob' WHERE seq = {seq}")
    done = cli(shop, "erin", "audit", "verify", "--json", check=False)
    assert done.returncode == NOT_INTACT
    assert json.loads(done.stdout)["first_bad"] == seq
    assert "not intact" in cli(shop, "erin", "audit", "verify", "-o", "table", check=False).stdout


def test_anchors_match_until_the_chain_is_cut_back(shop, daemons, tmp_path):
    anchors = tmp_path / "anchors.jsonl"
    shop.ask("alice", "SELECT ON sales.orders")
    wait_until(lambda: entries(shop, "--kind", "requested"), what="the record")
    daemon = daemons(shop, audit=f'anchor_interval = "1s"\nanchor_file = "{anchors}"')
    seq, digest = wait_until(lambda: anchors.exists() and anchors.read_text() and head(shop),
                             what="an anchor")
    wait_until(lambda: json.loads(anchors.read_text().splitlines()[-1])["seq"] >= seq,
               what="the head in the file")
    line = json.loads(anchors.read_text().splitlines()[-1])
    assert line["database"] == shop.database and line["target"] == shop.database
    assert line["hash"] == digest and len(line["system"]) > 10
    assert stat.S_IMODE(os.stat(anchors).st_mode) == 0o600
    assert f"seq={seq}" in wait_for_log(daemon, "audit anchor", f"target={shop.database}")
    compared = cli_json(shop, "erin", "audit", "verify", "--anchor", anchors)["anchors"]
    assert compared["compared"] >= 1 and compared["findings"] == []
    daemon.terminate()

    # Somebody removes the newest rows and sets the end of the chain back: the chain itself is whole.
    tamper(shop, "DELETE FROM jit.audit_log WHERE seq > 1;"
                 "UPDATE jit.audit_state SET last_seq = 1,"
                 " last_hash = (SELECT hash FROM jit.audit_log WHERE seq = 1)")
    done = cli(shop, "erin", "audit", "verify", "--anchor", anchors, "--json", check=False)
    assert done.returncode == NOT_INTACT
    found = json.loads(done.stdout)
    assert [f["finding"] for f in found["anchors"]["findings"]][-1] == "the log ends before it"
    # A daemon that was away meanwhile remembers, by its file.
    late = daemons(shop, audit=f'anchor_interval = "1s"\nanchor_file = "{anchors}"')
    wait_for_log(late, "level=error", "audit chain differs from its anchor")


def test_file_without_anchors_of_this_database_is_no_proof(shop, tmp_path):
    (tmp_path / "empty").write_text("")
    done = cli(shop, "erin", "audit", "verify", "--anchor", tmp_path / "empty", check=False)
    assert done.returncode == NOT_INTACT
    assert cli(shop, "erin", "audit", "verify", "--anchor", "/nonexistent",
               check=False).returncode == 2


# The daemon's anchors.

def test_unchanged_head_is_anchored_once(shop, daemons, tmp_path):
    anchors = tmp_path / "anchors.jsonl"
    shop.ask("alice", "SELECT ON sales.orders")
    wait_until(lambda: entries(shop, "--kind", "requested"), what="the record")
    daemon = daemons(shop, audit=f'anchor_interval = "200ms"\nanchor_file = "{anchors}"')
    wait_for_log(daemon, "audit anchor")
    shop.dba("SELECT pg_sleep(2)")
    heads = [(a["seq"], a["hash"]) for a in map(json.loads, anchors.read_text().splitlines())]
    assert len(heads) == len(set(heads)) <= 3


def test_file_that_cannot_be_written_stops_nothing(shop, alice, daemons):
    daemon = daemons(shop, audit='anchor_interval = "1s"\nanchor_file = "/nonexistent/anchors"')
    wait_for_log(daemon, "level=error", "anchor file not written", "No such file")
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "approve", request)
    wait_until(lambda: shop.status(request) == "active", what="the push")
    assert daemon.process.poll() is None


def test_reload_switches_anchors_on(shop, daemons, tmp_path):
    anchors = tmp_path / "anchors.jsonl"
    daemon = daemons(shop, audit='anchor_interval = "0"')
    shop.ask("alice", "SELECT ON sales.orders")
    shop.dba("SELECT pg_sleep(1)")
    assert "audit anchor" not in daemon.log()
    text = daemon.config.read_text().replace('anchor_interval = "0"',
                                             f'anchor_file = "{anchors}"')
    daemon.config.write_text(text)
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: anchors.exists() and anchors.read_text(), what="an anchor")


def test_extension_without_an_audit_log_is_told_once(shop, alice, daemons):
    shop.dba("ALTER EXTENSION jit_access DROP FUNCTION jit.audit_head();"
             "ALTER FUNCTION jit.audit_head() RENAME TO audit_head_away")
    daemon = daemons(shop, poll_interval="1s", audit='anchor_interval = "200ms"')
    wait_for_log(daemon, "level=warning", "no audit log to anchor")
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "approve", request)
    wait_until(lambda: shop.status(request) == "active", what="the push")
    assert daemon.log().count("no audit log to anchor") == 1


# The report.

def test_report_tells_who_had_what_and_did_what(shop, alice, bob, tmp_path):
    used = shop.grant("alice", "SELECT ON sales.orders", reason="INC-7: <script>alert(1)</script>")
    unused = shop.grant("alice", "SELECT ON sales.payments")
    alice.execute("SELECT '</code><script>alert(2)</script>' FROM sales.orders LIMIT 3")
    refused(bob, "SELECT total FROM sales.orders")
    statement(shop, "SELECT '</code><script>alert(2)</script>' FROM sales.orders LIMIT 3")
    statement(shop, "SELECT total FROM sales.orders", "refused")
    report = cli_json(shop, "erin", "report", "--since", "1h")
    assert report["chain"]["state"] == "intact"
    by_id = {r["id"]: r for r in report["requests"]}
    assert by_id[used]["use"]["rows"] == 3
    assert by_id[used]["decisions"][0]["who"] == "carol"
    assert [r["id"] for r in report["never_used"]] == [unused]
    assert [(r["person"], r["statement"]) for r in report["refused"]] == [
        ("bob", "SELECT total FROM sales.orders")]

    page = tmp_path / "report.html"
    cli(shop, "erin", "report", "--since", "1h", "--out", page)
    text = page.read_text()
    assert stat.S_IMODE(os.stat(page).st_mode) == 0o600
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text and "&lt;script&gt;alert(2)" in text
    assert "http://" not in text and "https://" not in text and text.count("<svg") == 3
    shown = cli(shop, "erin", "report", "--person", "alice").stdout
    assert "Grants never used" in shown and "bob" not in shown.split("Standing")[0]


# doctor.

def findings(shop, *arguments, user="postgres"):
    """Of each check and result, what was found."""
    done = cli(shop, user, "doctor", "--json", *arguments, check=False)
    found = {}
    for one in json.loads(done.stdout):
        found.setdefault((one["check"], one["result"]), []).append(one["text"])
    return found


def test_doctor_knows_whether_the_log_is_kept(shop, daemons, tmp_path):
    daemon = daemons(shop, audit=f'anchor_file = "{tmp_path}/anchors.jsonl"')
    shop.ask("alice", "SELECT ON sales.orders")
    found = findings(shop, "-c", daemon.config, "-d", shop.database)
    assert ("audit log", "problem") not in found and ("auditors", "ok") in found
    assert any("its worker runs" in text for text in found[("audit log", "ok")])
    assert "every 5m into" in found[("anchors", "ok")][0]
    shop.dba("GRANT jit_auditor TO alice")
    try:
        assert "alice" in findings(shop)[("auditors", "warning")][0]
    finally:
        shop.dba("REVOKE jit_auditor FROM alice")


def test_doctor_objects_to_a_log_that_is_off(own_shop):
    own_shop.server.psql("ALTER SYSTEM SET jit_access.audit = off")
    own_shop.server.psql("ALTER SYSTEM SET jit_access.audit_failure = log")
    own_shop.server.psql("SELECT pg_reload_conf()")
    off = "nothing is audited: jit_access.audit is off"
    found = wait_until(lambda: off in (f := findings(own_shop)).get(("audit log", "problem"), [])
                       and f, what="the reload")
    assert any("audit_failure" in text for text in found[("audit log", "warning")])


def test_doctor_looks_at_gateways_and_delegates(shop, daemons):
    assert findings(shop)[("gateways", "ok")] and findings(shop)[("delegates", "ok")]
    shop.dba("CREATE ROLE brings LOGIN IN ROLE jit_gateway, jit_coordinator; CREATE ROLE asks LOGIN IN ROLE jit_delegate")
    try:
        found = findings(shop)
        assert any("brings" in text for text in found[("gateways", "ok")]) and any("asks" in text for text in found[("delegates", "ok")])
        shop.dba("GRANT jit_approver TO brings; ALTER ROLE brings CREATEROLE; ALTER ROLE brings SET work_mem = '8MB';"
                 "GRANT SELECT ON sales.orders TO brings; GRANT jit_requester, jit_approver TO asks")
        found = findings(shop)
        assert len([text for text in found[("gateways", "problem")] if "brings" in text]) == 4
        assert any("jit_approver, jit_requester" in text for text in found[("delegates", "warning")])
    finally:
        shop.dba("DROP OWNED BY brings; DROP ROLE brings, asks")
