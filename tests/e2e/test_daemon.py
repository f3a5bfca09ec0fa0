"""The daemon may be killed, doubled, restarted or missing: nothing is lost, nothing happens twice."""

import socket
import subprocess
import time

import pytest
from psycopg import errors

from support.daemon import BINARY, Daemon, cli, wait_for_status
from support.people import Background, one, refused, wait_until
from support.server import ROOT


@pytest.fixture
def daemons():
    started = []

    def start(*shops, **options):
        started.append(Daemon(*shops, **options))
        return started[-1]

    yield start
    for daemon in started:
        daemon.close()


def test_approval_is_pushed_on_notification_long_before_the_poll(shop, daemons):
    daemons(shop, poll_interval="10m")
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "approve", request)
    # Generous on purpose: far below the poll, far above what it takes.
    wait_for_status(shop, request, "active", timeout=20)


def test_expiry_and_start_are_timed_not_polled(shop, daemons):
    daemons(shop, poll_interval="10m")
    request = shop.ask("alice", "SELECT ON sales.orders", "2 seconds")
    cli(shop, "carol", "approve", request)
    wait_until(lambda: shop.dba("SELECT 1 FROM jit.requests WHERE id = %s AND status = 'expired'",
                                [request]), timeout=30, what="the expiry being written down")


def test_daemon_started_late_finds_what_waits(shop, alice, daemons):
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "approve", request)
    refused(alice, "SELECT total FROM sales.orders")
    assert shop.status(request) == "approved"
    daemons(shop, poll_interval="10m")
    wait_for_status(shop, request, "active")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_daemon_killed_between_approve_and_push_loses_nothing(shop, alice, daemons):
    first = daemons(shop, poll_interval="10m")
    request = shop.ask("alice", "SELECT ON sales.orders")
    first.kill()
    cli(shop, "carol", "approve", request)
    refused(alice, "SELECT total FROM sales.orders")
    daemons(shop, poll_interval="10m")
    wait_for_status(shop, request, "active")


def test_daemon_killed_at_any_instant_of_the_push_leaves_all_or_nothing(shop, daemons):
    for pause in (0, 0.005, 0.01, 0.02, 0.05):
        daemon = daemons(shop, poll_interval="10m")
        request = shop.ask("alice", "SELECT ON sales.orders, sales.items")
        shop.approve(request)
        time.sleep(pause)
        daemon.kill()
        state, rows = shop.dba(
            "SELECT status, (SELECT count(*) FROM jit.grants WHERE request_id = id)"
            " FROM jit.requests WHERE id = %s", [request])[0]
        assert (state, rows) in (("approved", 0), ("active", 2))

        def finished():
            # The dead daemon's backend may still be at it and hold the request: that is skipped.
            shop.push()
            return shop.status(request) == "active"

        wait_until(finished, what="the push")
        assert shop.dba("SELECT count(*) FROM jit.grants WHERE request_id = %s", [request]) == [(2,)]


def test_active_grants_work_and_expire_with_the_daemon_dead(shop, alice, daemons):
    daemon = daemons(shop)
    request = shop.ask("alice", "SELECT ON sales.orders", "5 seconds")
    cli(shop, "carol", "approve", request)
    wait_for_status(shop, request, "active")
    daemon.kill()
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    with pytest.raises(errors.QueryCanceled):
        alice.execute("SELECT pg_sleep(50) FROM sales.orders")
    refused(alice, "SELECT total FROM sales.orders")
    assert shop.status(request) == "expired"


def test_revocation_bites_with_the_daemon_dead(shop, alice):
    request = shop.grant("alice", "SELECT ON sales.orders")
    running = Background(lambda: alice.execute("SELECT pg_sleep(50) FROM sales.orders"))
    shop.wait_for_statement(alice)
    cli(shop, "carol", "revoke", request)
    with pytest.raises(errors.QueryCanceled):
        running.result()


