"""Logging in by a token: the first thing in a session and alone, by a good token, and by the gateway."""

import time

import psycopg
import pytest
from psycopg import errors, pq

from support import tokens
from support.people import Shop, one, refused, usable, wait_until
from support.server import Server
from support.tokens import ALICE, gone, me, wrong

pytestmark = pytest.mark.usefixtures("gateway")


# The login comes first, and alone.

@pytest.mark.parametrize("before", [
    "SELECT 1", "SET search_path = public", "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ", "LISTEN x",
    "DECLARE c CURSOR WITH HOLD FOR SELECT session_user", "CREATE TEMP TABLE t (a int)", "PREPARE p AS SELECT session_user",
    "DISCARD ALL", "SELECT pg_advisory_lock(1)", "SELEKT"])
def test_nothing_may_come_before_the_login(shop, secret, before):
    connection = tokens.connect(shop, secret)
    try:
        connection.execute(before)
    except psycopg.Error:
        pass
    parsed = before != "SELEKT"  # what cannot be read has done nothing
    if parsed:
        with pytest.raises((errors.ActiveSqlTransaction, errors.InFailedSqlTransaction)):
            connection.execute("SELECT * FROM jit.token_login()")
    else:
        connection.execute("SELECT * FROM jit.token_login()")
        assert me(connection) == ALICE


def test_no_function_call_by_message_may_come_before(shop, secret):
    connection = tokens.connect(shop, secret)
    from support.wire import fast_call
    fast_call(connection, shop.value("postgres", "SELECT 'pg_backend_pid()'::regprocedure::oid::bigint"))
    with pytest.raises(errors.ActiveSqlTransaction):
        connection.execute("SELECT * FROM jit.token_login()")


@pytest.mark.parametrize("statement", [
    "SELECT * FROM jit.token_login(); SELECT 1", "SELECT 1; SELECT * FROM jit.token_login()",
    "BEGIN; SELECT * FROM jit.token_login(); COMMIT", "DO $$ BEGIN PERFORM * FROM jit.token_login(); END $$",
    "PREPARE p AS SELECT * FROM jit.token_login()", "EXPLAIN ANALYZE SELECT * FROM jit.token_login()",
    "COPY (SELECT * FROM jit.token_login()) TO STDOUT", "CREATE TEMP TABLE t AS SELECT * FROM jit.token_login()",
    "SELECT * FROM jit.token_login(), generate_series(1, 2)", "SELECT * FROM jit.token_login() WHERE pg_notify('a', 'b') IS NULL",
    "SELECT id, pg_backend_pid() FROM jit.token_login()", "SELECT * FROM mallory.login", "SELECT mallory.login()",
    "WITH l AS (SELECT * FROM jit.token_login()) SELECT * FROM l", "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM jit.token_login()",
    "SELECT * FROM jit.token_login() LIMIT 1", "SELECT * FROM ROWS FROM (jit.token_login(), generate_series(1, 2))"])
def test_only_the_bare_call_is_a_login(shop, secret, statement):
    with shop.connect("mallory") as mallory:
        mallory.execute("CREATE VIEW mallory.login AS SELECT * FROM jit.session_token()")
    shop.dba("GRANT USAGE ON SCHEMA mallory TO PUBLIC;"
             "CREATE OR REPLACE VIEW mallory.login AS SELECT id, name, scopes, expires_at FROM jit.token_login();"
             "CREATE FUNCTION mallory.login() RETURNS bigint LANGUAGE sql AS 'SELECT id FROM jit.token_login()';"
             "GRANT SELECT ON mallory.login TO PUBLIC; GRANT jit_gateway TO mallory")
    try:
        connection = tokens.connect(shop, secret)
        raw = connection.pgconn
        if raw.exec_(statement.encode()).status == pq.ExecStatus.COPY_OUT:
            with pytest.raises(psycopg.OperationalError):
                raw.get_copy_data(0)
                raise psycopg.OperationalError("refused")
            while raw.get_result():
                pass
        assert usable(connection)
        assert one(connection, "SELECT session_user") == "gateway"
    finally:
        shop.dba("REVOKE jit_gateway FROM mallory")


def test_a_session_logs_in_once(shop, secret, session):
    refused(session, "SELECT * FROM jit.token_login()")
    # Nor may a gateway's owner's session: one that is a gateway itself.
    assert me(session) == ALICE


def pipeline(connection, *statements, sync_after_each=False):
    """Sends all before it reads anything; the outcome of each: its first value, or its SQLSTATE."""
    raw = connection.pgconn
    raw.nonblocking = 0
    raw.enter_pipeline_mode()
    for statement in statements:
        raw.send_query_params(statement.encode(), None)
        if sync_after_each:
            raw.pipeline_sync()
    raw.pipeline_sync()
    outcomes = []
    while len(outcomes) < len(statements):
        result = raw.get_result()
        if result is None:
            if raw.status != pq.ConnStatus.OK:
                break
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            if not sync_after_each:
                break
            continue
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        outcomes.append(state.decode() if state else (result.get_value(0, 0) or b"").decode())
    return outcomes


