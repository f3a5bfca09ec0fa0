"""Tokens as a server in front of the database uses them."""

import psycopg
import pytest
from psycopg import errors

GATEWAY = "gateway"


def create(shop, owner, *scopes, name="ci", lifetime="30 days"):
    """A token of the owner's: (id, secret)."""
    row = shop.run(owner, "SELECT id, token FROM jit_token_create(%s, %s, %s::interval)", [name, list(scopes), lifetime])
    return row[0]


def connect(shop, secret, role=GATEWAY, options="", **more):
    """A connection that brings the token and has not used it."""
    return shop.connect(role, options=f"-c jit_access.token={secret} {options}", prepare_threshold=None, **more)


def log_in(shop, secret, **options):
    """A session of the token's owner; its first statement is the login."""
    connection = connect(shop, secret, **options)
    connection.execute("SELECT * FROM jit.token_login()").fetchone()
    return connection


def fails(shop, secret, **options):
    """The SQLSTATE and message with which a login is refused."""
    connection = connect(shop, secret, **options)
    try:
        connection.execute("SELECT * FROM jit.token_login()")
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary, connection
    raise AssertionError("the login was not refused")


ROLES = """
CREATE ROLE gateway LOGIN IN ROLE jit_gateway;
CREATE ROLE grace LOGIN IN ROLE jit_requester, jit_approver;
"""

ALICE = ("alice", "alice", "alice")


def me(connection):
    return connection.execute("SELECT session_user::text, current_user::text, current_setting('session_authorization')").fetchone()


def gone(connection):
    """Whether the server has ended the session."""
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def wrong(shop, secret, **options):
    """Asserts that the token opens nothing."""
    state, message, connection = fails(shop, secret, **options)
    assert (state, message) == ("28000", "token authentication failed")
    # It was the connection's one try, and has left it what it was.
    with pytest.raises(errors.ActiveSqlTransaction):
        connection.execute("SELECT * FROM jit.token_login()")
    assert connection.execute("SELECT session_user").fetchone()[0] == "gateway"
