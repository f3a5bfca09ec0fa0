"""Each database has its own requests, grants and policies; roles and the server are shared."""

import os
import signal

from support.people import Background, one, refused, wait_until


def test_grant_counts_in_its_own_database_only(new_shop):
    here, there = new_shop(), new_shop()
    here.grant("alice", "SELECT ON sales.orders")
    assert here.value("alice", "SELECT count(*) FROM sales.orders") == 1000
    refused(there.connect("alice"), "SELECT count(*) FROM sales.orders")


def test_revocation_in_one_database_leaves_the_other_running(new_shop):
    here, there = new_shop(), new_shop()
    ours, theirs = (s.grant("alice", "SELECT ON sales.orders") for s in (here, there))
    assert ours == theirs, "the same request number in both, or this tests nothing"
    session = there.connect("alice")
    running = Background(lambda: one(session, "SELECT count(*) FROM sales.orders, pg_sleep(2)"))
    there.wait_for_statement(session)
    here.revoke(ours)
    assert running.result() == 1000
    refused(here.connect("alice"), "SELECT count(*) FROM sales.orders")


def test_second_database_reuses_the_roles(new_shop):
    shop = new_shop()
    shop.dba("DROP EXTENSION jit_access CASCADE")
    shop.dba("CREATE EXTENSION jit_access")
    shop.grant("alice", "SELECT ON sales.orders")
    assert shop.value("alice", "SELECT count(*) FROM sales.orders") == 1000


def test_dropped_extension_ends_all_access(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    shop.dba("DROP EXTENSION jit_access CASCADE")
    refused(alice, "SELECT count(*) FROM sales.orders")
    refused(alice, "EXPLAIN SELECT count(*) FROM sales.orders")


def test_extension_in_another_schema(shop, alice):
    shop.dba("DROP EXTENSION jit_access CASCADE; CREATE SCHEMA tools;"
             "GRANT USAGE ON SCHEMA tools TO PUBLIC; CREATE EXTENSION jit_access SCHEMA tools")
    request = one(alice, "SELECT tools.jit_request('SELECT ON sales.orders', '1 hour', 'INC-1')")
    shop.value("carol", "SELECT tools.jit_approve(%s)", [request])
    shop.push()
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    assert "tools.jit_request(" in refused(alice, "SELECT count(*) FROM sales.items").message_hint


def test_killed_backend_takes_no_grant_with_it(own_shop):
    """kill -9 of a backend makes the server restart itself: what was granted is in tables."""
    own_shop.grant("alice", "SELECT ON sales.orders", "20 seconds")
    ended = own_shop.grant("bob", "SELECT ON sales.orders")
    own_shop.revoke(ended)
    victim = own_shop.connect("alice")
    pid = victim.info.backend_pid
    running = Background(lambda: victim.execute("SELECT pg_sleep(60) FROM sales.orders"))
    own_shop.wait_for_statement(victim)
    os.kill(pid, signal.SIGKILL)
    try:
        running.result()
    except Exception:
        pass

    def answers():
        try:
            return own_shop.value("postgres", "SELECT 1")
        except Exception:
            return None

    wait_until(answers, what="the server's recovery")
    alice = own_shop.connect("alice")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    refused(own_shop.connect("bob"), "SELECT count(*) FROM sales.orders")
    running = Background(lambda: alice.execute("SELECT pg_sleep(60) FROM sales.orders"))
    try:
        running.result()
    except Exception as error:
        assert error.sqlstate == "57014"
    refused(alice, "SELECT count(*) FROM sales.orders")
    assert own_shop.dba("SELECT count(*) FROM jit.running()") == [(0,)]


def test_restart_keeps_grants_and_their_end(own_shop):
    request = own_shop.grant("alice", "SELECT ON sales.orders", "8 seconds")
    own_shop.server.restart()
    alice = own_shop.connect("alice")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    own_shop.wait_for_end(request)
    refused(alice, "SELECT count(*) FROM sales.orders")
