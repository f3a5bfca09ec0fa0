"""A thousand streams of events on one daemon: connecting, what they cost, and how soon an approval is everywhere."""

import asyncio
import json
import os
import time

from measure import Caller, Watched, milliseconds

STREAMS = int(os.environ.get("BENCH_API_STREAMS", "1000"))
APPROVALS = int(os.environ.get("BENCH_API_APPROVALS", "30"))
IDLE = int(os.environ.get("BENCH_API_IDLE", "20"))
USERS = 10
AT_ONCE = 50


class Streams:
    """All of them, in one loop; tells when an approval has reached how many."""

    def __init__(self, port, callers):
        self.port, self.callers = port, callers
        self.arrived = {}  # of a request: when, on each stream
        self.wanted = None
        self.enough = asyncio.Event()
        self.tasks = []

    async def open(self):
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number):
            async with gate:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(self.callers[number % len(self.callers)].request("GET", "/events", accept="text/event-stream"))
                head = await reader.readuntil(b"\r\n\r\n")
                assert b" 200 " in head.split(b"\r\n")[0], head
                await reader.readuntil(b"\n\n")  # the greeting
            self.tasks.append(asyncio.create_task(self.follow(reader, writer)))

        await asyncio.gather(*(one(number) for number in range(STREAMS)))

    async def follow(self, reader, writer):
        try:
            while True:
                block = await reader.readuntil(b"\n\n")
                now = time.perf_counter()
                if b"event: approved\n" not in block:
                    continue
                data = json.loads(block[block.index(b"data: ") + 6:])
                arrived = self.arrived.setdefault(data["request_id"], [])
                arrived.append(now)
                if data["request_id"] == self.wanted and len(arrived) == STREAMS:
                    self.enough.set()
        finally:
            writer.close()

    async def approval(self, request, approve):
        """Seconds from sending the approval to its arrival, of each stream."""
        self.wanted = request
        self.enough.clear()
        began = time.perf_counter()
        await asyncio.to_thread(approve, request)
        await asyncio.wait_for(self.enough.wait(), 60)
        return [at - began for at in self.arrived[request]]

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def listen(connection, heard):
    """The baseline: a session that says LISTEN."""
    connection.execute("LISTEN jit_access")

    def look():
        now = time.perf_counter()
        connection.pgconn.consume_input()
        while notice := connection.pgconn.notifies():
            said = json.loads(notice.extra)
            if said["event"] == "approved":
                heard.setdefault(said["request_id"], []).append(now)

    asyncio.get_running_loop().add_reader(connection.fileno(), look)


def events(shop, daemon):
    asyncio.run(measure(shop, daemon))


async def measure(shop, daemon):
    asking, approving = shop.connect("asks0"), shop.connect("approves0")
    heard = {}
    sessions = [shop.connect(f"approves{n}") for n in range(USERS)]  # before the streams: select() takes low descriptors
    for session in sessions:
        listen(session, heard)
    watched = Watched(daemon.process.pid)
    callers = [Caller(daemon.port).login(f"approves{n}") for n in range(USERS)]
    fresh = watched.rss()
    streams = Streams(daemon.port, callers)
    began, cpu = time.perf_counter(), watched.cpu()
    await streams.open()
    took, cpu = time.perf_counter() - began, watched.cpu() - cpu
    print(f"api: {STREAMS} streams of events, {USERS} users, a session each")
    print(f"    all connected in {took:.2f} s, {cpu:.2f} s CPU of the daemon; its memory {fresh:.1f} MiB before, {watched.rss():.1f} with them", flush=True)
    cpu = watched.cpu()
    await asyncio.sleep(IDLE)
    print(f"    when nothing happens: {(watched.cpu() - cpu) / IDLE * 100:.1f} % of one CPU")

    times, baseline, used = [], [], 0
    for _ in range(APPROVALS):
        request = asking.execute("SELECT jit_request('SELECT ON things', '1 hour', 'INC-1: a measurement')").fetchone()[0]
        await asyncio.sleep(0.2)  # what that made has arrived
        cpu = watched.cpu()
        began = time.perf_counter()
        times += await streams.approval(request, lambda r: approving.execute("SELECT jit_approve(%s)", [r]))
        await asyncio.sleep(0.2)
        used += watched.cpu() - cpu
        baseline += [at - began for at in heard.get(request, [])]
        approving.execute("SELECT jit_revoke(%s)", [request])
    for session in sessions:
        asyncio.get_running_loop().remove_reader(session.fileno())
    print(f"    approve (statement sent) to its arrival, {APPROVALS} approvals")
    print(f"        NOTIFY, {USERS} sessions with LISTEN   {milliseconds(baseline)}")
    print(f"        event on {STREAMS:5} streams         {milliseconds(times)}   daemon {used / APPROVALS * 1000:.0f} ms CPU"
          f" each, memory {watched.rss():.1f} MiB", flush=True)
    await streams.close()
    for caller in callers:
        caller.close(logout=True)
