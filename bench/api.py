"""What the HTTP API costs: requests, statements, rows, streams of events, and many targets behind one daemon."""

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import events
from measure import Caller, Watched, in_turns, milliseconds, rates, together
from support.daemon import Daemon
from support.people import Shop
from support.server import BIN, Server

TURNS = int(os.environ.get("BENCH_API_ROUNDS", "7"))
REQUESTS = int(os.environ.get("BENCH_API_REQUESTS", "20"))
SELECTS = int(os.environ.get("BENCH_API_SELECTS", "1000"))
ROWS = int(os.environ.get("BENCH_API_ROWS", "1000000"))
TARGETS = int(os.environ.get("BENCH_API_TARGETS", "200"))
CLIENTS = (1, 8)

LIMITS = """
max_rows = 1000000000
max_bytes = "4GiB"
sessions_per_user = 1000
login_attempts = 100000
"""
PEOPLE = """
CREATE ROLE jit_daemon LOGIN PASSWORD 'jit_daemon' IN ROLE jit_coordinator;
CREATE ROLE app LOGIN PASSWORD 'app';
""" + "".join(f"""
CREATE ROLE asks{n} LOGIN PASSWORD 'asks{n}' IN ROLE jit_requester;
CREATE ROLE approves{n} LOGIN PASSWORD 'approves{n}' IN ROLE jit_approver;
""" for n in range(10))
TABLES = """
CREATE TABLE things (id int PRIMARY KEY, what text);
INSERT INTO things VALUES (1, 'a thing');
"""
MANY_ROWS = """
CREATE TABLE readings (id int, what text, at timestamptz);
INSERT INTO readings SELECT n, 'reading number ' || n, timestamptz '2026-01-01' + n * interval '1 second'
  FROM generate_series(1, {rows}) n;
GRANT SELECT ON readings TO app;
"""


def api():
    server = Server("fsync=on", "listen_addresses=127.0.0.1", "max_connections=500", "max_worker_processes=300",
                    "shared_buffers=512MB", "max_wal_size=4GB", "autovacuum=off", "jit_access.audit_databases=256",
                    "jit_access.audit_buffer_size=256kB")
    try:
        server.psql("CREATE DATABASE api")
        server.psql("CREATE EXTENSION jit_access", database="api")
        server.psql(PEOPLE + TABLES + MANY_ROWS.format(rows=ROWS), database="api")
        server.psql("VACUUM (ANALYZE, FREEZE)", database="api")
        server.psql("CHECKPOINT")
        shop = Shop(server, "api")
        for measure in (requests, round_trips, streaming, events.events):
            daemon = Daemon(shop, api=LIMITS, poll_interval="10m")
            try:
                measure(shop, daemon)
            finally:
                daemon.close()
        shop.close()
        targets(server)
    finally:
        server.destroy()


# (a) From asking to using.

def requests(shop, daemon):
    def connect(role):
        return shop.connect(role, host="127.0.0.1", password=role)

    def own_session(number):
        """The requester's own session, and whoever ends what was granted."""
        own, ending = connect(f"asks{number}"), connect(f"approves{number}")

        def use(request):
            while True:
                try:
                    own.execute("SELECT what FROM things")
                    break
                except Exception as error:
                    if error.sqlstate != "42501":
                        raise
                    time.sleep(0.0005)
            ending.execute("SELECT jit_revoke(%s)", [request])

        return use

    def by_api(number):
        use = own_session(number)
        asking, approving = Caller(daemon.port).login(f"asks{number}"), Caller(daemon.port).login(f"approves{number}")

        def once():
            request = asking.call("POST", "/requests", {"access": "SELECT ON things", "duration": "1 hour",
                                                        "reason": "INC-1: a measurement"})["id"]
            approving.call("POST", f"/requests/{request}/approve", {})
            use(request)

        def close():
            asking.close(logout=True)
            approving.close(logout=True)

        return once, close

    def direct(number):
        use = own_session(number)
        asking, approving = connect(f"asks{number}"), connect(f"approves{number}")

        def once():
            request = asking.execute("SELECT jit_request('SELECT ON things', '1 hour', 'INC-1: a measurement')").fetchone()[0]
            approving.execute("SELECT jit_approve(%s)", [request])
            use(request)

        return once, lambda: (asking.close(), approving.close())

    for clients in CLIENTS:
        found = in_turns(TURNS, {"psycopg": lambda: together(clients, direct, REQUESTS),
                                 "API": lambda: together(clients, by_api, REQUESTS)})
        print(f"api: asked, approved, used by SELECT in the requester's own session, and revoked; {clients} at a time, audit sync")
        show(found)


def show(found):
    for name, turns in found.items():
        times = [t for times, _ in turns for t in times]
        print(f"    {name:28}{rates([rate for _, rate in turns])}   {milliseconds(times)}", flush=True)


# (b) One small statement.

def round_trips(shop, daemon):
    def by_api(_):
        caller = Caller(daemon.port).login("app")
        request = caller.request("POST", "/sql", {"sql": "SELECT 1"})
        return lambda: caller.exchange(request), lambda: caller.close(logout=True)

    def direct(_):
        connection = shop.connect("app", host="127.0.0.1", password="app")
        return lambda: connection.execute("SELECT 1").fetchone(), connection.close

    def health(_):
        caller = Caller(daemon.port)
        request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        return lambda: caller.exchange(request), caller.close

    for clients in CLIENTS:
        found = in_turns(TURNS, {"psycopg": lambda: together(clients, direct, SELECTS),
                                 "libpq in C (pgbench)": lambda: by_pgbench(shop, clients),
                                 "API, POST /sql": lambda: together(clients, by_api, SELECTS),
                                 "API, GET /healthz (no SQL)": lambda: together(clients, health, SELECTS)})
        print(f"api: SELECT 1, kept-alive connection(s) over TCP, role that is not governed; {clients} at a time")
        show(found)


