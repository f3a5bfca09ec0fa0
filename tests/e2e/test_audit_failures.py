"""What the audit log does when its worker is held up or killed, its buffer flooded, its disk full."""

import os
import signal
import subprocess
import threading
import time

import psycopg
import pytest
from psycopg import errors

from support.audit import assert_intact, event, records, statement, statements
from support.people import Background, one, wait_until

NOT_RECORDED = errors.ObjectNotInPrerequisiteState


def back_up(shop):
    """After a crash: once the server takes connections again."""
    def answers():
        try:
            return shop.value("postgres", "SELECT 1")
        except psycopg.OperationalError:
            return False
    return wait_until(answers, what="the server")


# Held up, flooded, full

def test_no_row_leaves_before_its_record_is_durable(audit_shop):
    audit_shop.grant("alice", "SELECT ON sales.orders")
    alice = audit_shop.connect("alice")
    with audit_shop.held_up_worker():
        for text in ("SELECT total AS too_early FROM sales.orders",
                     "DO $$ BEGIN RAISE NOTICE 'leaked %', (SELECT max(total) FROM sales.orders); END $$",
                     "EXPLAIN ANALYZE SELECT total FROM sales.orders",
                     "SELECT 1"):
            with pytest.raises(NOT_RECORDED) as refusal:
                alice.execute(text)
            assert "jit_access audit" in refusal.value.diag.message_hint
        assert alice.notices == []
    assert one(alice, "SELECT count(total) FROM sales.orders") == 1000
    # What was refused is told as well.
    assert statement(audit_shop, "too_early")["sqlstate"] == "55000"
    assert_intact(audit_shop)


def test_held_up_worker_keeps_nobody_else_waiting(audit_shop):
    with audit_shop.held_up_worker():
        with audit_shop.connect("app") as app:
            assert one(app, "SELECT count(*) FROM sales.orders") == 1000


def test_write_is_not_done_when_it_cannot_be_recorded(audit_shop):
    audit_shop.grant("alice", "SELECT, UPDATE ON sales.orders")
    alice = audit_shop.connect("alice")
    with audit_shop.held_up_worker():
        with pytest.raises(NOT_RECORDED):
            alice.execute("UPDATE sales.orders SET total = -1")
    assert audit_shop.value("postgres", "SELECT count(*) FROM sales.orders WHERE total = -1") == 0


def test_trapping_the_refusal_gains_nothing(audit_shop):
    audit_shop.grant("alice", "SELECT ON sales.orders")
    alice = audit_shop.connect("alice")
    alice.execute("SELECT 1")
    pid = audit_shop.awake_worker()
    # The outer statement is recorded; then the worker stops before the inner one.
    running = Background(lambda: alice.execute(
        "DO $$ BEGIN PERFORM pg_sleep(1); BEGIN PERFORM total FROM sales.orders; RAISE NOTICE 'leaked';"
        " EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'trapped %', SQLSTATE; END; END $$"))
    wait_until(lambda: records(audit_shop, "statement ~ '^SELECT pg_sleep'"))
    os.kill(pid, signal.SIGSTOP)
    try:
        running.result()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert alice.notices == ["trapped 55000"]


def test_failure_mode_log_writes_to_the_servers_log_instead(audit_shop):
    audit_shop.grant("alice", "SELECT ON sales.orders")
    alice = audit_shop.connect("alice")
    audit_shop.dba("ALTER SYSTEM SET jit_access.audit_failure = 'log'")
    audit_shop.server.reload()
    try:
        with audit_shop.held_up_worker():
            wait_until(lambda: audit_shop.value("postgres", "SHOW jit_access.audit_failure") == "log")
            # Recorded in time or not, it runs, and with a full buffer its record goes to the server's log.
            assert one(alice, "SELECT count(total) AS goes_on FROM sales.orders") == 1000
    finally:
        audit_shop.dba("ALTER SYSTEM RESET jit_access.audit_failure")
        audit_shop.server.reload()
    assert statement(audit_shop, "goes_on")["rows"] == 1
    assert "jit_access: the audit log cannot be written" in audit_shop.server.log()


def test_changed_settings_are_records(audit_shop):
    audit_shop.awake_worker()
    audit_shop.dba("ALTER SYSTEM SET jit_access.audit = 'off'")
    audit_shop.server.reload()
    try:
        change = event(audit_shop, "setting_changed", "detail ? 'jit_access.audit'")["detail"]
        assert change["jit_access.audit"] == {"before": "sync", "after": "off"}
        with audit_shop.connect("alice") as alice:
            wait_until(lambda: one(alice, "SHOW jit_access.audit") == "off")
            alice.execute("SELECT 1 AS unseen")
    finally:
        audit_shop.dba("ALTER SYSTEM RESET jit_access.audit")
        audit_shop.server.reload()
    wait_until(lambda: records(audit_shop, "kind = 'setting_changed' AND detail #>> '{jit_access.audit,after}' = 'sync'"))
    assert not records(audit_shop, "statement ~ 'unseen'")


