"""Grants bound to a session, an address, a beginning."""

import datetime

import pytest
from psycopg import errors

from support.people import one, refused, wait_until


def test_session_grant_is_for_that_session_only(shop, alice):
    other = shop.connect("alice")
    request = shop.ask("alice", "SELECT ON sales.orders", on=alice, session_only=True)
    shop.approve(request)
    shop.push()
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    refused(other, "SELECT count(*) FROM sales.orders")
    alice.close()
    refused(shop.connect("alice"), "SELECT count(*) FROM sales.orders")


def test_session_grant_survives_discard_and_reset(shop, alice):
    request = shop.ask("alice", "SELECT ON sales.orders", on=alice, session_only=True)
    shop.approve(request)
    shop.push()
    alice.execute("DISCARD ALL")
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_address_grant_is_for_that_address_only(shop):
    shop.grant("alice", "SELECT ON sales.orders", client_addr="127.0.0.1")
    refused(shop.connect("alice"), "SELECT count(*) FROM sales.orders")
    near = shop.connect("alice", host="127.0.0.1", password="alice")
    assert one(near, "SELECT count(*) FROM sales.orders") == 1000


def test_grant_for_another_address_opens_nothing(shop):
    shop.grant("alice", "SELECT ON sales.orders", client_addr="192.0.2.1")
    near = shop.connect("alice", host="127.0.0.1", password="alice")
    refused(near, "SELECT count(*) FROM sales.orders")
    refused(shop.connect("alice"), "SELECT count(*) FROM sales.orders")


def test_address_range_grant(shop):
    shop.grant("alice", "SELECT ON sales.orders", client_addr="127.0.0.0/8")
    near = shop.connect("alice", host="127.0.0.1", password="alice")
    assert one(near, "SELECT count(*) FROM sales.orders") == 1000


def test_grant_starts_when_it_was_asked_to(shop, alice):
    begin = one(alice, "SELECT clock_timestamp() + interval '3 seconds'")
    request = shop.grant("alice", "SELECT ON sales.orders", "1 hour", starts_at=begin)
    refused(alice, "SELECT count(*) FROM sales.orders")
    assert shop.status(request) == "approved"
    wait_until(lambda: shop.dba("SELECT 1 WHERE clock_timestamp() > %s", [begin]))
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    assert shop.expires_at(request) - begin == datetime.timedelta(hours=1)
    shop.push()
    assert shop.status(request) == "active"


def test_grant_that_starts_is_seen_in_an_open_transaction(shop, alice):
    begin = one(alice, "SELECT clock_timestamp() + interval '2 seconds'")
    shop.grant("alice", "SELECT ON sales.orders", starts_at=begin)
    alice.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    one(alice, "SELECT 1")
    wait_until(lambda: shop.dba("SELECT 1 WHERE clock_timestamp() > %s", [begin]))
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_time_runs_from_the_push_not_from_the_request(shop, alice):
    request = shop.ask("alice", "SELECT ON sales.orders", "2 seconds")
    one(alice, "SELECT 1 FROM pg_sleep(2.5)")
    shop.approve(request)
    shop.push()
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000


def test_shorter_duration_of_the_approver_holds(shop, alice):
    request = shop.ask("alice", "SELECT ON sales.orders", "1 hour")
    shop.run("carol", "SELECT jit_approve(%s, 'a moment', interval '2 seconds')", [request])
    shop.push()
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    shop.wait_for_end(request)
    refused(alice, "SELECT count(*) FROM sales.orders")


def test_approver_cannot_lengthen(shop):
    request = shop.ask("alice", "SELECT ON sales.orders", "1 hour")
    with pytest.raises(errors.Error):
        shop.run("carol", "SELECT jit_approve(%s, 'more', interval '2 hours')", [request])
    assert shop.status(request) == "pending"