def test_two_daemons_do_everything_once(shop, daemons):
    shop.dba("CREATE TABLE public.pushes (request_id bigint);"
             "CREATE FUNCTION public.count_push() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
             " 'BEGIN INSERT INTO public.pushes VALUES (new.request_id); RETURN NULL; END';"
             "CREATE TRIGGER count AFTER INSERT ON jit.grants FOR EACH ROW"
             " EXECUTE FUNCTION public.count_push()")
    daemons(shop)
    daemons(shop)
    requests = [shop.ask("alice", "SELECT ON sales.orders", "3 seconds") for _ in range(10)]
    for request in requests:
        shop.approve(request)
    wait_until(lambda: shop.dba("SELECT count(*) FROM jit.requests WHERE status = 'expired'"
                                ) == [(10,)], what="all ten having run their course")
    assert shop.dba("SELECT count(*), count(DISTINCT request_id) FROM public.pushes") == [(10, 10)]


def test_other_daemon_goes_on_when_one_is_killed(shop, daemons):
    first, second = daemons(shop), daemons(shop)
    first.kill()
    request = shop.ask("alice", "SELECT ON sales.orders")
    cli(shop, "carol", "approve", request)
    wait_for_status(shop, request, "active")
    assert second.process.poll() is None


def test_one_daemon_serves_many_databases(new_shop, daemons):
    shops = [new_shop() for _ in range(3)]
    daemons(*shops, poll_interval="10m")
    requests = [(shop, shop.ask("alice", "SELECT ON sales.orders")) for shop in shops]
    for shop, request in requests:
        shop.approve(request)
    for shop, request in requests:
        wait_for_status(shop, request, "active")


def test_daemon_ends_cleanly_on_sigterm(shop, daemons):
    daemon = daemons(shop)
    assert daemon.terminate() == 0
    daemon.wait_for_notification("STOPPING=1")


def test_daemon_reconnects_after_the_server_restarts(own_shop, daemons):
    daemon = daemons(own_shop, poll_interval="10m")
    own_shop.server.restart()
    request = own_shop.ask("alice", "SELECT ON sales.orders")
    own_shop.approve(request)
    wait_for_status(own_shop, request, "active", timeout=60)
    assert daemon.process.poll() is None


def test_daemon_reconnects_after_its_backends_are_terminated(shop, daemons):
    daemon = daemons(shop, poll_interval="10m")
    shop.dba("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE usename = 'jit_daemon' AND datname = %s", [shop.database])
    request = shop.ask("alice", "SELECT ON sales.orders")
    shop.approve(request)
    wait_for_status(shop, request, "active", timeout=60)
    assert daemon.process.poll() is None


def test_daemon_whose_server_is_away_waits_for_it(own_shop, daemons):
    own_shop.server.stop()
    daemon = daemons(own_shop, wait=False)
    time.sleep(1)
    assert daemon.process.poll() is None
    own_shop.server.start()
    request = own_shop.ask("alice", "SELECT ON sales.orders")
    own_shop.approve(request)
    wait_for_status(own_shop, request, "active", timeout=60)


def test_orphaned_request_of_a_lost_member_is_revoked_by_the_daemon(shop, daemons):
    daemons(shop, poll_interval="1s")
    request = shop.grant("alice", "SELECT ON sales.orders")
    try:
        shop.dba("REVOKE jit_requester FROM alice")
        wait_until(lambda: shop.dba("SELECT 1 FROM jit.requests WHERE id = %s AND status = 'revoked'",
                                    [request]), what="the revocation")
    finally:
        shop.dba("GRANT jit_requester TO alice")


def test_service_tries_on_unless_its_configuration_has_mistakes(tmp_path):
    unit = (ROOT / "coordinator/packaging/jit-coordinator.service.in").read_text().splitlines()
    assert {"Restart=always", "StartLimitIntervalSec=0", "RestartPreventExitStatus=2"} <= set(unit)
    config = tmp_path / "jit-coordinator.toml"

    def exit_code(text):
        config.write_text(text)
        return subprocess.run([BINARY, "run", "--config", config], capture_output=True, timeout=60).returncode

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f'[api]\nlisten = "127.0.0.1:{other.getsockname()[1]}"\n'
        assert exit_code(taken + '[target.shop]\nconninfo = "host=/nonexistent"\n') == 1
    assert exit_code(taken + "unknown = 1\n") == 2
