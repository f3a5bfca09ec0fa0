"""The command line through a server's API: what it shows and how it ends is what it would be at the database itself."""

import json
import re
import threading

import pytest
from support import tokens
from support.daemon import cli, wait_for_status
from support.people import Background, wait_until
from support.remote import ALL, Remote


@pytest.fixture
def history(shop, portal):
    """Requests in several states, statements, a policy: (active, pending) requests."""
    shop.dba("INSERT INTO jit.policies (name, objects, max_duration, approvals, approver, active_hours, lapse_after)"
             " VALUES ('sales', '{sales.*}', '1 day 02:00:00', 1, 'jit_approver', 'Mon-Sun 00:00-24:00', '90 minutes')")
    active = portal.grant("alice", "SELECT ON sales.orders")
    denied = shop.ask("bob", "SELECT ON sales.items", ticket="T-1")
    shop.run("carol", "SELECT jit_deny(%s, 'no\tand\nno')", [denied])
    pending = shop.ask("bob", "UPDATE (status) ON sales.orders", "90 minutes", reason="two\nlines\tof é \\n")
    with shop.connect("alice") as alice:
        alice.execute("SELECT count(*) FROM sales.orders")
    wait_until(lambda: shop.dba("SELECT 1 FROM jit.statements WHERE outcome = 'succeeded'"), what="the statement's end")
    return active, pending


def same(shop, far, person, *arguments, blur=lambda text: text):
    """Both ways end alike and write the same to stdout and stderr; that text."""
    near = cli(shop, person, *arguments, check=False)
    away = far(*arguments, check=False)
    assert (away.returncode, blur(away.stdout), blur(away.stderr)) == \
        (near.returncode, blur(near.stdout), blur(near.stderr)), arguments
    return near.stdout


def moving(text):
    """Distances from now may have grown meanwhile."""
    return re.sub(r"\b(in )?\d+ (second|minute)s?( ago)?|just now", "…", text)


# The same is shown.

@pytest.mark.parametrize("form", ["json", "tsv", "table"])
@pytest.mark.parametrize("arguments", [
    ("requests",), ("requests", "--status", "all"), ("requests", "--status", "all", "--limit", "2"),
    ("requests", "--status", "denied", "--ticket", "T-1"), ("requests", "--reviewable"),
    ("requests", "--requester", "alice", "--status", "all"), ("grants",), ("grants", "--relation", "sales.orders"),
    ("policy", "list"),
])
def test_lists_are_the_same(shop, history, remote, arguments, form):
    shown = same(shop, remote("carol"), "carol", *arguments, "--output", form, blur=moving)
    assert shown.strip()


@pytest.mark.parametrize("form", ["json", "tsv", "table"])
def test_request_in_full_is_the_same(shop, history, remote, form):
    carol = remote("carol")
    for request in history:
        assert "sales.orders" in same(shop, carol, "carol", "show", request, "--output", form, blur=moving)


def test_own_request_is_said_to_be_ones_own(shop, history, remote):
    _, pending = history
    assert "somebody else has to decide" in remote("bob")("show", pending, "--output", "table").stderr
    same(shop, remote("bob"), "bob", "show", pending, "--output", "table", blur=moving)


def test_what_has_become_of_the_requester_is_said(shop, remote):
    shop.dba("CREATE ROLE eve LOGIN IN ROLE jit_requester; GRANT USAGE ON SCHEMA sales TO eve")
    request = shop.ask("eve", "SELECT ON sales.orders")
    shop.dba("ALTER ROLE eve SUPERUSER")
    assert "a superuser: may do it anyway" in same(shop, remote("carol"), "carol", "show", request, "--output", "table", blur=moving)
    shop.dba("DROP OWNED BY eve; DROP ROLE eve")
    assert "there is no such role any more" in same(shop, remote("carol"), "carol", "show", request, "--output", "table", blur=moving)


@pytest.mark.parametrize("form", [("--json",), ("--output", "tsv"), ("--output", "table"), ("--csv",)])
@pytest.mark.parametrize("arguments", [(), ("--log",), ("--person", "alice"), ("--relation", "sales.*"), ("--since", "2h"),
                                       ("--outcome", "succeeded"), ("--limit", "2"), ("--kind", "denied")])
def test_audit_is_the_same(shop, history, remote, arguments, form):
    erin = remote("erin")
    # What the searches themselves leave in the log is nothing that these show.
    assert same(shop, erin, "erin", "audit", "--until", shop.value("erin", "SELECT clock_timestamp()::text"), *arguments,
                *form).strip()


