"""What the benches of the API measure with: a client that costs little, clients side by side, a process watched."""

import json
import multiprocessing
import os
import re
import socket
import statistics
import threading
import time
import traceback
from pathlib import Path

# The last chunk, and perhaps trailers: no row of ours looks like it.
END = re.compile(rb"(?:^|\r\n)0\r\n(?:[A-Za-z-]+: [^\r\n]*\r\n)*\r\n$")


class Caller:
    """One kept-alive connection to the API; after login, somebody's. Little of the time is its own."""

    def __init__(self, port, cookie="", csrf=""):
        self.port, self.cookie, self.csrf = port, cookie, csrf
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(1 << 20)

    def login(self, user, **more):
        """Passwords here are the names."""
        status, head, body = self.exchange(self.request("POST", "/login", {"user": user, "password": user, **more}))
        assert status == 201, body
        self.cookie = re.search(rb"[Ss]et-[Cc]ookie: ([^;]*)", head)[1].decode()
        self.csrf = json.loads(body)["csrf_token"]
        return self

    def beside(self):
        """Another connection of the same session."""
        return Caller(self.port, self.cookie, self.csrf)

    def request(self, method, path, body=None, accept="*/*"):
        """The bytes of a request."""
        data = b"" if body is None else json.dumps(body).encode()
        kind = "Content-Type: application/json\r\n" if data else ""
        return (f"{method} /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\nCookie: {self.cookie}\r\n"
                f"X-CSRF-Token: {self.csrf}\r\n{kind}Content-Length: {len(data)}\r\n\r\n").encode() + data

    def exchange(self, request):
        """(status, head, body); a body in chunks stays in its chunks."""
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        status, length = int(head[9:12]), re.search(rb"[Cc]ontent-[Ll]ength: (\d+)", head)
        while status != 204 and (len(body) < int(length[1]) if length else not END.search(body)):
            body += self._more()
        return status, head, body

    def drain(self, request):
        """How many bytes of body came; they are not kept."""
        self.socket.sendall(request)
        count, tail = 0, b""
        while not END.search(tail):
            got = self.socket.recv_into(self.buffer)
            assert got, "the answer was cut off"
            count += got
            tail = (tail + bytes(self.buffer[max(0, got - 200):got]))[-200:]
        return count

    def _more(self):
        got = self.socket.recv(1 << 16)
        assert got, "the connection was closed"
        return got

    def call(self, method, path, body=None):
        status, _, answer = self.exchange(self.request(method, path, body))
        assert status < 300, answer
        return json.loads(answer) if answer else None

    def close(self, logout=False):
        if logout:
            self.exchange(self.request("POST", "/logout"))
        self.socket.close()


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def together(clients, prepare, rounds):
    """`clients` processes: each has prepare(number) make it a (once, close), and runs once() `rounds` times, all from
    the same moment on. The seconds of each round, and rounds a second of all together."""
    context = multiprocessing.get_context("fork")
    barrier, queue = context.Barrier(clients), context.SimpleQueue()

    def run(number):
        try:
            once, close = prepare(number)
            once()  # warm
            barrier.wait(120)
            began = time.perf_counter()
            times = [timed(once) for _ in range(rounds)]
            ended = time.perf_counter()
            close()
            queue.put((began, ended, times))
        except BaseException:
            traceback.print_exc()
            barrier.abort()
            queue.put(None)

    processes = [context.Process(target=run, args=(number,)) for number in range(clients)]
    for process in processes:
        process.start()
    outcomes = [queue.get() for _ in processes]
    for process in processes:
        process.join()
    assert all(outcomes), "a client failed"
    span = max(ended for _, ended, _ in outcomes) - min(began for began, _, _ in outcomes)
    return [t for _, _, times in outcomes for t in times], clients * rounds / span


def in_turns(turns, sides):
    """Every side `turns` times, forth and back, after one turn to warm up: what each returned, by name."""
    results = {name: [] for name in sides}
    for turn in range(turns + 1):
        for name in list(sides) if turn % 2 == 0 else reversed(list(sides)):
            result = sides[name]()
            if turn:
                results[name].append(result)
    return results


def quartiles(values):
    return statistics.quantiles(values, n=4) if len(values) > 1 else list(values) * 3


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def milliseconds(times):
    """p50 with its quartiles, p99."""
    low, middle, high = (1000 * value for value in quartiles(times))
    return f"p50 {middle:8.3f} ms (quartiles {low:.3f} to {high:.3f})   p99 {percentile(times, .99) * 1000:8.3f} ms"


def rates(values, unit="/s"):
    low, middle, high = quartiles(values)
    return f"{middle:9.0f} {unit} (quartiles {low:.0f} to {high:.0f})"


class Watched:
    """A process from outside: memory that is resident, and CPU time."""

    def __init__(self, pid):
        self.pid = pid
        self.peak = 0

    def rss(self):
        """MiB."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def cpu(self):
        """Seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        """Looks for the peak meanwhile."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.peak = self.rss()
        self._thread.start()
        return self

    def _look(self):
        while not self._over.wait(0.01):
            self.peak = max(self.peak, self.rss())

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
