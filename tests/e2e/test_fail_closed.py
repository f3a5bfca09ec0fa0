"""Without the library, or restored elsewhere, access is gone, not open."""

import subprocess

import pytest

from support.people import refused
from support.server import BIN


def test_server_without_the_library_gives_nothing(own_shop):
    own_shop.grant("alice", "SELECT ON sales.orders, sales.open_orders")
    assert own_shop.value("alice", "SELECT count(*) FROM sales.orders") == 1000
    own_shop.server.set("shared_preload_libraries = ''")
    own_shop.server.restart()
    alice = own_shop.connect("alice")
    refused(alice, "SELECT count(*) FROM sales.orders")
    refused(alice, "SELECT count(*) FROM sales.open_orders")
    refused(alice, "EXPLAIN SELECT count(*) FROM sales.orders")


def test_create_extension_without_preloading_says_how_to_mend_it(own_server):
    own_server.set("shared_preload_libraries = ''")
    own_server.restart()
    output = own_server.psql("CREATE EXTENSION jit_access;", check=False)
    assert "shared_preload_libraries" in output
    assert "HINT" in output


@pytest.fixture
def restored(shop, new_shop):
    """A dump of the shop, restored into a database of its own."""
    def make():
        target = new_shop()
        shop.dba(f"DROP DATABASE {target.database} WITH (FORCE)")
        shop.dba(f"CREATE DATABASE {target.database}")
        dump = subprocess.run([str(BIN / "pg_dump")], check=True, capture_output=True, text=True,
                              env=shop.server.environment(database=shop.database)).stdout
        done = subprocess.run([str(BIN / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1"], input=dump,
                              text=True, capture_output=True,
                              env=shop.server.environment(database=target.database))
        assert done.returncode == 0, done.stderr
        return target
    return make


def test_live_grant_does_not_travel_in_a_dump(shop, restored):
    shop.grant("alice", "SELECT ON sales.orders")
    copy = restored()
    alice = copy.connect("alice")
    refused(alice, "SELECT count(*) FROM sales.orders")
    assert copy.dba("SELECT count(*) FROM jit.grants WHERE revoked_at IS NULL AND"
                    " expires_at > clock_timestamp()") == [(0,)]
    copy.push()
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_policies_and_what_is_over_travel_in_a_dump(shop, restored):
    shop.dba("INSERT INTO jit.policies (name, objects, max_duration)"
             " VALUES ('short', '{sales.*}', '10 minutes')")
    over = shop.ask("alice", "SELECT ON sales.orders", "5 minutes")
    shop.run("alice", "SELECT jit_cancel(%s)", [over])
    pending = shop.ask("alice", "SELECT ON sales.orders", "5 minutes")
    copy = restored()
    assert copy.dba("SELECT name FROM jit.policies") == [("short",)]
    assert copy.dba("SELECT id, requester FROM jit.requests") == [(over, "alice")]
    # Numbers go on after the last one: one request, one handle for its whole life.
    assert copy.ask("alice", "SELECT ON sales.items", "5 minutes") > pending
