"""Blocks, loops and handlers: a handler may catch the end of access, it gains nothing by it."""

import time

import pytest
from psycopg import errors

from support.people import ENDED, Background, one, refused, usable


def test_do_block_reads_under_a_grant(shop, alice):
    block = "DO $$ BEGIN PERFORM total FROM sales.orders; END $$"
    refused(alice, block)
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute(block)


def test_own_function_reads_under_a_grant(shop, alice):
    alice.execute("CREATE FUNCTION pg_temp.total() RETURNS numeric LANGUAGE plpgsql AS"
                  " 'BEGIN RETURN (SELECT sum(total) FROM sales.orders); END'")
    alice.execute("CREATE FUNCTION pg_temp.all_orders() RETURNS SETOF sales.orders LANGUAGE sql"
                  " STABLE AS 'SELECT * FROM sales.orders'")
    request = shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT pg_temp.total()") == 500500
    assert one(alice, "SELECT count(*) FROM pg_temp.all_orders()") == 1000
    shop.revoke(request)
    refused(alice, "SELECT pg_temp.total()")
    refused(alice, "SELECT count(*) FROM pg_temp.all_orders()")


def test_atomic_function_reads_under_a_grant(shop, alice):
    alice.execute("CREATE FUNCTION pg_temp.all_orders() RETURNS SETOF sales.orders"
                  " BEGIN ATOMIC SELECT * FROM sales.orders; END")
    refused(alice, "SELECT count(*) FROM pg_temp.all_orders()")
    request = shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM pg_temp.all_orders()") == 1000
    shop.revoke(request)
    refused(alice, "SELECT count(*) FROM pg_temp.all_orders()")


