"""The audit log in powerful hands: rows changed, removed, cut off; partitions; databases dropped."""

import psycopg
import pytest
from psycopg import errors

from support.audit import assert_intact, event, records, statement, statements, verify
from support.people import one, refused, wait_until


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
