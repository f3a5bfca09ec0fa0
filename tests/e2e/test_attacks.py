"""Ways round the rules that were once found, and stay closed."""

import re

import pytest
from psycopg import errors

from support.people import Background, one, refused, wait_until


def test_deep_nesting_hides_no_expiry(shop, alice):
    """A statement far inside others, under a grant of its own, ends when that one does."""
    shop.grant("alice", "SELECT ON sales.orders")
    short = shop.grant("alice", "SELECT ON sales.items", "3 seconds")
    alice.execute("""CREATE FUNCTION pg_temp.deep(levels int) RETURNS int LANGUAGE plpgsql AS $$
        DECLARE result int; BEGIN
          IF levels = 0 THEN PERFORM count(*), pg_sleep(60) FROM sales.items; RETURN 0; END IF;
          SELECT pg_temp.deep(levels - 1) INTO result FROM sales.orders WHERE order_id = 1;
          RETURN result; END $$""")
    with pytest.raises(errors.QueryCanceled) as caught:
        alice.execute("SELECT pg_temp.deep(40)")
    assert f"request {short}" in str(caught.value)


def test_more_requests_than_can_be_watched_are_refused(shop, alice):
    tables = [f"sales.many_{n}" for n in range(33)]
    for table in tables:
        shop.dba(f"CREATE TABLE {table} (n int)")
        shop.approve(shop.ask("alice", f"SELECT ON {table}"))
    shop.push()
    assert alice.execute(f"SELECT * FROM {', '.join(tables[:32])}").fetchall() == []
    with pytest.raises(errors.StatementTooComplex):
        alice.execute(f"SELECT * FROM {', '.join(tables)}")


@pytest.mark.parametrize("how", ["expiry", "revocation"])
def test_commit_that_waits_for_a_lock_is_ended(shop, how):
    """After the last check a commit can still wait, for hours if somebody arranges it."""
    shop.dba("CREATE TABLE mallory.parent (n int); ALTER TABLE mallory.parent OWNER TO alice")
    shop.dba("GRANT ALL ON SCHEMA mallory TO alice")
    request = shop.grant("alice", "INSERT ON sales.journal",
                         "4 seconds" if how == "expiry" else "1 hour")
    writer, blocker = shop.connect("alice"), shop.connect("alice")
    writer.execute("CREATE TEMP TABLE child () INHERITS (mallory.parent) ON COMMIT DELETE ROWS")
    blocker.execute("BEGIN; LOCK TABLE mallory.parent IN ACCESS SHARE MODE")
    writer.execute("BEGIN")
    writer.execute("INSERT INTO sales.journal (what) VALUES ('too late')")
    writer.execute("INSERT INTO child VALUES (1)")
    commit = Background(lambda: writer.execute("COMMIT"))
    pid = writer.info.backend_pid
    wait_until(lambda: shop.dba("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", [pid]),
               what="the commit waiting")
    if how == "revocation":
        shop.revoke(request)
    with pytest.raises(errors.QueryCanceled):
        commit.result()
    blocker.execute("ROLLBACK")
    assert shop.dba("SELECT 1 FROM sales.journal WHERE what = 'too late'") == []


def test_requesters_open_transaction_does_not_hold_up_the_daemon(shop):
    first = shop.grant("alice", "SELECT ON sales.orders")
    holder = shop.connect("alice")
    extension = one(holder, "SELECT jit_extend(%s, '10 minutes', 'INC-1: more')", [first])
    holder.execute("BEGIN")
    holder.execute("SELECT jit_cancel(%s)", [extension])
    other = shop.ask("bob", "SELECT ON sales.items")
    shop.approve(other)
    shop.dba("REVOKE jit_requester FROM alice")
    try:
        with shop.connect("jit_daemon") as daemon:
            daemon.execute("SET statement_timeout = '20s'")
            daemon.execute("SELECT * FROM jit.run_due()")
        assert shop.status(other) == "active"
        assert shop.status(first) == "revoked"
        holder.execute("ROLLBACK")
        shop.push()
        assert shop.status(extension) == "cancelled"
    finally:
        shop.dba("GRANT jit_requester TO alice")


