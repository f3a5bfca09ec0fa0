"""Everything that a client receives, searched for raw values."""

import re
import struct
from pathlib import Path

import psycopg

MASKED_SQL = (Path(__file__).parent / "masked.sql").read_text()

# In whatever text a client receives. Numbers are told from others by their first digits.
RAW_TEXT = re.compile(r"rawm(?:ark|ood)|52 ?41 ?57 ?4d|5241574d|98765\d{4}|9182736|5551[23]\d\d|1977-0|deadbeef|203\.0\.113",
                      re.IGNORECASE)
# In binary results: the same values as they go over the wire.
RAW_BYTES = ([b"RAWMARK", b"rawmark", b"rawmood", bytes.fromhex("deadbeef"), bytes([203, 0, 113])]
             + [struct.pack("!i", 987654000 + n) for n in range(1, 41)]
             + [struct.pack("!d", 5551212.5 + n) for n in range(1, 41)])

FIELDS = ("severity", "sqlstate", "message_primary", "message_detail", "message_hint", "internal_query",
          "context", "schema_name", "table_name", "column_name", "datatype_name", "constraint_name")


class Received:
    """What one client got, in order."""

    def __init__(self):
        self.items = []

    def text(self):
        return "\n".join(item if isinstance(item, str) else item.decode("latin-1") for item in self.items)

    def assert_no_raw_value(self, allowed=""):
        for item in self.items:
            if isinstance(item, bytes):
                for raw in RAW_BYTES:
                    assert raw not in item, f"raw value in binary result: {item!r}"
            else:
                found = [m for m in RAW_TEXT.findall(item) if m.lower() not in allowed.lower() or not allowed]
                assert not found, f"raw value {found[0]!r} in: {item[:400]}"


def _note(received, kind, diag):
    for field in FIELDS:
        value = getattr(diag, field, None)
        # The statement itself comes back as context of PL/pgSQL; what it holds the client has sent.
        if value:
            received.items.append(f"{kind} {field}: {value}")


def observe(connection, statements, binary=False):
    """Runs the statements in one transaction that is rolled back; returns all that came back."""
    received = Received()

    def on_notice(diag):
        _note(received, "notice", diag)

    connection.add_notice_handler(on_notice)
    try:
        connection.execute("BEGIN")
        for statement in statements:
            try:
                _run(connection, statement, binary, received)
            except psycopg.Error as error:
                _note(received, "error", error.diag)
                break
    finally:
        connection.remove_notice_handler(on_notice)
        connection.execute("ROLLBACK")
    return received


def _run(connection, statement, binary, received):
    if re.match(r"\s*COPY\b.*\bTO STDOUT", statement, re.IGNORECASE | re.DOTALL):
        with connection.cursor().copy(statement) as copy:
            for chunk in copy:
                received.items.append(bytes(chunk).decode("utf-8", "replace"))
        return
    pgconn = connection.pgconn
    if binary:
        result = pgconn.exec_params(statement.encode(), [], result_format=1)
        results = [result]
    else:
        results = [pgconn.exec_(statement.encode())]
    for result in results:
        if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)
        received.items.append((result.command_status or b"").decode())
        for row in range(result.ntuples):
            for column in range(result.nfields):
                value = result.get_value(row, column)
                if value is None:
                    received.items.append("NULL")
                else:
                    received.items.append(bytes(value) if binary else value.decode("utf-8", "replace"))
