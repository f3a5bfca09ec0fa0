"""A token opens a session that is its owner's for good, for what it is made for, and as long as it lasts."""

import time

import psycopg
import pytest
from psycopg import errors

from support import tokens
from support.people import Background, one, refused, usable, wait_until
from support.tokens import ALICE, gone, me, wrong

pytestmark = pytest.mark.usefixtures("gateway")


# Whose session it is.

def test_session_is_the_owners(shop):
    id, secret = tokens.create(shop, "alice", "read", "query")
    assert len(secret) == 47 and secret.startswith("jit_")
    session = tokens.connect(shop, secret)
    row = session.execute("SELECT * FROM jit.token_login()").fetchone()
    assert row[:4] == (id, "ci", "alice", ["read", "query"])
    assert me(session) == ALICE
    assert session.execute("SELECT id, name, scopes FROM jit.session_token()").fetchone() == (id, "ci", ["read", "query"])
    assert shop.value("postgres", "SELECT usename FROM pg_stat_activity WHERE pid = %s", [session.info.backend_pid]) == "alice"
    assert shop.value("postgres", "SELECT last_used_at IS NOT NULL FROM jit.visible_tokens WHERE id = %s", [id])
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(session, "SELECT count(*) FROM sales.orders") == 1000


@pytest.mark.parametrize("way", [
    "RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION DEFAULT", "DISCARD ALL", "RESET ALL", "RESET ROLE", "SET ROLE NONE",
    "SET SESSION AUTHORIZATION alice", "BEGIN; SET LOCAL SESSION AUTHORIZATION alice; ROLLBACK", "BEGIN; SELECT 1; ROLLBACK",
    "BEGIN; SAVEPOINT s; RESET SESSION AUTHORIZATION; ROLLBACK TO s; COMMIT",
    "DO $$ BEGIN RESET SESSION AUTHORIZATION; RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN NULL; END $$"])
def test_no_way_leads_back_to_the_gateway(session, way):
    session.execute(way)
    assert me(session) == ALICE
    assert session.execute("SELECT name FROM jit.session_token()").fetchone() == ("ci",)


@pytest.mark.parametrize("way", [
    "SET SESSION AUTHORIZATION gateway", "SET SESSION AUTHORIZATION 'gateway'", "SET LOCAL SESSION AUTHORIZATION gateway",
    "SELECT set_config('session_authorization', 'gateway', false)", "SET SESSION AUTHORIZATION bob",
    "SET SESSION AUTHORIZATION postgres", "SET ROLE gateway", "SET ROLE jit_gateway",
    "CREATE FUNCTION pg_temp.f() RETURNS name LANGUAGE sql SET session_authorization = 'gateway' AS 'SELECT session_user'"])
def test_nobody_else_can_be_set(session, way):
    refused(session, way)
    assert me(session) == ALICE


def test_errors_and_subtransactions_leave_the_session_the_owners(session):
    with pytest.raises(errors.DivisionByZero):
        session.execute("SELECT 1/0")
    assert me(session) == ALICE
    with session.transaction():
        with pytest.raises(errors.DivisionByZero), session.transaction():
            session.execute("SELECT 1/0")
        assert me(session) == ALICE


def test_parallel_workers_are_the_owners(shop, secret):
    shop.grant("alice", "SELECT ON sales.orders")
    session = tokens.log_in(shop, secret)
    for setting in ("force_parallel_mode = on", "parallel_setup_cost = 0", "parallel_tuple_cost = 0",
                    "min_parallel_table_scan_size = 0"):
        session.execute(f"SET {setting}")
    assert session.execute("SELECT count(*), min(session_user::text), max(current_user::text),"
                           " min(current_setting('session_authorization')) FROM sales.orders").fetchone() == (
        1000, "alice", "alice", "alice")


def test_settings_of_the_owner_apply_as_at_login(shop, secret):
    shop.dba("ALTER ROLE alice SET work_mem = '7MB'")
    shop.dba(f"ALTER ROLE alice IN DATABASE {shop.database} SET statement_timeout = '17s'")
    try:
        session = tokens.log_in(shop, secret)
        assert one(session, "SHOW work_mem") == "7MB"
        session.execute("SET work_mem = '9MB'; RESET work_mem")
        assert one(session, "SHOW work_mem") == "7MB"
        assert one(session, "SHOW statement_timeout") == "17s"
    finally:
        shop.dba("ALTER ROLE alice RESET ALL")


