"""A transaction that wrote under a grant commits under that grant or not at all."""

import pytest
from psycopg import errors

from support.people import ENDED, one, refused, usable

WRITE = "UPDATE sales.orders SET status = 'written' WHERE order_id = 1"


def written(shop):
    return shop.dba("SELECT count(*) FROM sales.orders WHERE status = 'written'") != [(0,)]


def end(shop, request, how):
    if how == "expired":
        shop.wait_for_end(request)
    else:
        shop.revoke(request)


def duration(how):
    return "2 seconds" if how == "expired" else "1 hour"


both_ends = pytest.mark.parametrize("how", ["expired", "revoked"])


def test_write_commits_while_the_grant_lasts(shop, alice):
    shop.grant("alice", "ALL ON sales.orders")
    alice.execute("BEGIN")
    alice.execute(WRITE)
    alice.execute("COMMIT")
    assert written(shop)


@both_ends
def test_uncommitted_write_cannot_commit_after_the_end(shop, alice, how):
    request = shop.grant("alice", "ALL ON sales.orders", duration(how))
    alice.execute("BEGIN")
    alice.execute(WRITE)
    end(shop, request, how)
    with pytest.raises(errors.InsufficientPrivilege) as caught:
        alice.execute("COMMIT")
    assert f"request {request}" in str(caught.value)
    assert usable(alice)
    assert not written(shop)


@both_ends
def test_read_only_work_commits_after_the_end(shop, alice, how):
    request = shop.grant("alice", "SELECT ON sales.orders", duration(how))
    alice.execute("CREATE TEMP TABLE own (n int)")
    alice.execute("BEGIN")
    one(alice, "SELECT count(*) FROM sales.orders")
    alice.execute("INSERT INTO own VALUES (1)")
    end(shop, request, how)
    alice.execute("COMMIT")
    assert one(alice, "SELECT count(*) FROM own") == 1


@both_ends
def test_implicit_commit_of_a_multi_statement_query_is_held_too(shop, alice, how):
    request = shop.grant("alice", "ALL ON sales.orders", duration(how))
    alice.execute("BEGIN")
    alice.execute(WRITE)
    end(shop, request, how)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("COMMIT; SELECT 1")
    assert not written(shop)


@both_ends
def test_write_in_a_released_savepoint_cannot_commit_after_the_end(shop, alice, how):
    request = shop.grant("alice", "ALL ON sales.orders", duration(how))
    alice.execute("BEGIN")
    alice.execute("SAVEPOINT s")
    alice.execute(WRITE)
    alice.execute("RELEASE s")
    end(shop, request, how)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("COMMIT")
    assert not written(shop)


@both_ends
def test_write_in_a_cte_cannot_commit_after_the_end(shop, alice, how):
    request = shop.grant("alice", "ALL ON sales.orders", duration(how))
    alice.execute("BEGIN")
    alice.execute(f"WITH w AS ({WRITE} RETURNING 1) SELECT count(*) FROM w")
    end(shop, request, how)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("COMMIT")
    assert not written(shop)


@both_ends
def test_write_in_a_do_block_cannot_commit_after_the_end(shop, alice, how):
    request = shop.grant("alice", "ALL ON sales.orders", duration(how))
    alice.execute("BEGIN")
    alice.execute(f"DO $$ BEGIN {WRITE}; END $$")
    end(shop, request, how)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("COMMIT")
    assert not written(shop)


@both_ends
def test_explained_write_is_refused_like_any(shop, alice, how):
    """EXPLAIN ANALYZE runs what it explains, so it is held to the same end."""
    request = shop.grant("alice", "ALL ON sales.orders", duration(how))
    alice.execute("BEGIN")
    alice.execute(f"EXPLAIN ANALYZE {WRITE}")
    end(shop, request, how)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("COMMIT")
    assert not written(shop)


@both_ends
def test_deferred_trigger_runs_under_no_ended_grant(shop, alice, how):
    shop.dba("""
        CREATE FUNCTION sales.note_it() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO sales.journal (who, what) VALUES (current_user, ''late''); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON sales.orders DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION sales.note_it()""")
    request = shop.grant("alice", "ALL ON sales.orders, sales.journal", duration(how))
    alice.execute("BEGIN")
    alice.execute(WRITE)
    end(shop, request, how)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("COMMIT")
    assert shop.dba("SELECT count(*) FROM sales.journal") == [(0,)]


def test_commit_and_chain_is_held_too(shop, alice):
    request = shop.grant("alice", "ALL ON sales.orders")
    alice.execute("BEGIN")
    alice.execute(WRITE)
    shop.revoke(request)
    with pytest.raises(errors.InsufficientPrivilege):
        alice.execute("COMMIT AND CHAIN")
    assert usable(alice)
    assert not written(shop)


def test_next_transaction_is_free_of_the_last_ones_end(shop, alice):
    request = shop.grant("alice", "ALL ON sales.orders")
    alice.execute("BEGIN")
    alice.execute(WRITE)
    alice.execute("COMMIT")
    shop.revoke(request)
    alice.execute("BEGIN")
    one(alice, "SELECT 1")
    alice.execute("COMMIT")
    assert written(shop)


def test_prepare_transaction_is_refused_after_a_write_under_a_grant(shop, alice):
    shop.grant("alice", "ALL ON sales.orders")
    alice.execute("BEGIN")
    alice.execute(WRITE)
    with pytest.raises((errors.FeatureNotSupported, errors.InsufficientPrivilege)):
        alice.execute("PREPARE TRANSACTION 'later'")
    assert usable(alice)
    assert shop.dba("SELECT count(*) FROM pg_prepared_xacts") == [(0,)]


def test_prepare_transaction_goes_on_for_everybody_else(shop):
    with shop.connect("app") as app:
        app.execute("BEGIN")
        app.execute(WRITE)
        app.execute("PREPARE TRANSACTION 'apps'")
        app.execute("COMMIT PREPARED 'apps'")
    assert written(shop)


@both_ends
def test_savepoint_survives_the_end_but_opens_nothing(shop, alice, how):
    request = shop.grant("alice", "SELECT ON sales.orders", duration(how))
    alice.execute("CREATE TEMP TABLE own (n int)")
    alice.execute("BEGIN")
    alice.execute("INSERT INTO own VALUES (1)")
    alice.execute("SAVEPOINT s")
    one(alice, "SELECT count(*) FROM sales.orders")
    end(shop, request, how)
    refused(alice, "SELECT count(*) FROM sales.orders")
    alice.execute("ROLLBACK TO s")
    refused(alice, "SELECT count(*) FROM sales.orders")
    alice.execute("ROLLBACK TO s")
    alice.execute("COMMIT")
    assert one(alice, "SELECT count(*) FROM own") == 1


@both_ends
def test_cursor_of_a_savepoint_stops_at_the_end(shop, alice, how):
    request = shop.grant("alice", "SELECT ON sales.orders", duration(how))
    alice.execute("BEGIN")
    alice.execute("SAVEPOINT s")
    alice.execute("DECLARE c CURSOR FOR SELECT total FROM sales.orders")
    alice.execute("FETCH 1 FROM c")
    alice.execute("RELEASE s")
    end(shop, request, how)
    with pytest.raises(ENDED):
        alice.execute("FETCH 1 FROM c")


def test_write_after_the_end_in_the_same_transaction_is_refused(shop, alice):
    request = shop.grant("alice", "ALL ON sales.orders")
    alice.execute("BEGIN")
    alice.execute(WRITE)
    shop.revoke(request)
    refused(alice, WRITE)
    assert usable(alice)
    assert not written(shop)