def test_pages_of_the_api_are_no_limit(shop, history, remote):
    shop.dba("INSERT INTO jit.policies (name, approvals) VALUES ('auto', 0) ON CONFLICT DO NOTHING")
    shop.run("postgres", "SELECT 1")
    many = shop.dba("SELECT count(*) FROM jit.audit_log")[0][0]
    with shop.connect("alice") as alice:
        for _ in range(1100):
            alice.execute("SELECT 1 FROM sales.orders LIMIT 1")
    wait_until(lambda: shop.dba("SELECT count(*) FROM jit.audit_log")[0][0] > many + 1100, what="the log")
    entries = remote("erin").json("audit", "--limit", "1050")
    assert len(entries) == 1050
    assert len({entry["seq"] for entry in entries}) == 1050
    assert [e["seq"] for e in entries] == sorted(e["seq"] for e in entries)


def test_policy_file_is_the_same(shop, history, remote):
    assert "max_duration = '1 day 02:00:00'" in same(shop, remote("carol"), "carol", "policy", "list", "--toml")


def test_tokens_are_the_same_and_hold_no_secret(shop, history, remote):
    carol = remote("carol")
    for arguments in ((), ("--all",)):
        shown = same(shop, carol, "carol", "token", "list", *arguments, "--json",
                     blur=lambda text: re.sub(r'"last_used_at": .*', "", text))
        assert json.loads(shown)[0]["owner"] == "carol"
        assert carol.environment["JIT_TOKEN"][4:] not in shown
        assert "hash" not in shown


def test_targets_are_those_of_the_server(shop, portal, remote):
    alice = remote("alice")
    assert alice("targets", "--names").stdout == shop.database + "\n"
    assert [(t["name"], t["state"]) for t in alice.json("targets")] == [(shop.database, "ok")]


def test_target_is_chosen_by_name(new_shop, portals):
    one, other = new_shop(), new_shop()
    portal = portals(one, other)
    request = other.ask("alice", "SELECT ON sales.orders")
    far = Remote(f"http://127.0.0.1:{portal.server.port}", tokens.create(other, "alice", *ALL)[1])
    assert [r["id"] for r in far.json("requests", "-d", other.database)] == [request]
    assert far("requests", "-d", one.database, check=False).returncode == 4  # another database's token
    assert far("requests", "-d", "nowhere", check=False).returncode == 2
    assert far("requests", "-d", "host=x dbname=y", check=False).returncode == 2
    assert far("requests", check=False).returncode in (2, 4)


# The same is done.

def test_request_lives_and_ends(shop, portal, remote):
    alice, carol = remote("alice"), remote("carol")
    made = alice.json("request", "SELECT ON sales.orders", "--for", "30m", "--reason", "INC-1", "--ticket", "T-9")
    assert (made["status"], made["duration"], made["ticket"]) == ("pending", "30m", "T-9")
    id = made["id"]
    assert carol("approve", id, "-m", "ok", "--duration", "20m").stdout == f"{id}\tapproved\n"
    wait_for_status(shop, id, "active")
    assert shop.dba("SELECT approved_duration::text FROM jit.requests WHERE id = %s", [id]) == [("00:20:00",)]
    more = alice("extend", id, "--for", "10m", "--reason", "not done yet").stdout
    assert re.fullmatch(r"\d+\tpending\n", more)
    assert alice("cancel", more.split()[0]).stdout == f"{more.split()[0]}\tcancelled\n"
    assert carol("revoke", id, "-m", "enough").stdout == f"{id}\trevoked\n"
    assert shop.dba("SELECT end_reason FROM jit.requests WHERE id = %s", [id]) == [("enough",)]


def test_what_a_statement_lacks_is_asked_for(shop, remote):
    made = remote("alice").json("request", "--statement", "SELECT total FROM sales.orders", "-t", "5m", "-m", "INC-1")
    assert made["access"] == "SELECT (total) ON sales.orders"


def test_request_on_behalf_of_somebody(shop, remote):
    made = remote("portal").json("request", "SELECT ON sales.orders", "-t", "5m", "-m", "INC-1", "--on-behalf-of", "alice")
    assert (made["requester"], made["requested_by"]) == ("alice", "portal")
    listed = remote("carol")("requests", "--output", "table").stdout
    assert "alice (by portal)" in listed


def test_break_glass_and_its_review(shop, remote):
    shop.dba("INSERT INTO jit.policies (name, objects, break_glass) VALUES ('fire', '{sales.*}', true)")
    made = remote("alice").json("request", "SELECT ON sales.orders", "-t", "5m", "-m", "INC-1", "--break-glass")
    assert (made["status"], made["review_owed"]) == ("active", True)
    remote("carol")("review", made["id"], "-m", "read two rows")
    assert shop.dba("SELECT review_owed FROM jit.requests WHERE id = %s", [made["id"]]) == [(False,)]


def test_further_approvals_are_hinted_at(shop, remote):
    shop.dba("INSERT INTO jit.policies (name, objects, approvals) VALUES ('two', '{sales.*}', 2)")
    request = shop.ask("alice", "SELECT ON sales.orders")
    done = remote("carol")("approve", request)
    assert done.stdout == f"{request}\tpending\n"
    assert "has 1 of 2 approvals" in done.stderr
    # Without the scope to look, the approval counts all the same.
    done = remote("dave", "approve")("approve", request)
    assert done.stdout == f"{request}\tapproved\n"


