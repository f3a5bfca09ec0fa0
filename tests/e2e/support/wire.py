"""The frontend/backend protocol by hand, for what libpq does not offer: portals fetched in parts.

JDBC and Go drivers do this (setFetchSize): Bind once, Execute with a row limit, again and again.
"""

import socket
import struct


class ServerError(Exception):
    def __init__(self, fields):
        super().__init__(fields.get("M"))
        self.sqlstate = fields.get("C")


class Wire:
    def __init__(self, shop, role):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(f"{shop.server.host}/.s.PGSQL.{shop.server.port}")
        self._buffer = b""
        start = f"user\0{role}\0database\0{shop.database}\0\0".encode()
        self._socket.sendall(struct.pack("!ii", len(start) + 8, 196608) + start)
        self._until(b"Z")

    def close(self):
        self._socket.close()

    def _send(self, kind, payload):
        self._socket.sendall(kind + struct.pack("!i", len(payload) + 4) + payload)

    def _message(self):
        def need(count):
            while len(self._buffer) < count:
                chunk = self._socket.recv(65536)
                assert chunk, "the server closed the connection"
                self._buffer += chunk
        need(5)
        kind, length = self._buffer[:1], struct.unpack("!i", self._buffer[1:5])[0]
        need(length + 1)
        body, self._buffer = self._buffer[5:length + 1], self._buffer[length + 1:]
        return kind, body

    def _until(self, *kinds):
        """Reads up to one of these; returns the number of rows on the way and the last kind."""
        rows = 0
        while True:
            kind, body = self._message()
            if kind == b"D":
                rows += 1
            if kind == b"E":
                fields = {part[:1].decode(): part[1:].decode()
                          for part in body.split(b"\0") if part}
                self._send(b"S", b"")
                while self._message()[0] != b"Z":
                    pass
                raise ServerError(fields)
            if kind in kinds:
                return rows, kind

    def query(self, sql):
        self._send(b"Q", sql.encode() + b"\0")
        return self._until(b"Z")[0]

    def fail(self, sql):
        """A statement that is to fail; leaves the connection ready for the next."""
        self._send(b"Q", sql.encode() + b"\0")
        try:
            self._until(b"Z")
        except ServerError as error:
            self._until(b"Z")
            return error.sqlstate
        raise AssertionError(f"did not fail: {sql}")

    def bind(self, sql, portal="p"):
        """Parses and binds; the portal lives to the end of the transaction."""
        name = portal.encode() + b"\0"
        self._send(b"P", name + sql.encode() + b"\0" + struct.pack("!h", 0))
        self._send(b"B", name + name + struct.pack("!hhh", 0, 0, 0))
        self._send(b"H", b"")
        self._until(b"2")

    def execute(self, rows=0, portal="p"):
        """Up to that many rows of the portal (0: all); their number, and whether more may come."""
        self._send(b"E", portal.encode() + b"\0" + struct.pack("!i", rows))
        self._send(b"H", b"")
        count, kind = self._until(b"C", b"s")
        return count, kind == b"s"


def fast_call(connection, function):
    """Calls a function without arguments by message, on psycopg's own socket."""
    own = socket.socket(fileno=connection.fileno())
    try:
        own.setblocking(True)
        own.sendall(b"F" + struct.pack("!iihhh", 4 + 4 + 2 + 2 + 2, function, 0, 0, 0))
        answer = b""
        while not answer.endswith(b"Z\0\0\0\5I"):
            answer += own.recv(4096)
        assert answer[:1] == b"V", answer
    finally:
        own.detach()
