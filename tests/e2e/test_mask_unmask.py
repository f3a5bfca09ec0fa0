"""What UNMASK shows, and when that ends: to the statement."""

import pytest
from psycopg import errors

from support.masks import observe
from support.people import ENDED, Background, one, refused, usable

RAW = "RAWMARK-ssn-1"
QUERY = "SELECT ssn FROM sales.people WHERE id = 1"


def test_unmask_shows_and_ends(masked):
    masked.grant("alice", "SELECT ON sales.people")
    connection = masked.connect("alice", prepare_threshold=None)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE q AS {QUERY}")
    assert one(connection, "EXECUTE q") == "***"
    request = masked.grant("alice", "UNMASK (ssn) ON sales.people")
    assert one(connection, "EXECUTE q") == RAW
    assert one(connection, "SELECT email FROM sales.people WHERE id = 1") == "rXXX@XXXX.com"
    masked.revoke(request)
    assert one(connection, "EXECUTE q") == "***"
    assert one(connection, "SELECT sales.ssn_plpgsql(1)") == "***"


def test_unmask_conveys_no_select(masked):
    masked.grant("alice", "UNMASK ON sales.people")
    with pytest.raises(errors.InsufficientPrivilege):
        masked.value("alice", QUERY)


def test_unmask_for_who_may_select_natively(masked):
    """The grant shows the value; the table is read by the user's own right."""
    masked.dba("GRANT SELECT ON sales.people TO alice")
    connection = masked.connect("alice", prepare_threshold=None)
    assert one(connection, QUERY) == "***"
    request = masked.grant("alice", "UNMASK (ssn, pay) ON sales.people")
    assert one(connection, QUERY) == RAW
    assert one(connection, "SELECT pay FROM sales.people WHERE id = 1") > 0
    with pytest.raises(errors.FeatureNotSupported):
        connection.execute(f"BEGIN; DECLARE c CURSOR WITH HOLD FOR {QUERY}; COMMIT")
    connection.execute("ROLLBACK")
    masked.revoke(request)
    assert one(connection, QUERY) == "***"


def test_plan_outlives_no_expiry(masked):
    """The clock alone ends it: a plan made while the grant was active never shows a value after it."""
    masked.dba("GRANT SELECT ON sales.people TO alice")
    connection = masked.connect("alice", prepare_threshold=None)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE q AS {QUERY}")
    request = masked.grant("alice", "UNMASK (ssn) ON sales.people", "3 seconds")
    assert one(connection, "EXECUTE q") == RAW
    masked.wait_for_end(request)
    diag = refused(connection, "EXECUTE q")
    assert "again" in diag.message_hint
    assert one(connection, "EXECUTE q") == "***"


@pytest.mark.parametrize("how", ["expiry", "revocation"])
def test_open_cursor_ends_with_unmask(masked, how):
    masked.dba("GRANT SELECT ON sales.people TO alice")
    request = masked.grant("alice", "UNMASK ON sales.people", "3 seconds" if how == "expiry" else "1 hour")
    connection = masked.connect("alice", prepare_threshold=None)
    connection.execute("BEGIN")
    connection.execute("DECLARE c CURSOR FOR SELECT ssn FROM sales.people ORDER BY id")
    assert one(connection, "FETCH c") == RAW
    if how == "expiry":
        masked.wait_for_end(request)
    else:
        masked.revoke(request)
    with pytest.raises(ENDED):
        connection.execute("FETCH ALL FROM c")
    assert usable(connection)


@pytest.mark.parametrize("how", ["expiry", "revocation"])
def test_running_statement_ends_with_unmask(masked, how):
    masked.dba("GRANT SELECT ON sales.people TO alice")
    request = masked.grant("alice", "UNMASK ON sales.people", "3 seconds" if how == "expiry" else "1 hour")
    connection = masked.connect("alice", prepare_threshold=None)
    work = Background(lambda: connection.execute("SELECT ssn, pg_sleep(60) FROM sales.people"))
    if how == "revocation":
        masked.wait_for_statement(connection)
        masked.revoke(request)
    with pytest.raises(ENDED):
        work.result()
    assert one(connection, QUERY) == "***"


def test_statement_that_reads_no_masked_column_needs_no_unmask(masked):
    """An UNMASK grant that the statement does not use does not end it."""
    masked.dba("GRANT SELECT ON sales.people TO alice")
    request = masked.grant("alice", "UNMASK ON sales.people")
    connection = masked.connect("alice", prepare_threshold=None)
    connection.execute("BEGIN")
    connection.execute("DECLARE c CURSOR FOR SELECT note FROM sales.people ORDER BY id")
    connection.execute("FETCH c")
    masked.revoke(request)
    assert len(connection.execute("FETCH ALL FROM c").fetchall()) == 39


def test_copy_of_what_unmask_shows_needs_export(masked):
    masked.dba("GRANT SELECT ON sales.people TO alice")
    masked.grant("alice", "UNMASK (ssn) ON sales.people")
    connection = masked.connect("alice", prepare_threshold=None)
    assert "error" in observe(connection, ["COPY (SELECT ssn FROM sales.people) TO STDOUT"]).text()
    masked.grant("alice", "EXPORT ON sales.people")
    assert RAW in observe(connection, ["COPY (SELECT ssn FROM sales.people) TO STDOUT"]).text()