def test_nothing_runs_in_the_transaction_of_the_login(shop, secret):
    id = shop.value("postgres", "SELECT max(id) FROM jit.tokens")
    outcomes = pipeline(tokens.connect(shop, secret), "SELECT id FROM jit.token_login()", "SELECT session_user")
    assert outcomes[:2] == [str(id), "28000"], outcomes


def test_what_was_sent_behind_the_login_runs_as_the_owner(shop, secret):
    outcomes = pipeline(tokens.connect(shop, secret), "SELECT owner FROM jit.token_login()", "SELECT session_user",
                        sync_after_each=True)
    assert outcomes == ["alice", "alice"]


def test_a_statement_prepared_before_the_login_hinders_it(shop, secret):
    connection = tokens.connect(shop, secret)
    raw = connection.pgconn
    assert raw.prepare(b"early", b"SELECT session_user").status == pq.ExecStatus.COMMAND_OK
    with pytest.raises(errors.ActiveSqlTransaction):
        connection.execute("SELECT * FROM jit.token_login()")


def test_a_statement_prepared_between_parse_and_execute_of_the_login_hinders_it(shop, secret):
    connection = tokens.connect(shop, secret)
    raw = connection.pgconn
    assert raw.prepare(b"login", b"SELECT * FROM jit.token_login()").status == pq.ExecStatus.COMMAND_OK
    assert raw.prepare(b"early", b"SELECT session_user").status == pq.ExecStatus.COMMAND_OK
    result = raw.exec_prepared(b"login", None)
    assert result.error_field(pq.DiagnosticField.SQLSTATE) == b"25001"


def test_a_login_that_is_not_committed_soon_ends(shop, secret):
    raw = tokens.connect(shop, secret).pgconn
    raw.enter_pipeline_mode()
    raw.send_query_params(b"SELECT * FROM jit.token_login()", None)
    raw.send_flush_request()
    raw.flush()
    assert raw.get_result().status == pq.ExecStatus.TUPLES_OK
    # It keeps the token's row locked: revoking waits for seconds at most.
    begun = time.monotonic()
    id = shop.value("postgres", "SELECT max(id) FROM jit.tokens")
    assert shop.value("carol", "SELECT jit_token_revoke(%s)", [id]) == "revoked"
    assert time.monotonic() - begun < 8


def test_login_that_cannot_be_recorded_is_none_and_ends_the_session(audit_shop):
    audit_shop.dba("CREATE ROLE gateway LOGIN IN ROLE jit_gateway")
    secret = tokens.create(audit_shop, "alice", "read")[1]
    with audit_shop.held_up_worker():
        connection = tokens.connect(audit_shop, secret)
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT * FROM jit.token_login()")
        # The server's rollback has put the gateway back in part: neither may go on.
        assert gone(connection)
    assert me(tokens.log_in(audit_shop, secret)) == ALICE


def test_login_rolled_back_ends_the_session(shop, secret):
    raw = tokens.connect(shop, secret).pgconn
    raw.enter_pipeline_mode()
    raw.send_query_params(b"SELECT owner FROM jit.token_login()", None)
    raw.send_query_params(b"SELEKT", None)  # fails before any hook, and takes the login's transaction with it
    raw.pipeline_sync()
    raw.send_query_params(b"SELECT session_user, current_user", None)
    raw.pipeline_sync()
    values = []
    for _ in range(12):
        result = raw.get_result()
        if result is not None and result.status == pq.ExecStatus.TUPLES_OK:
            values.append(result.get_value(0, 0))
    assert values == [b"alice"]
    assert raw.status != pq.ConnStatus.OK


def test_replica_takes_no_tokens(own_server, own_shop):
    own_shop.dba("CREATE ROLE gateway LOGIN IN ROLE jit_gateway")
    secret = tokens.create(own_shop, "alice", "read")[1]
    standby = Server(standby_of=own_server)
    try:
        copy = Shop(standby, own_shop.database)
        wait_until(lambda: copy.dba("SELECT 1 FROM jit.tokens"), what="the token on the replica")
        connection = tokens.connect(copy, secret)
        with pytest.raises(errors.ReadOnlySqlTransaction):
            connection.execute("SELECT * FROM jit.token_login()")
        copy.close()
    finally:
        standby.destroy()


# What is no token.

def test_unknown_tokens_are_refused(shop):
    wrong(shop, "jit_" + "A" * 43)
    wrong(shop, "jit_x")
    wrong(shop, "x" * 47)
    wrong(shop, "jit_" + "A" * 4000)
    connection = shop.connect("gateway")
    with pytest.raises(errors.InvalidAuthorizationSpecification):
        connection.execute("SELECT * FROM jit.token_login()")


