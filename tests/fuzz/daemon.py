#!/usr/bin/python3
"""Drives a whole daemon, built with sanitizers, by mutated requests over HTTP: it goes on, answers everything that is a
request, and makes no mistake of its own (no status 500, nothing from a sanitizer).

Usage: tests/fuzz/daemon.py JIT_COORDINATOR [SECONDS [SEED]]"""

import collections
import json
import os
import random
import re
import socket
import sys
import threading
import time
from pathlib import Path

E2E = Path(__file__).resolve().parents[1] / "e2e"
sys.path.insert(0, str(E2E))

from support import daemon as daemons  # noqa: E402
from support.people import ROLES  # noqa: E402
from support.server import Server  # noqa: E402

PEOPLE = ("alice", "carol", "erin")
LIMITS = """login_attempts = 100000
sessions_per_user = 1000
client_timeout = "2s"
statement_timeout = "3s"
idle_timeout = "20s"
max_bytes = "1MiB"
"""

# What is asked for when nothing is mutated.
BODIES = [
    ("POST", "/login", {"user": "alice", "password": "alice", "connections": 2}),
    ("GET", "/targets", None), ("GET", "/me", None), ("GET", "/me/access", None), ("GET", "/tokens?all=true", None),
    ("POST", "/tokens", {"name": "ci", "scopes": ["read", "query"], "lifetime": "1 day"}),
    ("DELETE", "/tokens/1", None), ("POST", "/logout", None),
    ("GET", "/requests?status=all&limit=5&created_after=2026-01-01T00:00:00Z&mine=true&ticket=x", None),
    ("POST", "/requests", {"access": "SELECT ON sales.orders", "duration": "1 hour", "reason": "a test", "ticket": "T-1", "session_only": True}),
    ("POST", "/requests", {"statement": "SELECT total FROM sales.orders", "duration": "30m", "reason": "x", "break_glass": False, "client_addr": "127.0.0.1"}),
    ("POST", "/requests/preview", {"access": "SELECT (id, total) ON sales.orders", "on_behalf_of": "bob"}),
    ("GET", "/requests/1", None), ("POST", "/requests/1/approve", {"comment": "fine", "duration": "10m"}),
    ("POST", "/requests/1/deny", {"comment": "no"}), ("POST", "/requests/1/cancel", None), ("POST", "/requests/1/revoke", {"reason": "over"}),
    ("POST", "/requests/1/review", {"comment": "seen"}), ("POST", "/requests/1/extend", {"duration": "1h", "reason": "more"}),
    ("GET", "/grants?mine=true&relation=sales.orders", None), ("GET", "/policies", None), ("GET", "/catalogue/schemas", None),
    ("GET", "/catalogue/tables?schema=sales&search=ord&limit=2", None), ("GET", "/catalogue/tables/sales/orders", None),
    ("POST", "/sql", {"sql": "SELECT i, repeat('x', i), NULL, i::float8 / 0.3, jsonb_build_object('a', i) FROM generate_series(1, 200) i", "connection": 1}),
    ("POST", "/sql", {"sql": "SELECT $1::int, $2::json, $3::text", "parameters": [1, {"a": [1, 2]}, None], "max_rows": 10, "max_bytes": 1000, "timeout": "1s"}),
    ("POST", "/sql", {"sql": "BEGIN; SELECT 1; SELECT total FROM sales.orders; ROLLBACK"}), ("POST", "/sql", {"sql": "COPY sales.orders TO STDOUT"}),
    ("POST", "/sql", {"sql": "SELECT pg_sleep(5)"}), ("POST", "/sql", {"sql": "SET client_encoding = 'SJIS'; SELECT U&'\\30BD\\8868', json_build_object('a', U&'\\8868')"}),
    ("POST", "/sql/explain", {"sql": "SELECT 1", "analyze": True, "settings": False}), ("POST", "/sql/cancel", {"connection": 1}),
    ("GET", "/sql/connections", None), ("GET", "/audit?person=alice&limit=3&since=2026-01-01T00:00:00Z&raw_columns=true", None),
    ("GET", "/audit/export?log=true", None), ("GET", "/audit/verify", None),
    ("GET", "/../openapi.yaml", None), ("GET", "/../metrics", None), ("GET", "/../readyz", None), ("OPTIONS", "/sql", None), ("HEAD", "/me", None),
]