def test_no_session_relaxes_the_settings(audit_shop):
    with audit_shop.connect("alice") as alice:
        for setting in ("jit_access.audit = off", "jit_access.audit_failure = log", "jit_access.audit_timeout = '1h'",
                        "jit_access.audit_statement_size = 256", "jit_access.audit_unmasked = off"):
            with pytest.raises(errors.CantChangeRuntimeParam):
                alice.execute(f"SET {setting}")
            with pytest.raises(psycopg.Error):
                alice.execute(f"ALTER ROLE alice SET {setting}")


def test_flood_of_sessions_loses_nothing(audit_shop):
    # Long texts, so that the buffer is full more often than not.
    filler = "x" * 8000

    def work(number):
        with audit_shop.connect("alice") as connection:
            for i in range(12):
                connection.execute(f"SELECT {number * 1000 + i} AS flood, '{filler}'")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statements(audit_shop, "AS flood")) == 32 * 12
    assert_intact(audit_shop)


def test_full_buffer_makes_writers_wait_and_drops_nothing(audit_shop):
    audit_shop.dba("ALTER SYSTEM SET jit_access.audit = 'async'")
    audit_shop.dba("ALTER SYSTEM SET jit_access.audit_timeout = '30s'")
    audit_shop.server.reload()
    filler = "y" * 8000
    try:
        with audit_shop.connect("alice") as alice:
            wait_until(lambda: one(alice, "SHOW jit_access.audit") == "async")
            pid = audit_shop.awake_worker()
            os.kill(pid, signal.SIGSTOP)
            try:
                done = []

                def fill():
                    for i in range(400):  # of 8 kB each: more than the buffer holds
                        alice.execute(f"SELECT {i} AS filling, '{filler}'")
                        done.append(i)

                filling = Background(fill)
                wait_until(lambda: len(done) > 50)
                time.sleep(1)
                assert len(done) < 400  # it waits
            finally:
                os.kill(pid, signal.SIGCONT)
            filling.result()
    finally:
        for setting in ("audit", "audit_timeout"):
            audit_shop.dba(f"ALTER SYSTEM RESET jit_access.{setting}")
        audit_shop.server.reload()
    # They follow within a moment.
    wait_until(lambda: len(statements(audit_shop, "AS filling")) >= 400)
    assert len(statements(audit_shop, "AS filling")) == 400
    assert_intact(audit_shop)


def test_cursors_of_one_session_leave_room_for_others(audit_shop):
    audit_shop.grant("alice", "SELECT ON sales.orders")
    alice, bob = audit_shop.connect("alice"), audit_shop.connect("bob")
    alice.execute("BEGIN")
    with pytest.raises(NOT_RECORDED) as refusal:
        for i in range(5000):
            alice.execute(f"DECLARE c{i} CURSOR FOR SELECT total AS hoarded FROM sales.orders")
    assert "too many statements open" in refusal.value.diag.message_primary and i > 500
    assert one(bob, "SELECT 1 AS still_room") == 1
    alice.execute("ROLLBACK")
    # What was promised is given back.
    for _ in range(2):
        alice.execute("BEGIN")
        for j in range(500):
            alice.execute(f"DECLARE c{j} CURSOR FOR SELECT total FROM sales.orders")
        alice.execute("ROLLBACK")
    assert_intact(audit_shop)


def test_cursors_of_many_sessions_leave_room_for_others(audit_shop):
    hoarders = [audit_shop.connect("alice") for _ in range(75)]
    hoard = """DO $$ DECLARE c refcursor; BEGIN
                 FOR i IN 1..30 LOOP c := NULL; OPEN c FOR SELECT i; END LOOP; END $$"""
    crowded = 0
    for hoarder in hoarders:
        hoarder.execute("BEGIN")
        try:
            hoarder.execute(hoard)
        except NOT_RECORDED:
            hoarder.execute("ROLLBACK; BEGIN")
            for i in range(4):
                hoarder.execute(f"DECLARE c{i} CURSOR FOR SELECT 1")
            crowded += 1
    assert crowded > 20
    with audit_shop.connect("bob") as bob:
        bob.execute("DO $$ BEGIN EXECUTE 'DO $x$ BEGIN PERFORM 1 AS still_room; END $x$'; END $$")
    for hoarder in hoarders:
        hoarder.close()


