"""One caller, or one database, that means no good: everybody else is served all the same."""

import base64
import json
import os
import signal
import socket
import struct
import threading
import time

import pytest
from support.api import Client
from support.people import wait_until


def memory(portal, what="VmHWM"):
    with open(f"/proc/{portal.daemon.process.pid}/status") as status:
        return int(status.read().split(what + ":")[1].split()[0]) // 1024


def unchecked(caller):
    caller.checked = False
    return caller


def slow_password(n):
    """2n + 1 characters that libpq's SASLprep takes n * n steps to put in order."""
    return "a" + "\u0301" * n + "\u0323" * n


def attempt(portal, user, password, timeout=80, **more):
    begun = time.monotonic()
    data = json.dumps({"user": user, "password": password, **more}, ensure_ascii=False).encode()
    try:
        status = unchecked(Client(portal.server)).call("POST", "/login", data=data, headers={"Content-Type": "application/json"},
                                                       timeout=timeout).status
    except OSError as error:
        status = repr(error)
    return status, time.monotonic() - begun


def in_threads(count, work):
    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    return threads


# Passwords

def test_slow_passwords_take_nobody_elses_login(shop, portals):
    portal = portals(shop, api="login_attempts = 10")
    threads = in_threads(8, lambda _: attempt(portal, "nobody", slow_password(10000), 85))
    time.sleep(1)
    status, took = attempt(portal, "alice", "alice", 60)
    for thread in threads:
        thread.join(85)
    assert status == 201 and took < 4, (status, took)


def test_slow_passwords_keep_no_grant_from_being_pushed(shop, portals, tmp_path):
    portal = portals(shop, api="login_attempts = 10", audit=f'anchor_file = "{tmp_path}/anchors"\nanchor_interval = "1s"')
    threads = in_threads(8, lambda _: attempt(portal, "nobody", slow_password(12000), 85))
    time.sleep(2)
    for access in ("SELECT ON sales.orders", "SELECT ON sales.items"):
        request = shop.ask("alice", access)
        shop.approve(request)
        time.sleep(3)
    status = shop.status(request)
    for thread in threads:
        thread.join(85)
    assert status == "active"


# A server that hangs