def by_pgbench(shop, clients):
    with tempfile.TemporaryDirectory(prefix="jit_bench.") as directory:
        script = Path(directory, "select.sql")
        script.write_text("SELECT 1;\n")
        done = subprocess.run([str(BIN / "pgbench"), "-n", "-f", str(script), "-c", str(clients), "-j", "2", "-t",
                               str(SELECTS), "-l"], cwd=directory, text=True, capture_output=True, check=True,
                              env=shop.server.environment("app", shop.database, PGHOST="127.0.0.1", PGPASSWORD="app"))
        times = [int(line.split()[2]) / 1e6 for log in Path(directory).glob("pgbench_log.*")
                 for line in log.read_text().splitlines()]
        return times, float(re.search(r"^tps = ([0-9.]+)", done.stdout, re.M)[1])


# (c) Many rows.

def streaming(shop, daemon):
    statement = "SELECT id, what, at FROM readings"
    caller = Caller(daemon.port).login("app")
    watched = Watched(daemon.process.pid)

    def psql(*arguments):
        """The bytes that come out of psql, which `wc` counts as they do."""
        def run():
            began = time.perf_counter()
            reading = subprocess.Popen([str(BIN / "psql"), "-XqAt", *arguments], stdout=subprocess.PIPE,
                                       env=shop.server.environment("app", shop.database, PGHOST="127.0.0.1", PGPASSWORD="app"))
            count = subprocess.run(["wc", "-c"], stdin=reading.stdout, capture_output=True, check=True).stdout
            assert reading.wait() == 0
            return time.perf_counter() - began, int(count), 0
        return run

    def by_api(accept):
        request = caller.request("POST", "/sql", {"sql": statement}, accept)

        def run():
            before = watched.cpu()
            began = time.perf_counter()
            count = caller.drain(request)
            return time.perf_counter() - began, count, watched.cpu() - before
        return run

    before = watched.rss()
    with watched:
        found = in_turns(TURNS, {"psql COPY (…) TO STDOUT": psql("-c", f"COPY ({statement}) TO STDOUT"),
                                 "psql SELECT": psql("-c", statement),
                                 "psql SELECT, FETCH_COUNT": psql("-v", "FETCH_COUNT=10000", "-c", statement),
                                 "API, JSON lines": by_api("application/x-ndjson"),
                                 "API, CSV": by_api("text/csv")})
    print(f"api: {ROWS} rows (int, text, timestamptz) to the client, which throws them away")
    for name, turns in found.items():
        seconds = [took for took, _, _ in turns]
        cpu = max(turn[2] for turn in turns)
        print(f"    {name:28}{rates([ROWS / s for s in seconds], 'rows/s')}"
              f"   {turns[0][1] / 1e6 / sorted(seconds)[len(seconds) // 2]:6.1f} MB/s of its own {turns[0][1] / 1e6:.1f} MB"
              + (f"   daemon {cpu:.2f} s CPU" if cpu else ""), flush=True)
    print(f"    the daemon's memory: {before:.1f} MiB before, {watched.peak:.1f} at its peak, {watched.rss():.1f} after", flush=True)
    caller.close(logout=True)


# (e) One daemon, many databases.

def targets(server):
    server.psql("CREATE DATABASE target_template")
    server.psql("CREATE EXTENSION jit_access", database="target_template")
    server.psql(TABLES, database="target_template")
    server.set("fsync = off")  # of making them nothing is measured
    server.reload()
    for n in range(TARGETS):
        server.psql(f"CREATE DATABASE target{n} TEMPLATE target_template")
    server.psql("CHECKPOINT")
    server.set("fsync = on")
    server.reload()
    shops = [Shop(server, f"target{n}") for n in range(TARGETS)]
    print("api: one daemon over many databases of one server; approve (statement sent) to active, audit sync")
    for watched, rounds in ((shops[:1], max(20, TARGETS)), (shops, TARGETS)):
        began = time.perf_counter()
        daemon = Daemon(*watched, api=LIMITS, poll_interval="10m")
        try:
            caller = Caller(daemon.port)
            while caller.exchange(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")[2].count(b'"connected"') < len(watched):
                time.sleep(0.005)
            connected = time.perf_counter() - began
            process = Watched(daemon.process.pid)
            fresh = process.rss()
            times = [until_active(watched[n % len(watched)]) for n in range(rounds)]
            print(f"    {len(watched):4} target(s): all connected {connected * 1000:.0f} ms after the start; memory {fresh:.1f} MiB,"
                  f" {process.rss():.1f} MiB after {rounds} requests;   {milliseconds(times)}", flush=True)
        finally:
            daemon.close()
            for shop in watched:
                shop.close()


def until_active(shop):
    """Where a daemon is connected all the time, the first request of a database is as fast as the others."""
    with shop.connect("asks0") as asking, shop.connect("approves0") as approving:
        request = asking.execute("SELECT jit_request('SELECT ON things', '1 hour', 'INC-1: a measurement')").fetchone()[0]
        began = time.perf_counter()
        approving.execute("SELECT jit_approve(%s)", [request])
        while asking.execute("SELECT status FROM jit.my_requests WHERE id = %s", [request]).fetchone()[0] != "active":
            time.sleep(0.0005)
        took = time.perf_counter() - began
        approving.execute("SELECT jit_revoke(%s)", [request])
        return took