@pytest.mark.parametrize("arguments, code", [
    (("show", "999999"), 5), (("approve", "999999"), 5), (("approve", "1,999998", "--json"), 5),
    (("request", "SELECT ON", "-t", "5m", "-m", "x"), None), (("request", "SELECT ON sales.nothing", "-t", "5m", "-m", "x"), None),
    (("token", "revoke", "999999"), 5), (("show", "x"), 2), (("approve",), 2)])
def test_refusals_are_the_databases(shop, remote, arguments, code):
    near = cli(shop, "carol", *arguments, check=False)
    away = remote("carol")(*arguments, check=False)
    assert (away.returncode, away.stdout, away.stderr) == (near.returncode, near.stdout, near.stderr)
    assert near.returncode != 0 and (code is None or near.returncode == code)


def test_decided_twice_is_the_wrong_state(shop, history, remote):
    active, _ = history
    same(shop, remote("carol"), "carol", "approve", active)
    assert remote("carol")("approve", active, check=False).returncode == 3


def test_own_request_cannot_be_approved(shop, remote):
    request = shop.ask("alice", "SELECT ON sales.orders")
    done = remote("alice")("approve", request, check=False)
    assert done.returncode == 4
    assert "SQLSTATE 42501" in done.stderr
    assert shop.status(request) == "pending"


def test_exit_status_of_show(shop, history, remote):
    active, pending = history
    carol = remote("carol")
    assert carol("show", active, "--exit-status").returncode == 0
    assert carol("show", pending, "--exit-status", check=False).returncode == 8


# Which way.

@pytest.mark.parametrize("arguments", [("doctor",), ("report",), ("audit", "verify"), ("policy", "diff", "/dev/null"),
                                       ("policy", "apply", "/dev/null", "--yes")])
def test_what_needs_the_database_says_so(shop, remote, arguments):
    for done in (remote("carol")(*arguments, check=False),
                 cli(shop, "carol", *arguments, "--server", "https://x", check=False)):
        assert done.returncode == 2
        if arguments[0] != "policy":  # an empty file is refused first
            assert "does not go through a server" in done.stderr


def test_empty_server_is_the_database_itself(shop, url):
    done = cli(shop, "carol", "requests", "--server", "")
    assert done.returncode == 0
    assert cli(shop, "carol", "requests", "--token-file", "x", check=False).returncode == 2


def test_login_of_a_database_is_not_one_of_a_server(remote):
    assert remote("alice")("requests", "-U", "bob", check=False).returncode == 2


# What goes on.

def follow(process):
    """The JSON lines it writes, as they come."""
    lines = []

    def read():
        for line in process.stdout:
            lines.append(json.loads(line))

    threading.Thread(target=read, daemon=True).start()
    return lines


@pytest.fixture
def started():
    processes = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_following_the_log_misses_nothing_and_repeats_nothing(shop, history, remote, started):
    started.append(remote("erin").start("audit", "--follow", "--json", "--person", "alice"))
    lines = follow(started[-1])
    wait_until(lambda: any(e["what"] == "succeeded" for e in lines), what="the log so far")
    with shop.connect("alice") as slow:
        waiting = Background(lambda: slow.execute("SELECT pg_sleep(3) FROM sales.orders LIMIT 1"))
        with shop.connect("alice") as quick:
            for n in range(30):
                quick.execute(f"SELECT {n} FROM sales.orders LIMIT 1")
        waiting.result()
    wait_until(lambda: any("pg_sleep" in (e["text"] or "") and e["what"] == "succeeded" for e in lines),
               what="the slow statement")
    wait_until(lambda: len([e for e in lines if re.match(r"SELECT \d+ FROM", e["text"] or "")]) >= 30, what="the quick ones")
    ended = [e["seq"] for e in lines if e["what"] != "running"]
    assert len(ended) == len(set(ended))


def test_following_what_failed_sees_it_fail(shop, history, remote, started):
    started.append(remote("erin").start("audit", "--follow", "--json", "--outcome", "failed"))
    lines = follow(started[-1])
    with shop.connect("alice") as alice:
        wait_until(lambda: started[-1].poll() is None, what="the start")
        for n in range(3):
            try:
                alice.execute("SELECT 1 / (total - total), pg_sleep(0.7) FROM sales.orders LIMIT 1")
            except Exception:
                pass
    wait_until(lambda: len(lines) == 3, what="the failures")
    assert {e["sqlstate"] for e in lines} == {"22012"}


def test_watching_shows_each_change(shop, remote, started):
    started.append(remote("carol").start("requests", "--watch", "--json", "--interval", "300ms"))
    lines = follow(started[-1])
    wait_until(lambda: lines == [[]], what="the empty list")
    request = shop.ask("alice", "SELECT ON sales.orders")
    wait_until(lambda: len(lines) > 1 and lines[-1][0]["id"] == request, what="the request")
