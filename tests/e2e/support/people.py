"""The people of the tests, the shop they work on, and what they do to one another."""

import re
import threading
import time

import psycopg
from psycopg import errors

# Over TCP, and so through the API, everybody's password is their name.
ROLES = """
CREATE ROLE shop NOLOGIN;
CREATE ROLE alice LOGIN PASSWORD 'alice' IN ROLE jit_requester;
CREATE ROLE bob LOGIN PASSWORD 'bob' IN ROLE jit_requester;
CREATE ROLE carol LOGIN PASSWORD 'carol' IN ROLE jit_approver;
CREATE ROLE dave LOGIN PASSWORD 'dave' IN ROLE jit_approver;
CREATE ROLE erin LOGIN PASSWORD 'erin' IN ROLE jit_auditor;
CREATE ROLE portal LOGIN PASSWORD 'portal' IN ROLE jit_delegate;
CREATE ROLE jit_daemon LOGIN PASSWORD 'jit_daemon' IN ROLE jit_coordinator;
CREATE ROLE jit_api LOGIN PASSWORD 'jit_api' IN ROLE jit_gateway;
CREATE ROLE app LOGIN;
CREATE ROLE mallory LOGIN PASSWORD 'mallory';
"""

# How an ended grant shows, by where the statement stood when it ended.
ENDED = (errors.QueryCanceled, errors.InsufficientPrivilege)


def wait_until(condition, timeout=30.0, what="the condition"):
    """Polls; returns the first true value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come true in {timeout} s"
        time.sleep(0.02)


class Background:
    """A statement that runs in a thread on its own connection."""

    def __init__(self, work):
        self._outcome = None
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work):
        try:
            self._outcome = work()
        except BaseException as error:  # handed to whoever asks for the result
            self._error = error

    def result(self, timeout=60):
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "the statement still runs"
        if self._error is not None:
            raise self._error
        return self._outcome


class Shop:
    """One database with the shop and the extension; owns the connections it hands out."""

    def __init__(self, server, database):
        self.server = server
        self.database = database
        self._connections = []

    def connect(self, role, **options):
        options = {"host": self.server.host, "port": self.server.port, "user": role,
                   "dbname": self.database, "autocommit": True, **options}
        connection = psycopg.connect(**options)
        connection.notices = []
        connection.add_notice_handler(
            lambda notice: connection.notices.append(notice.message_primary))
        self._connections.append(connection)
        return connection

    def close(self):
        for connection in self._connections:
            connection.close()

    # One statement on a connection of its own.
    def run(self, role, statement, parameters=None):
        with self.connect(role) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def value(self, role, statement, parameters=None):
        return self.run(role, statement, parameters)[0][0]

    def dba(self, statement, parameters=None):
        return self.run("postgres", statement, parameters)

    # The life of a request.
    def ask(self, role, access, duration="1 hour", reason="INC-1: a test", on=None, **options):
        """Files a request; `on` is the connection to do it on (session_only wants that)."""
        names = "".join(f", {name} => %({name})s" for name in options)
        statement = f"SELECT jit_request(%(access)s, %(duration)s::interval, %(reason)s{names})"
        values = {"access": access, "duration": duration, "reason": reason, **options}
        if on is not None:
            return on.execute(statement, values).fetchone()[0]
        return self.value(role, statement, values)

    def approve(self, request, approver="carol"):
        return self.value(approver, "SELECT jit_approve(%s)", [request])

    def push(self):
        """What the daemon does when it is told of an approval."""
        return self.run("jit_daemon", "SELECT * FROM jit.run_due()")

    def grant(self, role, access, duration="1 hour", **options):
        """Asked, approved and pushed."""
        request = self.ask(role, access, duration, **options)
        self.approve(request)
        self.push()
        return request

    def revoke(self, request, by="carol"):
        return self.value(by, "SELECT jit_revoke(%s, 'over')", [request])

    def status(self, request):
        return self.value("postgres", "SELECT status FROM jit.visible_requests WHERE id = %s",
                          [request])

    def expires_at(self, request):
        return self.value("postgres", "SELECT max(expires_at) FROM jit.grants"
                                      " WHERE request_id = %s", [request])

    def wait_for_end(self, request):
        """Until the clock has passed the grant's end; the daemon is not needed for that."""
        wait_until(lambda: self.dba("SELECT 1 FROM jit.grants WHERE request_id = %s"
                                    " HAVING max(expires_at) < clock_timestamp()", [request]),
                   what=f"the end of request {request}")

    def wait_for_statement(self, connection):
        """Until the connection's statement is running."""
        pid = connection.info.backend_pid
        wait_until(lambda: self.dba("SELECT 1 FROM pg_stat_activity WHERE pid = %s AND"
                                    " state = 'active' AND query !~ '^(BEGIN|COMMIT)'", [pid]),
                   what=f"backend {pid} running")


def refused(connection, statement, *parameters):
    """Asserts that the statement is refused for want of privilege; returns the error's diag."""
    try:
        connection.execute(statement, *parameters)
    except errors.InsufficientPrivilege as error:
        return error.diag
    raise AssertionError(f"not refused: {statement}")


def asks_for(diag):
    """The access that the HINT of a refusal says to ask for."""
    found = re.search(r"jit_request\('((?:[^']|'')*)'", diag.message_hint or "")
    assert found, f"no request in the hint: {diag.message_hint!r}"
    return found[1].replace("''", "'")


def hint_sql(diag):
    """The statement that the HINT of a refusal gives to paste."""
    found = re.search(r"SELECT jit_request\(.*\);", diag.message_hint or "")
    assert found, f"no statement in the hint: {diag.message_hint!r}"
    return found[0]


def one(connection, statement, *parameters):
    return connection.execute(statement, *parameters).fetchone()[0]


def usable(connection):
    """The session lives on, outside any transaction."""
    if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        connection.execute("ROLLBACK")
    return one(connection, "SELECT 42") == 42