def test_ended_and_revoked_tokens_are_refused(shop):
    id, secret = tokens.create(shop, "alice", "read", lifetime="1 second")
    time.sleep(1.1)
    wrong(shop, secret)
    id, secret = tokens.create(shop, "alice", "read")
    shop.run("alice", "SELECT jit_token_revoke(%s)", [id])
    wrong(shop, secret)
    assert "was revoked" in shop.server.log()


@pytest.mark.parametrize("change, back", [
    ("ALTER ROLE grace NOLOGIN", "ALTER ROLE grace LOGIN"),
    ("ALTER ROLE grace SUPERUSER", "ALTER ROLE grace NOSUPERUSER"),
    ("ALTER ROLE grace VALID UNTIL '2001-01-01'", "ALTER ROLE grace VALID UNTIL 'infinity'"),
    ("ALTER ROLE grace CONNECTION LIMIT 0", "ALTER ROLE grace CONNECTION LIMIT -1"),
    ("ALTER ROLE grace RENAME TO gracie", "ALTER ROLE gracie RENAME TO grace"),
    ("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO gateway",
     "GRANT CONNECT ON DATABASE {database} TO PUBLIC"),
    ("REVOKE jit_requester, jit_approver FROM grace", "GRANT jit_requester, jit_approver TO grace"),
    ("UPDATE jit.tokens SET database_oid = 1", "UPDATE jit.tokens SET database_oid = jit.database_oid()")])
def test_token_of_somebody_who_may_not_log_in_is_refused(shop, change, back):
    secret = tokens.create(shop, "grace", "read")[1]
    assert me(tokens.log_in(shop, secret))[0] == "grace"
    shop.dba(change.format(database=shop.database))
    try:
        wrong(shop, secret)
    finally:
        shop.dba(back.format(database=shop.database))
    assert me(tokens.log_in(shop, secret))[0] == "grace"


def test_role_made_anew_has_no_token_of_the_old(shop):
    shop.dba("CREATE ROLE heidi LOGIN IN ROLE jit_requester")
    secret = tokens.create(shop, "heidi", "read")[1]
    shop.dba("DROP ROLE heidi; CREATE ROLE heidi LOGIN IN ROLE jit_requester")
    try:
        wrong(shop, secret)
        assert shop.value("heidi", "SELECT count(*) FROM jit.visible_tokens") == 0
    finally:
        shop.dba("DROP ROLE heidi")


def test_copy_of_the_database_has_no_tokens(shop, secret):
    copy = shop.database + "_copy"
    tokens.log_in(shop, secret).close()
    shop.close()
    server = shop.server

    def copied():
        try:
            server.psql(f"CREATE DATABASE {copy} TEMPLATE {shop.database}")
        except RuntimeError:
            return False
        return True
    wait_until(copied, what="a copy of the database")
    try:
        with psycopg.connect(host=server.host, port=server.port, user="gateway", dbname=copy, autocommit=True,
                             options=f"-c jit_access.token={secret}") as connection:
            with pytest.raises(errors.InvalidAuthorizationSpecification, match="token authentication failed"):
                connection.execute("SELECT * FROM jit.token_login()")
        assert server.psql("SELECT count(*) FROM jit.visible_tokens", database=copy).strip() == "0"
    finally:
        server.psql(f"DROP DATABASE {copy} WITH (FORCE)")


def test_only_a_gateway_logs_in(shop, secret):
    for role in ("alice", "app", "jit_daemon"):
        connection = tokens.connect(shop, secret, role=role)
        refused(connection, "SELECT * FROM jit.token_login()")
    shop.dba("CREATE ROLE almighty SUPERUSER LOGIN IN ROLE jit_gateway")
    try:
        refused(tokens.connect(shop, secret, role="almighty"), "SELECT * FROM jit.token_login()")
    finally:
        shop.close()
        shop.dba("DROP ROLE almighty")


def test_gateway_with_more_than_it_should_have_hands_over_nothing(shop, secret):
    for change, back in [("ALTER ROLE gateway SET search_path = mallory", "ALTER ROLE gateway RESET ALL"),
                         ("ALTER ROLE gateway SET session_replication_role = replica", "ALTER ROLE gateway RESET ALL"),
                         ("GRANT jit_auditor TO gateway; ALTER ROLE gateway SET role = jit_auditor",
                          "ALTER ROLE gateway RESET ALL; REVOKE jit_auditor FROM gateway"),
                         ("GRANT SET ON PARAMETER session_replication_role TO gateway",
                          "REVOKE SET ON PARAMETER session_replication_role FROM gateway")]:
        shop.dba(change)
        try:
            options = "-c session_replication_role=replica" if change.startswith("GRANT SET") else ""
            connection = tokens.connect(shop, secret, options=options)
            with pytest.raises((errors.ObjectNotInPrerequisiteState, errors.InsufficientPrivilege)):
                connection.execute("SELECT * FROM jit.token_login()")
        finally:
            shop.dba(back)