def test_full_disk_refuses_what_cannot_be_recorded(audit_shop, tmp_path_factory):
    small = f"/tmp/jit_small.{os.getpid()}"
    os.makedirs(small, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", small], capture_output=True)
    if mounted.returncode != 0:
        os.rmdir(small)
        pytest.skip("a small file system cannot be mounted here")
    try:
        audit_shop.grant("alice", "SELECT ON sales.orders")
        alice = audit_shop.connect("alice")
        alice.execute("SELECT 1")
        place = f"{small}/space"
        os.makedirs(place)
        if os.getuid() == 0:
            subprocess.run(["chown", "postgres:", place], check=True)
        name = f"small_{os.getpid()}"
        with audit_shop.connect("postgres") as dba:
            dba.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'")
            partition = one(dba, "SELECT partition FROM jit.audit_partitions WHERE from_at <= now() AND to_at > now()")
            dba.execute(f"ALTER TABLE jit.{partition} SET TABLESPACE {name}")
            with open(f"{small}/filler", "wb", buffering=0) as filler:
                try:
                    while True:
                        filler.write(b"x" * 4096)
                except OSError:
                    filler.truncate(filler.tell() - 64 * 1024)  # some still fit

            def run_out():
                for _ in range(200):
                    alice.execute("SELECT total AS on_full_disk, %s FROM sales.orders LIMIT 1", ["z" * 900])

            with pytest.raises(NOT_RECORDED) as refusal:
                run_out()
            assert "No space left on device" in refusal.value.diag.message_primary
            os.unlink(f"{small}/filler")
            wait_until(lambda: _works(alice))
            assert_intact(audit_shop)
            # All that gave a row is there.
            gave = [row for row in statements(audit_shop, "on_full_disk") if row["outcome"] == "succeeded"]
            assert len(gave) >= 1 and all(row["rows"] == 1 for row in gave)
        audit_shop.close()
        with psycopg.connect(host=audit_shop.server.host, port=audit_shop.server.port, user="postgres", dbname="postgres",
                             autocommit=True) as dba:
            dba.execute(f"DROP DATABASE {audit_shop.database} WITH (FORCE)")
            dba.execute(f"DROP TABLESPACE {name}")
    finally:
        subprocess.run(["umount", "-l", small], check=True)
        os.rmdir(small)


def _works(connection):
    try:
        connection.execute("SELECT 1")
        return True
    except NOT_RECORDED:
        return False


# Killed

def test_killed_worker_comes_back_and_the_log_goes_on(audit_shop):
    audit_shop.grant("alice", "SELECT ON sales.orders")
    audit_shop.run("alice", "SELECT count(*) AS before_it FROM sales.orders")
    bystander = audit_shop.connect("alice").info.backend_pid
    os.kill(audit_shop.awake_worker(), signal.SIGKILL)  # takes all sessions along, as any killed backend does
    wait_until(lambda: not _exists(bystander))
    back_up(audit_shop)
    audit_shop.run("alice", "SELECT count(*) AS after_it FROM sales.orders")
    assert statement(audit_shop, "before_it")["outcome"] in ("succeeded", "unknown")
    assert statement(audit_shop, "after_it")["outcome"] == "succeeded"
    assert_intact(audit_shop)


def test_terminated_worker_comes_back(audit_shop):
    audit_shop.grant("alice", "SELECT ON sales.orders")
    alice = audit_shop.connect("alice")
    for _ in range(3):
        audit_shop.dba("SELECT pg_terminate_backend(%s)", [audit_shop.awake_worker()])
        assert one(alice, "SELECT count(total) FROM sales.orders") == 1000
    assert_intact(audit_shop)


@pytest.mark.parametrize("victim", ["backend", "worker", "postmaster"])
def test_kill_9_between_execution_and_result_leaves_the_begin(audit_shop, victim):
    request = audit_shop.grant("alice", "SELECT ON sales.orders")
    alice = audit_shop.connect("alice")
    worker = audit_shop.awake_worker()
    running = Background(lambda: alice.execute("SELECT total, pg_sleep(0.5) AS killed FROM sales.orders"))
    wait_until(lambda: records(audit_shop, "statement ~ 'killed'"))
    os.kill({"backend": alice.info.backend_pid, "worker": worker, "postmaster": audit_shop.server.pid()}[victim],
            signal.SIGKILL)
    with pytest.raises(psycopg.OperationalError):
        running.result()
    # Only then has the server noticed; before, it would still let somebody in.
    wait_until(lambda: not any(_exists(pid) for pid in (worker, alice.info.backend_pid)))
    if victim == "postmaster":
        audit_shop.server.start_after_kill()
    back_up(audit_shop)
    row = statement(audit_shop, "killed")
    assert (row["outcome"], row["request_ids"], row["relations"]) == ("unknown", [request], ["sales.orders"])
    audit_shop.run("alice", "SELECT 1 AS goes_on")
    assert statement(audit_shop, "goes_on")["outcome"] == "succeeded"
    assert_intact(audit_shop)


def _exists(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_smart_and_fast_shutdown_lose_nothing(audit_shop):
    audit_shop.grant("alice", "SELECT ON sales.orders")
    alice = audit_shop.connect("alice")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT total AS at_shutdown FROM sales.orders")
    alice.execute("FETCH 4 FROM c")
    audit_shop.server.restart()
    found = [row for row in statements(audit_shop, "at_shutdown") if row["request_ids"]]
    assert [(row["rows"], row["sqlstate"]) for row in found] == [(4, "57P01")]
    assert_intact(audit_shop)
