"""Whoever would rather not be in the audit log: crashes, full disks, floods, and powerful hands."""

import os
import signal
import subprocess
import threading
import time

import psycopg
import pytest
from psycopg import errors

from support.audit import assert_intact, event, records, statement, statements, verify
from support.people import Background, one, refused, wait_until

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
    os.kill(audit_shop.awake_worker(), signal.SIGKILL)  # takes all sessions along, as any killed backend does
    time.sleep(0.2)
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
    if victim == "postmaster":
        wait_until(lambda: not any(_exists(pid) for pid in (worker, alice.info.backend_pid)))
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


# Changed by somebody with enough power

def test_nobody_writes_the_log(audit_shop):
    audit_shop.run("alice", "SELECT 1 AS kept")
    statements(audit_shop, "kept")
    partition = audit_shop.value("postgres", "SELECT 'jit.' || partition FROM jit.audit_partitions LIMIT 1")
    for table in ("jit.audit_log", partition):
        for text in (f"DELETE FROM {table}", f"UPDATE {table} SET statement = 'x'", f"TRUNCATE {table}",
                     f"INSERT INTO {table} SELECT * FROM jit.audit_log LIMIT 1"):
            with pytest.raises(errors.InsufficientPrivilege):
                audit_shop.dba(text)
            with pytest.raises(errors.InsufficientPrivilege):
                audit_shop.dba(f"SET session_replication_role = replica; {text}")
            for role in ("erin", "jit_daemon", "carol", "alice", "app"):
                with audit_shop.connect(role) as connection:
                    refused(connection, text)
    with pytest.raises(errors.InsufficientPrivilege):
        audit_shop.run("erin", "SELECT jit.audit_event('requested', 1, NULL)")
    assert_intact(audit_shop)


TAMPERING = {
    "altered": "UPDATE {p} SET statement = 'SELECT 1' WHERE seq = {seq}",
    "person changed": "UPDATE {p} SET session_user_name = 'bob' WHERE seq = {seq}",
    "time changed": "UPDATE {p} SET at = at - interval '1 second' WHERE seq = {seq}",
    "array changed": "UPDATE {p} SET relations = '{{}}' WHERE seq = {seq}",
    "nulled": "UPDATE {p} SET client_addr = NULL, parameters = ARRAY[NULL]::text[] WHERE seq = {seq}",
    "hash of its own": "UPDATE {p} SET statement = 'SELECT 1', hash = sha256('x') WHERE seq = {seq}",
    "removed": "DELETE FROM {p} WHERE seq = {seq}",
    "removed and closed up": "DELETE FROM {p} WHERE seq = {seq}; UPDATE {p} SET seq = seq - 1 WHERE seq > {seq}",
    "doubled": "CREATE TEMP TABLE t AS SELECT * FROM {p} WHERE seq = {seq}; UPDATE t SET at = at + interval '1 us';"
               " INSERT INTO {p} SELECT * FROM t",
    "re-inserted changed": "CREATE TEMP TABLE t AS SELECT * FROM {p} WHERE seq = {seq}; DELETE FROM {p} WHERE seq = {seq};"
                           " UPDATE t SET statement = 'SELECT 1'; INSERT INTO {p} SELECT * FROM t",
}


@pytest.mark.parametrize("tampering", TAMPERING)
def test_what_a_superuser_changes_shows(audit_shop, tampering):
    audit_shop.run("alice", "SELECT 1 AS first_of_three")
    audit_shop.run("alice", "SELECT 2 AS second_of_three", None)
    audit_shop.run("alice", "SELECT 3 AS last_of_three")
    statements(audit_shop, "last_of_three")
    assert_intact(audit_shop)
    victim = records(audit_shop, "kind = 'statement_begun' AND statement ~ 'second_of_three'")[0]
    partition = audit_shop.value("postgres", "SELECT 'jit.' || partition FROM jit.audit_partitions LIMIT 1")
    audit_shop.dba(f"ALTER TABLE {partition} DISABLE TRIGGER refuse_change")
    audit_shop.server.psql(TAMPERING[tampering].format(p=partition, seq=victim["seq"]), database=audit_shop.database)
    checked, first_bad = verify(audit_shop)
    expected = victim["seq"] if tampering != "doubled" else victim["seq"] + 1
    assert first_bad in (expected, victim["seq"]) and checked <= victim["seq"]