NASTY = ["", "\0", "'", '"', "\\", "%00", "%2e%2e", "%2F", "../", "\r\n", "\r\nX: y", "\n", "\t", " ", "ä", "\u202e", "😀", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
         "\xff\xfe", "$1", "--", "/*", ";", "{", "}", "[", "]", "null", "true", "-1", "0", "1e400", "9223372036854775808", "NaN",
         "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n", "Host: localhost\r\n", "Connection: close\r\n", "HTTP/1.0", "Expect: 100-continue\r\n",
         "A" * 300, "[" * 50, "&", "=", "?", "#", "%", "+", "pg_catalog", "SELECT", "sales.orders", "1 hour", "30m"]
VALUES = [None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 1.5, 1e308, "", "x", "\0", "a\0b", "'", "\ud800", [], {}, [[]], [None], ["x"], {"a": {}},
          "SELECT ON sales.orders", "SELECT 1", "1 hour", "x" * 10000, [1] * 1000]


class Mutator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, value):
        r = self.random
        if r.random() < 0.3:
            return r.choice(VALUES)
        if isinstance(value, str) and r.random() < 0.7:
            return self.text(value)
        if isinstance(value, list) and value and r.random() < 0.7:
            return [self.value(v) if r.random() < 0.5 else v for v in value] * r.choice((1, 1, 2))
        if isinstance(value, dict):
            return self.object(value)
        return value

    def object(self, body):
        r = self.random
        out = dict(body)
        for name in list(out):
            if r.random() < 0.2:
                out[name] = self.value(out[name])
            elif r.random() < 0.05:
                del out[name]
            elif r.random() < 0.03:
                out[self.text(name)] = out.pop(name)
        return out

    def text(self, text):
        r = self.random
        at = r.randrange(len(text) + 1)
        kind = r.randrange(4)
        if kind == 0:
            return text[:at] + r.choice(NASTY) + text[at:]
        if kind == 1:
            return text[:at] + text[at + r.randrange(5):]
        if kind == 2:
            return text[:at] + text[at:at + 20] * r.randrange(5) + text[at:]
        return text[:at] + chr(r.choice((0, 1, 10, 13, 32, 34, 37, 39, 47, 92, 127, 128, 255))) + text[at:]

    def bytes(self, data):
        r = self.random
        for _ in range(r.choice((1, 1, 2, 5))):
            data = self.text(data.decode("latin-1")).encode("latin-1", "replace")
        return data

    def request(self, credentials):
        """(what to send, whether it is still a request that is whole)."""
        r = self.random
        method, path, body = r.choice(BODIES)
        if r.random() < 0.05:
            method = r.choice(("GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "get", "X"))
        path = path[3:] if path.startswith("/../") else "/api/v1" + path
        path = re.sub(r"/1\b", lambda _: f"/{r.randrange(1, 60)}", path)
        if r.random() < 0.2:
            path = re.sub(r"[^!-~]", lambda m: "".join(f"%{b:02x}" for b in m[0].encode("utf-8", "surrogatepass")), self.text(path))
        heads = [("Host", "127.0.0.1"), ("Connection", "close")]
        if r.random() < 0.9:
            heads += list(credentials.items())
        if r.random() < 0.1:
            heads.append(r.choice((("Accept", "text/csv"), ("Accept", "application/x-ndjson"), ("Origin", "http://evil.example"), ("Authorization", "Bearer x"),
                                   ("Authorization", "Bearer jit_" + "A" * 43), ("Jit-Target", "nowhere"), ("Last-Event-ID", "1"), ("Expect", "100-continue"),
                                   ("X-Forwarded-For", "203.0.113.1"), ("Content-Encoding", "gzip"), ("Upgrade", "websocket"))))
        data = b""
        if body is not None or r.random() < 0.05:
            body = self.object(body or {})
            data = json.dumps(body, ensure_ascii=r.random() < 0.5).encode("utf-8", "surrogatepass")
            if r.random() < 0.15:
                data = self.bytes(data)
            heads.append(("Content-Type", "application/json" if r.random() < 0.97 else "text/plain"))
        if r.random() < 0.2 and data:
            heads.append(("Transfer-Encoding", "chunked"))
            cut = r.randrange(len(data) + 1)
            data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (data[:cut], data[cut:]) if p) + b"0\r\n\r\n"
        else:
            heads.append(("Content-Length", str(len(data))))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in heads) + "\r\n"
        sent = head.encode("latin-1", "replace") + data
        return (self.bytes(sent), False) if r.random() < 0.15 else (sent, True)