def test_requesters_open_transaction_does_not_hold_up_a_revocation(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    holder = shop.connect("alice")
    holder.execute("BEGIN")
    holder.execute("SELECT jit_revoke(%s)", [request])
    with shop.connect("carol") as carol:
        carol.execute("SET statement_timeout = '20s'")
        carol.execute("SELECT jit_revoke(%s, 'now')", [request])
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_open_drop_of_another_table_does_not_hold_up_a_revocation(shop, alice):
    shop.dba("CREATE TABLE mallory.mine (n int); ALTER TABLE mallory.mine OWNER TO mallory")
    request = shop.grant("alice", "SELECT ON sales.orders, mallory.mine")
    mallory = shop.connect("mallory")
    mallory.execute("BEGIN")
    mallory.execute("DROP TABLE mallory.mine")
    with shop.connect("carol") as carol:
        carol.execute("SET statement_timeout = '30s'")
        carol.execute("SELECT jit_revoke(%s, 'now')", [request])
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_dropping_the_extension_ends_open_cursors(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT * FROM sales.orders")
    alice.execute("FETCH 1 FROM c")
    shop.dba("DROP EXTENSION jit_access CASCADE")
    with pytest.raises(errors.QueryCanceled):
        alice.execute("FETCH 1 FROM c")


def test_copied_database_grants_nothing(shop, server):
    shop.grant("alice", "SELECT ON sales.orders")
    shop.close()
    copy = shop.database + "_copy"
    server.psql(f"CREATE DATABASE {copy} TEMPLATE {shop.database}")
    try:
        out = server.psql("SELECT count(*) FROM sales.orders", "alice", copy, check=False)
        assert "permission denied for table orders" in out
    finally:
        server.psql(f"DROP DATABASE {copy}")


def test_default_explain_tells_no_values(shop, alice):
    """Estimates do not depend on what the columns hold; with a grant they may."""
    shop.dba("CREATE TABLE sales.vips AS SELECT CASE WHEN n % 3 = 0 THEN 'secret' ELSE n::text END"
             " AS name, n * 13 AS pay FROM generate_series(1, 3000) n")
    shop.dba("CREATE INDEX ON sales.vips (upper(name))")
    shop.dba("CREATE STATISTICS sales.vips_stats ON name, pay FROM sales.vips")
    shop.dba("CREATE VIEW sales.vip_view AS SELECT * FROM sales.vips")
    shop.dba("ANALYZE sales.vips")

    def rows(where, relation="sales.vips"):
        plan = one(alice, f"EXPLAIN SELECT FROM {relation} WHERE {where}")
        return int(re.search(r"rows=(\d+)", plan)[1])

    for relation in ("sales.vips", "sales.vip_view"):
        assert rows("name = 'secret'", relation) == rows("name = 'nobody'", relation)
        assert rows("pay < 10", relation) == rows("pay < 39000", relation)
        assert rows("upper(name) = 'SECRET'", relation) == rows("upper(name) = 'X'", relation)
    # Not through a plan that an earlier, refused execution left in the cache, either.
    alice.execute("SET plan_cache_mode = force_generic_plan")
    alice.execute("PREPARE hit AS SELECT FROM sales.vips WHERE name = 'secret'")
    alice.execute("PREPARE miss AS SELECT FROM sales.vips WHERE name = 'nobody'")
    for name in ("hit", "miss"):
        refused(alice, f"EXECUTE {name}")
    assert one(alice, "EXPLAIN EXECUTE hit").split("rows=")[1] == \
        one(alice, "EXPLAIN EXECUTE miss").split("rows=")[1]
    shop.grant("alice", "SELECT (name) ON sales.vips")
    assert rows("name = 'secret'") > 10 * rows("name = 'nobody'")


def test_many_executions_take_no_memory(shop, alice):
    """What deciding on a statement takes is given back at its end, not at the transaction's."""
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE FUNCTION pg_temp.total(int) RETURNS numeric LANGUAGE sql VOLATILE AS"
                  " 'SELECT total FROM sales.orders WHERE order_id = $1'")

    def peak():
        with open(f"/proc/{alice.info.backend_pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1])

    alice.execute("SELECT sum(pg_temp.total(1 + n % 900)) FROM generate_series(1, 1000) n")
    before = peak()
    alice.execute("SELECT sum(pg_temp.total(1 + n % 900)) FROM generate_series(1, 100000) n")
    assert peak() - before < 16 * 1024


def test_lost_membership_ends_what_runs_and_open_cursors(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    with_cursor = shop.connect("alice")
    with_cursor.execute("BEGIN")
    with_cursor.execute("DECLARE c CURSOR FOR SELECT * FROM sales.orders")
    with_cursor.execute("FETCH 1 FROM c")
    running = Background(lambda: alice.execute("SELECT pg_sleep(50) FROM sales.orders"))
    shop.wait_for_statement(alice)
    shop.dba("REVOKE jit_requester FROM alice")
    try:
        with pytest.raises(errors.QueryCanceled):
            running.result()
        with pytest.raises(errors.QueryCanceled):
            with_cursor.execute("FETCH 1 FROM c")
    finally:
        shop.dba("GRANT jit_requester TO alice")


def test_cursor_over_a_function_that_returned_rows_yields_no_more(shop, alice):
    """The function has stored its rows; the cursor's own statement needs no grant."""
    request = shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("CREATE FUNCTION pg_temp.rows() RETURNS SETOF sales.orders LANGUAGE plpgsql AS"
                  " $$ BEGIN RETURN QUERY SELECT * FROM sales.orders; END $$")
    alice.execute("BEGIN")
    alice.execute("DECLARE c CURSOR FOR SELECT * FROM pg_temp.rows()")
    alice.execute("FETCH 1 FROM c")
    # Another grant of the same person changes nothing.
    shop.grant("alice", "SELECT ON sales.items")
    assert alice.execute("FETCH 1 FROM c").fetchone() is not None
    shop.revoke(request)
    with pytest.raises(errors.QueryCanceled):
        alice.execute("FETCH ALL FROM c")


def test_requests_cannot_be_piled_up(shop, alice):
    """Each waits for a person or for the daemon, and so does everybody else's."""
    ask = "SELECT count(jit_request('SELECT ON sales.orders', '1 hour', 'INC-1')) FROM generate_series(1, %s)"
    assert one(alice, ask, [1000]) == 1000
    with pytest.raises(errors.ConfigurationLimitExceeded):
        alice.execute(ask, [1])
    shop.ask("bob", "SELECT ON sales.orders")


def test_reason_cannot_be_invisible(shop, alice):
    assert one(alice, "SHOW server_encoding") == "UTF8"
    for reason in ("\u200b\u200b\u200b", "INC-1 \u202eevil", "\ufeff", "\u3164"):
        with pytest.raises(errors.InvalidParameterValue):
            shop.ask("alice", "SELECT ON sales.orders", reason=reason)


def test_default_explain_asks_no_foreign_server(shop, alice):
    """With use_remote_estimate the other server's statistics would answer."""
    shop.dba("CREATE EXTENSION postgres_fdw")
    shop.dba("CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw"
             " OPTIONS (host '/nonexistent', use_remote_estimate 'true')")
    shop.dba("CREATE USER MAPPING FOR PUBLIC SERVER elsewhere")
    shop.dba("CREATE FOREIGN TABLE sales.remote (n int) SERVER elsewhere")
    shop.dba("CREATE VIEW sales.remote_view AS SELECT * FROM sales.remote")
    shop.dba("CREATE TABLE sales.mixed (n int)")
    shop.dba("CREATE FOREIGN TABLE sales.mixed_remote () INHERITS (sales.mixed) SERVER elsewhere")
    for relation in ("remote", "remote_view", "mixed"):
        refused(alice, f"EXPLAIN SELECT * FROM sales.{relation} WHERE n = 1")


def test_restore_keeps_policies_though_a_role_is_gone(shop):
    shop.dba("CREATE ROLE leaving")
    try:
        shop.dba("INSERT INTO jit.policies (name, priority, requester, verdict)"
                 " VALUES ('no secrets', 1, 'leaving', 'deny'), ('all', 2, NULL, 'allow')")
    finally:
        shop.dba("DROP ROLE leaving")
    with shop.connect("postgres") as dba:
        with dba.cursor().copy("COPY jit.policies TO STDOUT") as copy:
            rows = b"".join(copy)
        dba.execute("DELETE FROM jit.policies")
        with dba.cursor().copy("COPY jit.policies FROM STDIN") as copy:
            copy.write(rows)
        assert any("leaving" in notice for notice in dba.notices)
        assert one(dba, "SELECT count(*) FROM jit.policies") == 2
    with pytest.raises(errors.UndefinedObject):
        shop.dba("INSERT INTO jit.policies (name, requester) VALUES ('typo', 'leaving')")
