"""The audit log as the tests read it."""

import os
import signal
from contextlib import contextmanager

from psycopg.rows import dict_row

from support.people import Shop, wait_until


def records(shop, where="true", parameters=None):
    """Rows of jit.audit_log, as dictionaries, in the order of the chain."""
    with shop.connect("postgres", row_factory=dict_row) as connection:
        return connection.execute(f"SELECT * FROM jit.audit_log WHERE {where} ORDER BY seq", parameters).fetchall()


def statements(shop, text=None, top=None):
    """Rows of jit.statements once none runs any more, those whose text contains `text`."""
    def settled():
        with shop.connect("postgres", row_factory=dict_row) as connection:
            rows = connection.execute(
                "SELECT * FROM jit.statements WHERE (%(text)s::text IS NULL OR position(%(text)s IN statement) > 0)"
                " AND (%(top)s::boolean IS NULL OR (parent_id IS NULL) = %(top)s) ORDER BY seq",
                {"text": text, "top": top}).fetchall()
        return rows if rows and all(row["outcome"] != "running" for row in rows) else None

    return wait_until(settled, what=f"the end of statements with {text!r}")


def statement(shop, text, **options):
    """The one statement whose text contains `text`."""
    rows = statements(shop, text, **options)
    assert len(rows) == 1, [row["statement"] for row in rows]
    return rows[0]


def event(shop, kind, where="true"):
    """The last event of a kind, once it is there."""
    return wait_until(lambda: records(shop, f"kind = '{kind}' AND {where}"), what=f"the event {kind}")[-1]


def verify(shop):
    """(rows checked, first bad row or None)"""
    return shop.dba("SELECT checked, first_bad FROM jit_audit_verify()")[0]


def assert_intact(shop):
    # By one snapshot: the log grows meanwhile.
    checked, first_bad, count = shop.dba("SELECT checked, first_bad, (SELECT count(*) FROM jit.audit_log)"
                                         " FROM jit_audit_verify()")[0]
    assert (checked, first_bad) == (count, None), f"{checked} rows of {count} checked, first bad: {first_bad}"


class AuditShop(Shop):
    """A shop on a server whose audit worker the test may harm."""

    def worker(self):
        """The process that writes this database's log, once it runs."""
        found = wait_until(lambda: self.dba("SELECT pid FROM pg_stat_activity WHERE backend_type = 'jit_access audit'"
                                            " AND datname = current_database()"), what="the audit worker")
        return found[0][0]

    def awake_worker(self):
        self.run("bob", "SELECT 'wakes the worker'")
        return self.worker()

    @contextmanager
    def held_up_worker(self):
        pid = self.awake_worker()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield pid
        finally:
            os.kill(pid, signal.SIGCONT)