def test_rows_removed_from_the_end_show(audit_shop):
    audit_shop.run("alice", "SELECT 1 AS at_the_end")
    statements(audit_shop, "at_the_end")
    last = records(audit_shop)[-1]["seq"]
    partition = audit_shop.value("postgres", "SELECT 'jit.' || partition FROM jit.audit_partitions LIMIT 1")
    audit_shop.dba(f"ALTER TABLE {partition} DISABLE TRIGGER refuse_change")
    audit_shop.dba(f"DELETE FROM {partition} WHERE seq = {last}")
    assert verify(audit_shop)[1] == last
    # The log goes on behind the gap, which stays.
    audit_shop.run("alice", "SELECT 1 AS behind_the_gap")
    statements(audit_shop, "behind_the_gap")
    assert verify(audit_shop)[1] == last
    audit_shop.dba(f"DELETE FROM {partition}")
    assert verify(audit_shop)[1] == 1


def test_beginning_cut_off_by_hand_shows(audit_shop):
    audit_shop.run("alice", "SELECT 1 AS not_cut")
    statements(audit_shop, "not_cut")
    first = records(audit_shop, "statement ~ 'not_cut'")[0]["seq"]
    partition = audit_shop.value("postgres", "SELECT 'jit.' || partition FROM jit.audit_partitions LIMIT 1")
    audit_shop.dba(f"ALTER TABLE {partition} DISABLE TRIGGER refuse_change")
    audit_shop.dba(f"DELETE FROM {partition} WHERE seq < {first}")
    audit_shop.dba("INSERT INTO jit.audit_partitions SELECT 'cut', '2000-01-01', '2000-02-01', now(), 1, NULL, seq - 1, prev_hash"
                   f" FROM jit.audit_log WHERE seq = {first}")
    assert verify(audit_shop)[1] == first - 1
    audit_shop.dba(f"DELETE FROM {partition}")
    audit_shop.dba("UPDATE jit.audit_partitions p SET last_seq = s.last_seq, last_hash = s.last_hash FROM jit.audit_state s"
                   " WHERE p.partition = 'cut'")
    assert verify(audit_shop)[1] is not None


@pytest.mark.parametrize("change", [
    "ALTER TABLE jit.audit_log ADD COLUMN extra text DEFAULT repeat('x', 1000)",
    "ALTER TABLE jit.audit_log RENAME COLUMN session_user_name TO x;"
    " ALTER TABLE jit.audit_log RENAME COLUMN current_user_name TO session_user_name;"
    " ALTER TABLE jit.audit_log RENAME COLUMN x TO current_user_name",
])
def test_columns_that_say_something_else_show(audit_shop, change):
    audit_shop.run("alice", "SELECT 1 AS hers")
    statements(audit_shop, "hers")
    audit_shop.dba(change)
    with pytest.raises(errors.WrongObjectType):
        verify(audit_shop)


def test_verifying_runs_nobodys_view(audit_shop):
    audit_shop.dba("CREATE VIEW looks_like_it AS SELECT * FROM jit.audit_log")
    with pytest.raises(errors.WrongObjectType):
        audit_shop.dba("SELECT * FROM jit_audit_verify('looks_like_it')")


# Partitions

def old_partition(shop, days):
    """What the worker would have made in the past."""
    return shop.dba("SELECT oid::regclass::text, from_at, to_at FROM jit.audit_partition_of(now() - make_interval(days => %s))",
                    [days])[0]


def test_detached_partition_leaves_a_verifiable_chain(audit_shop):
    for i in range(3):
        audit_shop.run("alice", f"SELECT {i} AS archived")
    statements(audit_shop, "archived")
    # As if the partition's time ended here.
    audit_shop.dba("SELECT pg_terminate_backend(%s)", [audit_shop.worker()])
    with audit_shop.connect("postgres") as dba:
        name = one(dba, "SELECT partition FROM jit.audit_partitions")
        bound = one(dba, "SELECT max(at) + interval '1 us' FROM jit.audit_log")
        dba.execute(f"ALTER TABLE jit.audit_log DETACH PARTITION jit.{name}")
        dba.execute(f"ALTER TABLE jit.audit_log ATTACH PARTITION jit.{name} FOR VALUES FROM ('2000-01-01') TO ('{bound}')")
        dba.execute("UPDATE jit.audit_partitions SET from_at = '2000-01-01', to_at = %s", [bound])
    audit_shop.run("alice", "SELECT 1 AS in_the_next_one")
    statements(audit_shop, "in_the_next_one")
    assert_intact(audit_shop)
    with audit_shop.connect("postgres") as dba:
        dba.execute("UPDATE jit.audit_partitions SET to_at = to_at - interval '2 hours' WHERE from_at = '2000-01-01'")
        cut = dba.execute("SELECT * FROM jit.audit_detach(now() - interval '1 hour')").fetchall()
    assert [row[0] for row in cut] == [name] and cut[0][1] == 1
    assert event(audit_shop, "audit_detached")["detail"]["last_seq"] == cut[0][2]
    assert_intact(audit_shop)
    checked, first_bad = audit_shop.dba(f"SELECT * FROM jit_audit_verify('jit.{name}')")[0]
    assert (checked, first_bad) == (cut[0][2], None)
    # It is a table like others now, and what is changed in it shows.
    audit_shop.dba(f"UPDATE jit.{name} SET statement = 'SELECT 1' WHERE seq = 3")
    assert audit_shop.dba(f"SELECT first_bad FROM jit_audit_verify('jit.{name}')") == [(3,)]
    audit_shop.dba(f"DELETE FROM jit.{name} WHERE seq = {cut[0][2]}; UPDATE jit.{name} SET statement = 'x' WHERE seq = 3")
    assert audit_shop.dba(f"SELECT first_bad FROM jit_audit_verify('jit.{name}')") == [(3,)]
    # So do rows that are missing from its beginning.
    audit_shop.dba(f"DELETE FROM jit.{name} WHERE seq < 4")
    assert audit_shop.dba(f"SELECT first_bad FROM jit_audit_verify('jit.{name}')") == [(1,)]
    audit_shop.dba(f"DROP TABLE jit.{name}")
    assert_intact(audit_shop)