def test_dynamic_sql_is_held_to_the_grant(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute("DO $$ BEGIN EXECUTE 'SELECT total FROM sales.orders'; END $$")
    refused(alice, "DO $$ BEGIN EXECUTE 'SELECT quantity FROM sales.items'; END $$")


def test_handler_for_others_cannot_swallow_the_end(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders", "2 seconds")
    with pytest.raises(errors.QueryCanceled) as caught:
        alice.execute("DO $$ BEGIN PERFORM pg_sleep(30) FROM sales.orders;"
                      " EXCEPTION WHEN OTHERS THEN NULL; END $$")
    assert f"request {request}" in str(caught.value)
    assert usable(alice)


def test_handler_for_query_canceled_reads_nothing_more(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders", "2 seconds")
    refused(alice, "DO $$ DECLARE n bigint; BEGIN"
                   " BEGIN PERFORM pg_sleep(30) FROM sales.orders;"
                   " EXCEPTION WHEN query_canceled THEN NULL; END;"
                   " SELECT count(*) INTO n FROM sales.orders; END $$")
    assert usable(alice)


def test_loop_that_catches_everything_gets_no_row_after_the_end(shop, alice):
    alice.execute("CREATE TEMP TABLE seen (at timestamptz)")
    request = shop.grant("alice", "SELECT ON sales.orders", "2 seconds")
    alice.execute("""
        DO $$ BEGIN
          FOR round IN 1..60 LOOP
            BEGIN
              PERFORM total FROM sales.orders WHERE order_id = 1;
              INSERT INTO seen VALUES (clock_timestamp());
            EXCEPTION WHEN query_canceled OR insufficient_privilege OR OTHERS THEN NULL;
            END;
            BEGIN PERFORM pg_sleep(0.05);
            EXCEPTION WHEN query_canceled THEN NULL; END;
          END LOOP;
        END $$""")
    end = shop.expires_at(request)
    assert one(alice, "SELECT count(*) FROM seen WHERE at < %s", [end]) > 0
    assert one(alice, "SELECT count(*) FROM seen WHERE at > %s + interval '0.2 s'", [end]) == 0


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_for_loop_ends_with_the_grant(shop, alice, how):
    request = shop.grant("alice", "SELECT ON sales.readings",
                         "2 seconds" if how == "expired" else "1 hour")
    running = Background(lambda: alice.execute("""
        DO $$ DECLARE r record; BEGIN
          FOR r IN SELECT value FROM sales.readings LOOP
            BEGIN PERFORM pg_sleep(0.01);
            EXCEPTION WHEN query_canceled THEN NULL; END;
          END LOOP;
        END $$"""))
    if how == "revoked":
        shop.wait_for_statement(alice)
        time.sleep(0.3)
        shop.revoke(request)
    with pytest.raises(ENDED):
        running.result(timeout=120)
    assert usable(alice)


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_commit_in_a_cursor_loop_reads_nothing_past_the_end(shop, alice, how):
    """COMMIT in a FOR loop turns the loop's cursor into a held one, which no hook sees again."""
    alice.execute("CREATE TEMP TABLE seen (at timestamptz)")
    request = shop.grant("alice", "SELECT ON sales.orders",
                         "2 seconds" if how == "expired" else "1 hour")
    running = Background(lambda: alice.execute("""
        DO $$ DECLARE r record; BEGIN
          FOR r IN SELECT total FROM sales.orders LOOP
            INSERT INTO seen VALUES (clock_timestamp());
            COMMIT;
            PERFORM pg_sleep(0.02);
          END LOOP;
        END $$"""))
    if how == "revoked":
        time.sleep(1)
        shop.revoke(request)
    with pytest.raises(errors.Error) as caught:
        running.result(timeout=120)
    assert caught.value.sqlstate in ("57014", "42501", "0A000")
    assert usable(alice)
    assert one(alice, "SELECT count(*) FROM seen s, (SELECT coalesce(%s, 'infinity')) e (at)"
                      " WHERE s.at > e.at + interval '0.2 s'", [shop.expires_at(request)]) == 0
    assert one(alice, "SELECT count(*) FROM seen") < 1000


def test_procedure_with_commit_writes_in_parts_while_the_grant_lasts(shop, alice):
    shop.grant("alice", "ALL ON sales.orders")
    alice.execute("""
        DO $$ BEGIN
          FOR n IN 1..5 LOOP
            UPDATE sales.orders SET status = 'done' WHERE order_id = n;
            COMMIT;
          END LOOP;
        END $$""")
    assert shop.dba("SELECT count(*) FROM sales.orders WHERE status = 'done'") == [(5,)]


def test_commit_inside_a_block_is_held_to_the_grant(shop, alice):
    shop.grant("alice", "ALL ON sales.orders", "2 seconds")
    with pytest.raises(ENDED):
        alice.execute("""
            DO $$ BEGIN
              UPDATE sales.orders SET status = 'late' WHERE order_id = 1;
              BEGIN PERFORM pg_sleep(4); EXCEPTION WHEN query_canceled THEN NULL; END;
              COMMIT;
            END $$""")
    assert usable(alice)
    assert shop.dba("SELECT count(*) FROM sales.orders WHERE status = 'late'") == [(0,)]


def test_write_before_the_end_inside_a_caught_error_cannot_commit(shop, alice):
    shop.grant("alice", "ALL ON sales.orders", "2 seconds")
    with pytest.raises(ENDED):
        alice.execute("""
            DO $$ BEGIN
              UPDATE sales.orders SET status = 'late' WHERE order_id = 1;
              BEGIN PERFORM pg_sleep(30) FROM sales.orders;
              EXCEPTION WHEN query_canceled THEN NULL; END;
            END $$""")
    assert shop.dba("SELECT count(*) FROM sales.orders WHERE status = 'late'") == [(0,)]


def test_function_plan_cache_closes_with_the_grant(shop, alice):
    alice.execute("CREATE FUNCTION pg_temp.total(n int) RETURNS numeric LANGUAGE plpgsql AS"
                  " 'BEGIN RETURN (SELECT total FROM sales.orders WHERE order_id = n); END'")
    request = shop.grant("alice", "SELECT ON sales.orders")
    for n in range(1, 9):
        assert one(alice, f"SELECT pg_temp.total({n})") == n
    alice.execute("BEGIN")
    assert one(alice, "SELECT pg_temp.total(1)") == 1
    shop.revoke(request)
    refused(alice, "SELECT pg_temp.total(1)")


def test_expiry_inside_a_nested_function_cuts_the_outer_statement(shop, alice):
    alice.execute("CREATE FUNCTION pg_temp.slow() RETURNS int LANGUAGE plpgsql AS"
                  " 'BEGIN PERFORM pg_sleep(30) FROM sales.orders; RETURN 1; END'")
    request = shop.grant("alice", "SELECT ON sales.orders", "2 seconds")
    with pytest.raises(errors.QueryCanceled) as caught:
        alice.execute("SELECT pg_temp.slow()")
    assert f"request {request}" in str(caught.value)


def test_inner_statement_does_not_disarm_the_outer_ones_end(shop, alice):
    """The inner statements begin and end all the time; the outer one's instant stays armed."""
    alice.execute("CREATE FUNCTION pg_temp.tick() RETURNS int LANGUAGE plpgsql AS"
                  " 'BEGIN PERFORM total FROM sales.orders WHERE order_id = 1;"
                  " PERFORM pg_sleep(0.02); RETURN 1; END'")
    request = shop.grant("alice", "SELECT ON sales.readings", "2 seconds")
    shop.grant("alice", "SELECT ON sales.orders")
    with pytest.raises(errors.QueryCanceled) as caught:
        alice.execute("SELECT pg_temp.tick() FROM sales.readings")
    assert f"request {request}" in str(caught.value)
