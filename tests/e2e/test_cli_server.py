"""The command line through a server's API: what it shows and how it ends is what it would be at the database itself."""

import json
import os
import re
import socket
import subprocess
import threading

import pytest
from support import tokens
from support.daemon import BINARY, cli, wait_for_status
from support.people import Background, wait_until

ALL = ("request", "approve", "read", "query")
NO_DATABASE = {"PGHOST": "/nonexistent", "PGDATABASE": "nowhere"}


class Remote:
    """One person's command line that knows a server and a token, and no database."""

    def __init__(self, url, secret, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "JIT_")) and not k.endswith("_proxy")}
        self.environment = {**clean, **NO_DATABASE, "HOME": "/nonexistent", "JIT_SERVER": url, "JIT_TOKEN": secret,
                            **environment}

    def __call__(self, *arguments, check=True, **environment):
        done = subprocess.run([BINARY, *map(str, arguments)], env={**self.environment, **environment}, text=True,
                              timeout=60, stdin=subprocess.DEVNULL, capture_output=True)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json").stdout)

    def start(self, *arguments):
        return subprocess.Popen([BINARY, *map(str, arguments)], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def url(portal):
    return f"http://127.0.0.1:{portal.server.port}"


@pytest.fixture
def remote(shop, url):
    """The command line of that person, with a token that may do all they may, or so much."""
    def make(role, *scopes, **environment):
        return Remote(url, tokens.create(shop, role, *(scopes or ALL))[1], **environment)
    return make


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


# Tokens.

def test_token_is_made_alone_on_stdout_and_works(shop, url, tmp_path):
    made = cli(shop, "alice", "token", "create", "ci", "--scope", "read,request", "--lifetime", "2d")
    assert re.fullmatch(r"jit_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert made.stdout.strip() not in made.stderr
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(made.stdout)
    far = Remote(url, "")
    assert far("requests", "--token-file", file).stdout == ""
    [token] = json.loads(far("token", "list", "--json", "--token-file", file).stdout)
    assert (token["name"], token["scopes"], token["status"]) == ("ci", ["request", "read"], "active")
    cli(shop, "alice", "token", "revoke", token["id"])
    done = far("requests", "--token-file", file, check=False)
    assert done.returncode == 4
    assert made.stdout.strip() not in done.stderr


def test_token_in_json_has_all_of_it(shop):
    made = json.loads(cli(shop, "alice", "token", "create", "ci", "-s", "read", "--json").stdout)
    assert set(made) == {"id", "name", "token", "scopes", "expires_at"}
    assert made["scopes"] == ["read"]


def test_token_makes_no_tokens(remote):
    done = remote("alice")("token", "create", "more", "--scope", "read", check=False)
    assert done.returncode == 2
    assert "a token makes no tokens" in done.stderr


def test_token_revokes_tokens(shop, remote):
    id, secret = tokens.create(shop, "alice", "read")
    assert remote("alice")("token", "revoke", id).stdout == f"{id}\trevoked\n"


def test_scope_that_is_lacking_is_named(shop, remote):
    request = shop.ask("bob", "SELECT ON sales.orders")
    done = remote("carol", "read")("approve", request, check=False)
    assert done.returncode == 4
    assert 'lacks the scope "approve"' in done.stderr


@pytest.mark.parametrize("secret", ["", "nonsense", "jit_" + "x" * 42])
def test_what_is_no_token_is_not_sent_and_not_shown(secret):
    done = Remote("http://127.0.0.1:1", secret)("requests", check=False)
    assert done.returncode == 2
    assert not secret or secret not in done.stderr


def test_token_file_that_others_can_read_is_refused(url, tmp_path):
    file = tmp_path / "token"
    file.write_text("jit_" + "x" * 43)
    file.chmod(0o644)
    done = Remote(url, "")("requests", "--token-file", file, check=False)
    assert done.returncode == 2
    assert "chmod 600" in done.stderr


def test_unknown_token_is_not_let_in(url):
    secret = "jit_" + "x" * 43
    done = Remote(url, secret)("requests", check=False)
    assert done.returncode == 4
    assert secret not in done.stderr + done.stdout


# The way there.

class Listener:
    """Writes down what comes, and answers with what it is told to."""

    def __init__(self, answer):
        self.received = b""
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.received += connection.recv(65536)
                connection.sendall(self._answer)

    def close(self):
        self._socket.close()


@pytest.fixture
def listen():
    started = []

    def start(answer=b""):
        started.append(Listener(answer))
        return started[-1]

    yield start
    for one in started:
        one.close()


SECRET = "jit_" + "s" * 43


def test_plain_http_stays_on_this_machine():
    for url in ("http://10.0.0.1", "http://localhost.example.com", "http://0.0.0.0"):
        done = Remote(url, SECRET)("requests", check=False)
        assert done.returncode == 2
        assert "--insecure-http" in done.stderr


def test_redirection_does_not_carry_the_token_away(listen):
    other = listen()
    first = listen(f"HTTP/1.1 307 Away\r\nLocation: {other.url}/api/v1/requests\r\nContent-Length: 0\r\n\r\n".encode())
    done = Remote(first.url, SECRET)("requests", check=False)
    assert done.returncode == 1
    assert b"Bearer " + SECRET.encode() in first.received
    assert other.received == b""


def test_proxy_of_the_environment_does_not_read_the_token(url, listen):
    proxy = listen()
    environment = {"http_proxy": proxy.url, "all_proxy": proxy.url}
    assert Remote(url, SECRET, **environment)("requests", check=False).returncode == 4
    assert proxy.received == b""


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
                                    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>...",
                                    b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno",
                                    b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"])
def test_answer_of_something_else_is_told_from_a_coordinators(listen, answer):
    for arguments in (("requests",), ("audit",), ("show", "1"), ("approve", "1"), ("policy", "list")):
        done = Remote(listen(answer).url, SECRET)(*arguments, check=False)
        assert done.returncode in (1, 6), done
        assert done.stderr.startswith("error: ")
        assert SECRET not in done.stderr


def test_odd_values_of_a_server_are_shown_escaped(listen):
    body = json.dumps({"requests": [{"id": "x", "status": 5, "requester": "a\x1b[2J", "duration": {}, "created_at": []}, 7, None],
                       "next_cursor": 5}).encode()
    other = listen(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    done = Remote(other.url, SECRET)("requests", "--output", "table")
    assert "\x1b" not in done.stdout
    assert "a\\x1b[2J" in done.stdout


def test_nobody_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
    done = Remote(f"http://127.0.0.1:{port}", SECRET)("requests", check=False)
    assert done.returncode == 6


def test_server_that_says_nothing_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = "http://127.0.0.1:%d" % silent.getsockname()[1]
        done = Remote(url, SECRET)("requests", "--timeout", "300ms", check=False)
    assert done.returncode == 124


def test_certificate_has_to_be_trusted(shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    secret = tokens.create(shop, "alice", "read")[1]
    far = Remote(f"https://localhost:{portal.server.port}", secret)
    done = far("requests", check=False)
    assert done.returncode == 6
    assert "--ca-file" in done.stderr
    assert far("requests", "--ca-file", certificates.ca).returncode == 0


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