class Caller(threading.Thread):
    """One client after the other, until the time is over."""

    def __init__(self, port, seed, until):
        super().__init__(daemon=True)
        self.port, self.until = port, until
        self.mutator = Mutator(seed)
        self.statuses = collections.Counter()
        self.found = []
        self.credentials = {}

    def exchange(self, sent, whole=True):
        """All that comes back until the server closes. Whoever lost the wish to close waits, and has their answer."""
        received = b""
        patience = 15 if whole else 4
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as connection:
            try:
                connection.sendall(sent)
                if self.mutator.random.random() < 0.03:
                    return None  # gone before the answer
                while piece := connection.recv(65536):
                    received += piece
            except ConnectionError:
                pass
            except TimeoutError:
                if whole and not received:
                    raise
        return received

    def log_in(self):
        person = self.mutator.random.choice(PEOPLE)
        body = json.dumps({"user": person, "password": person, "connections": 2})
        received = self.exchange((f"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                  f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        if not received or not received.startswith(b"HTTP/1.1 201"):
            return
        head, _, text = received.partition(b"\r\n\r\n")
        cookie = re.search(rb"Set-Cookie: (jit_session=[^;]+)", head)[1].decode()
        self.credentials = {"Cookie": cookie, "X-CSRF-Token": json.loads(text)["csrf_token"]}

    def run(self):
        n = 0
        while time.monotonic() < self.until and not self.found:
            if n % 60 == 0:
                self.log_in()
            n += 1
            sent, whole = self.mutator.request(self.credentials)
            try:
                received = self.exchange(sent, whole)
            except OSError as error:
                self.found.append((f"no answer: {error!r}", sent))
                return
            if received is None:
                continue
            status = re.match(rb"HTTP/1\.1 (\d{3}) ", received)
            self.statuses[int(status[1]) if status else 0] += 1
            if (received and not status) or (status and status[1] == b"500" and b'"sqlstate"' not in received):
                self.found.append((f"answer {received[:2000]!r}", sent))
            elif whole and not received:
                self.statuses["whole, unanswered"] += 1


def prepare(server):
    sql = ROLES if "PASSWORD 'carol'" in ROLES else ROLES + "".join(f"ALTER ROLE {p} PASSWORD '{p}';\n" for p in (*PEOPLE, "jit_daemon"))
    server.psql("CREATE DATABASE shop")
    server.psql("CREATE EXTENSION jit_access", database="shop")
    server.psql(sql, database="shop")
    server.psql((E2E / "support" / "shop.sql").read_text(), database="shop")


class Shop:
    database = "shop"

    def __init__(self, server):
        self.server = server


def main():
    binary, seconds = sys.argv[1], float(sys.argv[2] if len(sys.argv) > 2 else 60)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(10**9)
    daemons.BINARY = str(Path(binary).resolve())
    os.environ["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=0"
    os.environ["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    print(f"seed {seed}", flush=True)
    server = Server("listen_addresses=127.0.0.1", "max_connections=300")
    daemon = None
    try:
        prepare(server)
        daemon = daemons.Daemon(Shop(server), api=LIMITS)
        callers = [Caller(daemon.port, seed + n, time.monotonic() + seconds) for n in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        statuses = sum((c.statuses for c in callers), collections.Counter())
        found = [f for c in callers for f in c.found]
        alive = daemon.process.poll() is None
        code = daemon.terminate() if alive else daemon.process.returncode
        log = daemon.log()
        print(f"{sum(v for k, v in statuses.items() if isinstance(k, int))} requests:", dict(sorted(statuses.items(), key=str)))
        for line in log.splitlines():
            if "error of our own" in line:
                found.append(("a mistake in the log", line.encode()))
        for what, sent in found:
            print(f"FOUND {what}\n  by {sent[:3000]!r}")
        trouble = re.search(r"(ERROR: \w+Sanitizer|runtime error:)[\s\S]{0,6000}", log)
        if trouble:
            print(f"FOUND {trouble[0]}")
        if not alive or code != 0:
            print(f"FOUND the daemon ended with {code}; its log ends:\n{log[-3000:]}")
        crashed = re.findall(r".*(?:PANIC|terminated by signal).*", server.log())
        if crashed:
            print("FOUND in the server's log:", *crashed[:5], sep="\n  ")
        return 1 if found or trouble or not alive or code != 0 or crashed else 0
    finally:
        if daemon is not None:
            daemon.close()
        server.destroy()


if __name__ == "__main__":
    sys.exit(main())