def test_worker_makes_its_partitions_and_drops_leave_with_the_extension(audit_shop):
    audit_shop.run("alice", "SELECT 1")
    wait_until(lambda: audit_shop.dba("SELECT 1 FROM jit.audit_partitions"))
    assert old_partition(audit_shop, 400)[1] < old_partition(audit_shop, 0)[1]
    audit_shop.dba("DROP EXTENSION jit_access CASCADE")
    assert audit_shop.value("postgres", "SELECT count(*) FROM pg_class WHERE relname ~ '^audit_log'") == 0
    audit_shop.run("alice", "SELECT 1")  # nobody governs her here any more
    audit_shop.dba("CREATE EXTENSION jit_access")
    audit_shop.run("alice", "SELECT 1 AS anew")
    assert statement(audit_shop, "anew")["seq"] <= 4
    assert_intact(audit_shop)


def test_database_can_be_dropped_and_copied_while_its_worker_runs(audit_shop):
    audit_shop.run("alice", "SELECT 1")
    audit_shop.worker()
    audit_shop.close()
    with psycopg.connect(host=audit_shop.server.host, port=audit_shop.server.port, user="postgres", dbname="postgres",
                         autocommit=True) as dba:
        dba.execute(f"CREATE DATABASE copied TEMPLATE {audit_shop.database}")
        dba.execute("ALTER DATABASE copied RENAME TO copied_2")
        dba.execute("DROP DATABASE copied_2")


def test_owner_of_the_database_does_not_choose_who_writes(audit_shop):
    audit_shop.dba("CREATE ROLE owner_of_it; ALTER DATABASE " + audit_shop.database + " OWNER TO owner_of_it")
    try:
        for setting in ("role", "session_authorization"):
            with audit_shop.connect("postgres") as owner:
                owner.execute("SET ROLE owner_of_it")
                owner.execute(f"ALTER DATABASE {audit_shop.database} SET {setting} = 'owner_of_it'")
            audit_shop.dba("RESET ROLE; SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE backend_type = 'jit_access audit' AND datname = current_database()")
            audit_shop.run("alice", f"SELECT 'by {setting}'")
            statement(audit_shop, f"by {setting}")
            audit_shop.dba(f"ALTER DATABASE {audit_shop.database} RESET {setting}")
    finally:
        audit_shop.dba("ALTER DATABASE " + audit_shop.database + " OWNER TO postgres; DROP ROLE owner_of_it")


def test_who_may_not_drop_or_copy_a_database_does_not_send_its_worker_away(audit_shop):
    with audit_shop.connect("alice") as alice:
        alice.execute("SELECT 1")
        pid = audit_shop.worker()
        for text in (f"DROP DATABASE {audit_shop.database}", f"CREATE DATABASE stolen TEMPLATE {audit_shop.database}",
                     f"ALTER DATABASE {audit_shop.database} RENAME TO stolen", f"ALTER DATABASE {audit_shop.database} SET TABLESPACE pg_default"):
            for _ in range(3):
                with pytest.raises(psycopg.Error):
                    alice.execute(text)
        assert audit_shop.worker() == pid


def test_old_snapshot_does_not_slow_the_log(audit_shop):
    with audit_shop.connect("postgres") as holder, audit_shop.connect("alice") as alice:
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT 1 FROM jit.audit_log")
        for _ in range(300):
            alice.execute("SELECT 1")
    assert_intact(audit_shop)