def cancels_hang(own_server, own_shop, portal):
    """Eight statements whose time is over, at a server that takes connections and says nothing."""
    callers = [portal.login("alice", target=own_shop.database, connections=4) for _ in range(2)]

    def run(n):
        try:
            callers[n // 4].run("SELECT pg_sleep(120)", connection=n % 4 + 1, timeout="3s")
        except Exception:
            pass

    in_threads(8, run)
    time.sleep(1)
    os.kill(own_server.pid(), signal.SIGSTOP)
    time.sleep(4)


def test_hung_server_of_one_target_leaves_the_logins_of_another(shop, own_server, own_shop, portals):
    portal = portals(shop, own_shop)
    cancels_hang(own_server, own_shop, portal)
    try:
        status, took = attempt(portal, "bob", "bob", 20, target=shop.database)
    finally:
        os.kill(own_server.pid(), signal.SIGCONT)
    assert status == 201 and took < 5, (status, took)


def test_hung_server_of_one_target_leaves_the_grants_of_another(shop, own_server, own_shop, portals, tmp_path):
    portal = portals(shop, own_shop, audit=f'anchor_file = "{tmp_path}/anchors"\nanchor_interval = "1s"')
    cancels_hang(own_server, own_shop, portal)
    try:
        for access in ("SELECT ON sales.orders", "SELECT ON sales.items"):
            request = shop.ask("bob", access)
            shop.approve(request)
            time.sleep(5)
        status = shop.status(request)
    finally:
        os.kill(own_server.pid(), signal.SIGCONT)
    assert status == "active"


def test_daemon_stops_in_time_while_a_server_hangs(own_server, own_shop, portals):
    portal = portals(own_shop)
    cancels_hang(own_server, own_shop, portal)
    begun = time.monotonic()
    try:
        assert portal.daemon.terminate() == 0 and time.monotonic() - begun < 20
    finally:
        os.kill(own_server.pid(), signal.SIGCONT)


def test_junk_tokens_at_a_hung_target_keep_no_good_one_out_at_another(shop, own_server, own_shop, portals):
    portal = portals(shop, own_shop, api="login_attempts = 10")
    good = portal.login("alice", target=shop.database).token("read")
    os.kill(own_server.pid(), signal.SIGSTOP)
    try:
        threads = in_threads(32, lambda n: unchecked(portal.bearer("jit_" + f"{n:043d}", target=own_shop.database)).get("/me"))
        time.sleep(1)
        answer = unchecked(portal.bearer(good, target=shop.database)).get("/me")
        for thread in threads:
            thread.join(60)
    finally:
        os.kill(own_server.pid(), signal.SIGCONT)
    assert answer.status == 200, answer


# A server that is no PostgreSQL

def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


class Fake:
    """Something on a port that begins like PostgreSQL; `login(socket, file)` and then `answer(socket)` to each query."""

    def __init__(self, answer, login=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer, self.login = answer, login or self.trust
        threading.Thread(target=self.accept, daemon=True).start()

    def target(self):
        class Elsewhere:
            database = "elsewhere"
            server = type("Server", (), {"host": "127.0.0.1", "port": self.port})
        return Elsewhere

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def trust(connection, _):
        parameters = b"".join(message(b"S", b"%s\0%s\0" % pair) for pair in ((b"server_version", b"15.9"), (b"client_encoding", b"UTF8"),
                                                                            (b"standard_conforming_strings", b"on")))
        connection.sendall(message(b"R", struct.pack("!i", 0)) + parameters + message(b"K", struct.pack("!ii", 1, 2)) + message(b"Z", b"I"))

    def serve(self, connection):
        try:
            file = connection.makefile("rb")
            while True:
                size, code = struct.unpack("!ii", file.read(8))
                file.read(size - 8)
                if code not in (80877103, 80877104):
                    break
                connection.sendall(b"N")
            self.login(connection, file)
            while kind := file.read(1):
                file.read(struct.unpack("!i", file.read(4))[0] - 4)
                if kind == b"S":
                    connection.sendall(message(b"1", b"") + message(b"2", b""))
                    self.answer(connection)
        except (OSError, struct.error):
            pass


@pytest.mark.parametrize("copy", [b"G", b"H", b"W"], ids=["copy in", "copy out", "copy both"])
def test_server_that_answers_with_copy_is_left_alone(shop, portals, copy):
    fake = Fake(lambda connection: connection.sendall(message(copy, b"\0\0\0")))
    portal = portals(shop, fake.target(), wait=False)
    time.sleep(4)
    with socket.create_connection(("127.0.0.1", portal.server.port), timeout=5) as caller:
        caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        try:
            answered = caller.recv(100).startswith(b"HTTP/1.1 200")
        except TimeoutError:
            answered = False
    assert answered


def test_server_whose_answer_has_no_end_does_not_take_the_daemons_memory(shop, portals):
    def flood(connection):
        connection.sendall(message(b"T", b"\0\1a\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)))
        row = message(b"D", b"\0\1" + struct.pack("!i", 100000) + b"x" * 100000) * 10
        for _ in range(400):  # 400 MB, for the machine's sake
            connection.sendall(row)
        time.sleep(30)

    portal = portals(shop, Fake(flood).target(), wait=False)
    time.sleep(6)
    assert memory(portal) < 200


def test_server_that_asks_for_many_rounds_of_scram_holds_up_its_own_users(shop, portals):
    def scram(connection, file):
        connection.sendall(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))
        file.read(1)
        nonce = file.read(struct.unpack("!i", file.read(4))[0] - 4).split(b"r=")[1]
        connection.sendall(message(b"R", struct.pack("!i", 11) + b"r=" + nonce + b"zzzz,s=" + base64.b64encode(b"0123456789abcdef") + b",i=20000000"))

    portal = portals(shop, Fake(None, scram).target(), wait=False)
    time.sleep(1)
    in_threads(8, lambda _: attempt(portal, "x", "y", 80, target="elsewhere"))
    time.sleep(1)
    status, took = attempt(portal, "alice", "alice", 20, target=shop.database)
    assert status == 201 and took < 5, (status, took)


def test_deep_json_of_a_database_does_not_end_the_daemon(shop, portal):
    shop.dba("ALTER EXTENSION jit_access DROP FUNCTION jit.request_preview(text, text, name);"
             "DROP FUNCTION jit.request_preview(text, text, name);"
             "CREATE FUNCTION jit.request_preview(a text, b text, c name) RETURNS TABLE (access text, objects text, policies text[], denied_by text,"
             " denied_what text, max_duration interval, max_by text, approvals_needed int, approver_roles text[], requirements text,"
             " reason_patterns text[], ticket_required bool, break_glass bool, lapse_after interval) LANGUAGE sql AS $$"
             " SELECT 'x'::text, repeat('[', 300000) || repeat(']', 300000), '{}'::text[], NULL, NULL, NULL::interval, NULL, 1, '{}'::text[], '[]',"
             " '{}'::text[], false, false, NULL::interval $$")
    try:
        unchecked(portal.login("alice")).post("/requests/preview", access="SELECT ON sales.orders")
    except OSError:
        pass
    time.sleep(1)
    assert portal.daemon.process.poll() is None


# A user who may do no more than log in

def longest_wait(portal, work):
    """How long GET /healthz took at most while that went on."""
    done = threading.Event()

    def go():
        try:
            work()
        finally:
            done.set()

    threading.Thread(target=go, daemon=True).start()
    longest = 0
    while not done.wait(0.02):
        begun = time.monotonic()
        portal.call("GET", "/healthz", timeout=80)
        longest = max(longest, time.monotonic() - begun)
    return longest


def test_large_plan_holds_up_nobody(portal):
    alice = unchecked(portal.login("alice"))
    longest = longest_wait(portal, lambda: alice.post("/sql/explain", sql="SELECT repeat('x', 200000000)", verbose=True))
    assert longest < 1 and memory(portal) < 600, (longest, memory(portal))


def test_large_row_holds_up_nobody(portal):
    alice = unchecked(portal.login("alice"))
    longest = longest_wait(portal, lambda: alice.run("SELECT repeat(chr(1), 100000000)", max_bytes=1000))
    assert longest < 1 and memory(portal) < 600, (longest, memory(portal))


def test_statement_that_traps_its_cancel_does_not_live_on(shop, portal):
    alice = unchecked(portal.login("alice", connections=2))

    def run(n):
        alice.run("DO $$ /* unending */ BEGIN LOOP BEGIN PERFORM pg_sleep(0.2); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$",
                  timeout="1s", connection=n + 1)

    for thread in in_threads(2, run):
        thread.join(60)
    wait_until(lambda: not shop.dba("SELECT 1 FROM pg_stat_activity WHERE usename = 'alice' AND state = 'active'"
                                    " AND query LIKE '%%unending%%'"), what="the end of both")


def long_log(shop, events):
    shop.ask("bob", "SELECT ON sales.orders")
    wait_until(lambda: shop.dba("SELECT 1 FROM jit.audit_log WHERE kind = 'requested'"), what="a record")
    partition = shop.value("postgres", "SELECT tableoid::regclass FROM jit.audit_log LIMIT 1")
    shop.dba(f"""SET session_replication_role = replica;
        ALTER TABLE jit.audit_log DISABLE TRIGGER refuse_change;
        INSERT INTO {partition} (seq, at, kind, request_ids, prev_hash, hash)
        SELECT 1000000 + n, now(), 'requested', '{{1}}', '', '' FROM generate_series(1, {events}) n;
        UPDATE jit.audit_state SET last_seq = 1000000 + {events};
        ANALYZE {partition}""")


def rows_read(shop):
    """Of the audit log, by whatever way, as far as the statistics know by now."""
    return shop.dba("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE schemaname = 'jit'"
                    " AND relname LIKE 'audit_log%%'")[0][0]


def test_stream_of_who_sees_nothing_does_not_read_the_log_again_and_again(shop, portals):
    long_log(shop, 100000)
    alice = portals(shop).login("alice")
    with alice.events(since=0):
        wait_until(lambda: rows_read(shop) >= 100000, what="the first reading")
        time.sleep(3)
        before = rows_read(shop)
        with shop.connect("mallory") as mallory:
            for _ in range(15):
                mallory.execute("NOTIFY jit_access")
                time.sleep(0.2)
        time.sleep(3)  # what the statistics wait for
        assert rows_read(shop) - before < 100000


def test_approver_of_one_policy_reads_events_of_a_long_log(shop):
    shop.dba("DO $$BEGIN CREATE ROLE team_lead; CREATE ROLE dana LOGIN IN ROLE team_lead; EXCEPTION WHEN duplicate_object THEN NULL; END$$;"
             "INSERT INTO jit.policies (name, approver, objects) VALUES ('p', 'team_lead', '{other.*}')")
    long_log(shop, 50000)
    with shop.connect("dana") as dana:
        begun = time.monotonic()
        dana.execute("SELECT * FROM jit.events WHERE id > 0 ORDER BY id LIMIT 500").fetchall()
    assert time.monotonic() - begun < 2, time.monotonic() - begun


def test_bodies_of_strangers_do_not_pile_up(portal):
    before = memory(portal, "VmRSS")
    callers = []
    for _ in range(200):
        caller = socket.create_connection(("127.0.0.1", portal.server.port))
        caller.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048570\r\n\r\n" + b" " * (1024 * 1024 - 10))
        callers.append(caller)
    time.sleep(1)
    grown = memory(portal, "VmRSS") - before
    for caller in callers:
        caller.close()
    assert grown < 100, grown


def test_copy_that_is_refused_is_ended(portal):
    begun = time.monotonic()
    portal.login("alice").run("COPY (SELECT repeat('x', 1000), generate_series(1, 1000000000)) TO STDOUT", timeout="30s")
    assert time.monotonic() - begun < 15