def test_the_owner_may_end_such_a_session_and_the_gateway_may_not(shop, secret):
    session = tokens.log_in(shop, secret)
    pid = session.info.backend_pid
    with shop.connect("gateway") as other:
        refused(other, "SELECT pg_terminate_backend(%s)", [pid])
    assert shop.value("alice", "SELECT pg_terminate_backend(%s)", [pid])
    wait_until(lambda: gone(session), what="the end")


# The end.

def test_session_ends_with_the_token(shop):
    secret = tokens.create(shop, "alice", "read", lifetime="2 seconds")[1]
    idle, busy, failed = (tokens.log_in(shop, secret) for _ in range(3))
    with pytest.raises(errors.DivisionByZero):
        failed.execute("SELECT 1/0")
    begun = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT pg_sleep(30)")
    assert 0.5 < time.monotonic() - begun < 4
    for connection in (idle, failed):
        pid = connection.info.backend_pid
        wait_until(lambda: not shop.dba("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]), timeout=3, what="the end")


def test_session_in_a_failed_transaction_ends_with_the_token(shop):
    secret = tokens.create(shop, "alice", "read", lifetime="2 seconds")[1]
    session = tokens.log_in(shop, secret)
    session.execute("BEGIN")
    for _ in range(2):
        with pytest.raises(psycopg.Error):
            session.execute("SELECT 1/0")
    pid = session.info.backend_pid
    wait_until(lambda: not shop.dba("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]), timeout=4, what="the end")


@pytest.mark.parametrize("who", ["alice", "carol", "postgres"])
def test_revoking_ends_sessions_at_once(shop, who):
    id, secret = tokens.create(shop, "alice", "read")
    other = tokens.log_in(shop, tokens.create(shop, "alice", "read")[1])
    idle, busy, open = (tokens.log_in(shop, secret) for _ in range(3))
    open.execute("BEGIN; SELECT 1")
    work = Background(lambda: busy.execute("SELECT pg_sleep(60)"))
    shop.wait_for_statement(busy)
    assert shop.value(who, "SELECT jit_token_revoke(%s)", [id]) == "revoked"
    with pytest.raises(psycopg.OperationalError):
        work.result(timeout=10)
    for connection in (idle, open):
        wait_until(lambda: gone(connection), timeout=5, what="the end")
    assert usable(other)


def test_revocation_taken_back_ends_nothing(shop):
    id, secret = tokens.create(shop, "alice", "read")
    session = tokens.log_in(shop, secret)
    with shop.connect("alice") as alice:
        alice.execute("BEGIN; SELECT jit_token_revoke(%s); ROLLBACK" % id)
        alice.execute("BEGIN; SAVEPOINT s; SELECT jit_token_revoke(%s); ROLLBACK TO s; COMMIT" % id)
    assert usable(session)


def test_deleting_changing_and_dropping_end_sessions(shop, secret):
    for statement in ("UPDATE jit.tokens SET scopes = '{read}'", "UPDATE jit.tokens SET revoked_at = now()", "DELETE FROM jit.tokens"):
        secret = tokens.create(shop, "alice", "read", "query")[1]
        session = tokens.log_in(shop, secret)
        shop.dba(f"SET session_replication_role = replica; {statement}")
        wait_until(lambda: gone(session), timeout=5, what=f"the end by {statement}")
    session = tokens.log_in(shop, tokens.create(shop, "alice", "read")[1])
    shop.dba("DROP EXTENSION jit_access CASCADE")
    wait_until(lambda: gone(session), timeout=5, what="the end by DROP EXTENSION")


@pytest.mark.parametrize("change, back", [
    ("ALTER ROLE grace NOLOGIN", "ALTER ROLE grace LOGIN"),
    ("ALTER ROLE grace RENAME TO gracie", "ALTER ROLE gracie RENAME TO grace"),
    ("ALTER ROLE grace SUPERUSER", "ALTER ROLE grace NOSUPERUSER"),
    ("DROP ROLE grace", "CREATE ROLE grace LOGIN IN ROLE jit_requester, jit_approver")])
def test_session_ends_when_its_owner_is_somebody_else(shop, change, back):
    secret = tokens.create(shop, "grace", "read")[1]
    session, in_transaction = tokens.log_in(shop, secret), tokens.log_in(shop, secret)
    in_transaction.execute("BEGIN; SELECT 1")
    shop.dba(change)
    try:
        assert gone(session)
        assert gone(in_transaction)
    finally:
        shop.dba(back)


def test_revoking_is_not_held_up_by_whoever_has_the_token(shop):
    id, secret = tokens.create(shop, "alice", "read")
    thief = tokens.log_in(shop, secret)
    thief.execute("BEGIN")
    thief.execute("SELECT jit_token_revoke(%s)", [id])
    begun = time.monotonic()
    assert shop.value("carol", "SELECT jit_token_revoke(%s)", [id]) == "revoked"
    assert time.monotonic() - begun < 8
    assert gone(thief)
    wrong(shop, secret)


# What it is for.

def lacks(connection, scope, statement, *parameters):
    diag = refused(connection, statement, *parameters)
    assert diag.message_primary == f'token "ci" lacks the scope "{scope}"', diag.message_primary


def test_without_request_nothing_is_asked_for(shop):
    shop.dba("GRANT USAGE ON SCHEMA sales TO grace")
    mine = shop.ask("grace", "SELECT ON sales.orders")
    session = tokens.log_in(shop, tokens.create(shop, "grace", "approve", "read", "query")[1])
    lacks(session, "request", "SELECT jit_request('SELECT ON sales.orders', '1 hour', 'why')")
    lacks(session, "request", "SELECT jit_request_for('SELECT * FROM sales.orders', '1 hour', 'why')")
    lacks(session, "request", "SELECT jit_cancel(%s)", [mine])
    lacks(session, "request", "SELECT jit_extend(%s, '1 hour', 'why')", [mine])
    lacks(session, "request", "SELECT jit_revoke(%s)", [mine])
    other = shop.ask("alice", "SELECT ON sales.orders")
    assert one(session, "SELECT jit_approve(%s)", [other]) == "approved"


def test_without_approve_nothing_is_decided(shop):
    other = shop.ask("alice", "SELECT ON sales.orders")
    shop.dba("GRANT USAGE ON SCHEMA sales TO grace")
    token = tokens.create(shop, "alice", "read")[0]
    session = tokens.log_in(shop, tokens.create(shop, "grace", "request", "read", "query")[1])
    lacks(session, "approve", "SELECT jit_approve(%s)", [other])
    lacks(session, "approve", "SELECT jit_deny(%s)", [other])
    lacks(session, "approve", "SELECT jit_revoke(%s)", [other])
    lacks(session, "approve", "SELECT jit.review(%s, 'fine')", [other])
    lacks(session, "approve", "SELECT jit_token_revoke(%s)", [token])
    mine = one(session, "SELECT jit_request('SELECT ON sales.orders', '1 hour', 'why')")
    assert one(session, "SELECT jit_cancel(%s)", [mine]) == "cancelled"


def test_without_query_no_grant_covers_anything(shop):
    shop.grant("alice", "SELECT, EXPORT ON sales.orders")
    shop.grant("alice", "SELECT ON sales.open_orders")
    session = tokens.log_in(shop, tokens.create(shop, "alice", "request", "read")[1])
    lacks(session, "query", "SELECT count(*) FROM sales.orders")
    lacks(session, "query", "SELECT count(*) FROM sales.open_orders")
    lacks(session, "query", "COPY sales.orders TO STDOUT")
    lacks(session, "query", "DO $$ BEGIN PERFORM count(*) FROM sales.orders; END $$")
    assert one(tokens.log_in(shop, tokens.create(shop, "alice", "query")[1]), "SELECT count(*) FROM sales.orders") == 1000


@pytest.mark.parametrize("statement", [
    "ALTER ROLE alice PASSWORD 'mine'", "ALTER USER CURRENT_USER PASSWORD 'mine'", "ALTER ROLE alice SET search_path = mallory",
    "ALTER ROLE alice IN DATABASE {database} SET work_mem = '8MB'", "ALTER ROLE alice RESET ALL",
    "DO $$ BEGIN ALTER ROLE alice PASSWORD 'mine'; END $$", "GRANT alice TO mallory", "ALTER ROLE alice RENAME TO mine",
    "CREATE ROLE more"])
def test_token_does_not_become_a_password(shop, statement):
    shop.dba("ALTER ROLE alice CREATEROLE")
    try:
        session = tokens.log_in(shop, tokens.create(shop, "alice", "request", "approve", "read", "query")[1])
        diag = refused(session, statement.format(database=shop.database))
        assert diag.message_primary == "a session that began with a token changes no roles"
    finally:
        shop.dba("ALTER ROLE alice NOCREATEROLE")


def test_values_stay_out_of_the_log_though_the_token_uses_no_grant(shop):
    shop.dba("INSERT INTO jit.policies (name, objects, blank_values) VALUES ('blank', '{sales.*}', true)")
    shop.grant("alice", "SELECT ON sales.orders")
    session = tokens.log_in(shop, tokens.create(shop, "alice", "read")[1])
    lacks(session, "query", "SELECT count(*) /* blanked */ FROM sales.orders WHERE total = 4711471147")
    rows = wait_until(lambda: shop.dba("SELECT statement FROM jit.audit_log WHERE statement ~ '/[*] blanked' OR statement ~ 'count.*orders WHERE total'"),
                      what="the record")
    assert all("4711471147" not in row[0] for row in rows)


def test_token_makes_no_tokens(shop, session):
    diag = refused(session, "SELECT * FROM jit_token_create('more', ARRAY['read'])")
    assert "makes no tokens" in diag.message_primary
    id = one(session, "SELECT id FROM jit.session_token()")
    assert one(session, "SELECT jit_token_revoke(%s)", [id]) == "revoked"
    wait_until(lambda: gone(session), timeout=5, what="the end")


# What is known of it.

def test_audit_log_tells_the_token_and_the_gateway(shop):
    id, secret = tokens.create(shop, "alice", "read", "query")
    shop.grant("alice", "SELECT ON sales.orders")
    session = tokens.log_in(shop, secret)
    session.execute("SELECT count(*) /* audited */ FROM sales.orders")
    refused(session, "SELECT count(*) /* refused */ FROM sales.items")
    with pytest.raises(errors.SyntaxError):
        session.execute("SELEKT /* unread */")
    shop.value("carol", "SELECT jit_token_revoke(%s)", [id])
    rows = wait_until(lambda: shop.dba(
        "SELECT kind, session_user_name, authenticated_user_name, detail->'token', statement FROM jit.audit_log"
        " WHERE statement ~ '/[*] (audited|refused|unread)' AND kind <> 'statement_ended' AND session_user_name = 'alice' ORDER BY seq"),
        what="the records")
    assert [row[1:4] for row in rows] == [("alice", "gateway", id)] * 3, rows
    used = shop.dba("SELECT session_user_name, authenticated_user_name, detail FROM jit.audit_log WHERE kind = 'token_used'")
    assert used[0][:2] == ("alice", "gateway")
    assert {key: used[0][2][key] for key in ("token_id", "name", "owner", "scopes", "gateway", "token")} == {
        "token_id": id, "name": "ci", "owner": "alice", "scopes": ["read", "query"], "gateway": "gateway", "token": id}
    assert shop.value("postgres", "SELECT token_id FROM jit.statements WHERE statement ~ '/[*] audited' AND session_user_name = 'alice'") == id
    assert shop.value("postgres", "SELECT count(*) FROM jit.statements WHERE token_id IS NULL AND session_user_name = 'carol'") >= 0
    assert shop.value("erin", "SELECT first_bad IS NULL FROM jit_audit_verify()")
    # Everything but the secret.
    assert shop.value("postgres", "SELECT count(*) FROM jit.audit_log l WHERE l::text LIKE %s", [f"%{secret[4:]}%"]) == 0
    assert secret[4:] not in shop.server.log()


def test_secret_is_shown_nowhere(shop):
    secret = tokens.create(shop, "alice", "read")[1]
    for role in ("gateway", "postgres"):
        before = tokens.connect(shop, secret, role=role)
        assert before.execute("SELECT count(*) FROM pg_settings s WHERE s::text LIKE %s", [f"%{secret}%"]).fetchone()[0] == 0
    assert one(before, "SHOW jit_access.token") == ""
    assert one(before, "SELECT current_setting('jit_access.token')") == ""
    session = tokens.log_in(shop, secret)
    assert shop.value("postgres", "SELECT count(*) FROM pg_stat_activity a WHERE a::text LIKE %s AND pid <> pg_backend_pid()",
                      [f"%{secret}%"]) == 0
    refused(session, "SHOW jit_access.token")


def test_dump_carries_no_tokens(shop, secret):
    import subprocess
    from support.server import BIN
    dump = subprocess.run([str(BIN / "pg_dump"), shop.database], env=shop.server.environment(), capture_output=True, text=True)
    assert dump.returncode == 0, dump.stderr
    assert "jit.policies" in dump.stdout or "CREATE EXTENSION" in dump.stdout
    assert "COPY jit.tokens" not in dump.stdout


def test_commit_of_the_revocation_notifies(shop):
    id, _ = tokens.create(shop, "alice", "read")
    with shop.connect("jit_daemon") as daemon:
        daemon.execute("LISTEN jit_access")
        shop.run("alice", "SELECT jit_token_revoke(%s)", [id])
        payloads = []
        for notification in daemon.notifies():
            payloads.append(notification.payload)
            break
    assert payloads == ['{"token_id":%s,"event":"token_revoked"}' % id]
