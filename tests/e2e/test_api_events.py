"""Events come as things change, to those who may see them, in order, once, and after a break from where one was."""

import time

import pytest
from support.people import wait_until


@pytest.fixture
def alice(portal):
    return portal.login("alice")


@pytest.fixture
def carol(portal):
    return portal.login("carol")


def live(caller):
    """A stream that has begun, so that what happens now is in it."""
    return caller.events()


def test_life_of_a_request_comes_as_it_happens(alice, carol):
    with live(alice) as events:
        request = alice.ask()
        carol.post(f"/requests/{request}/approve").ok()
        events.wait_for("granted", request)
        carol.post(f"/requests/{request}/revoke").ok()
        event = events.wait_for("revoked", request)
        assert events.kinds(request) == ["requested", "approved", "granted", "revoked"]
        assert (event["data"]["requester"], event["data"]["actor"],
                event["data"]["status"]) == ("alice", "carol", "revoked")
        ids = [e["id"] for e in events.received]
        assert ids == sorted(set(ids))


def test_approvers_hear_of_what_they_can_decide(alice, carol):
    with live(carol) as events:
        request = alice.ask(reason="for carol's eyes")
        assert events.wait_for("requested", request)["data"]["access"] == "SELECT ON sales.orders"


def test_strangers_hear_nothing_of_it(portal, alice, carol):
    bob = portal.login("bob")
    with live(bob) as events:
        request = alice.ask()
        carol.post(f"/requests/{request}/approve").ok()
        alice.token("read", name="hers")
        own = bob.ask()
        events.wait_for("requested", own)
        assert {e["data"]["request_id"] for e in events.received} == {own}
        assert "token_created" not in events.kinds()


def test_strangers_get_nothing_of_it_by_asking_for_what_was(portal, alice):
    request = alice.ask()
    bob = portal.login("bob")
    with bob.events(since=0) as events:
        own = bob.ask()
        events.wait_for("requested", own)
        assert events.kinds(request) == []


def test_what_is_done_by_sql_comes_too(shop, alice):
    with live(alice) as events:
        request = shop.ask("alice", "SELECT ON sales.orders")
        shop.approve(request)
        events.wait_for("granted", request)


def test_nothing_is_missed_and_nothing_comes_twice_over_a_break(alice, carol):
    with live(alice) as events:
        first = alice.ask(reason="first")
        last = events.wait_for("requested", first)["id"]
    missed = [alice.ask(reason=f"missed {n}") for n in range(5)]
    with alice.events(last_event_id=last) as events:
        then = alice.ask(reason="then")
        events.wait_for("requested", then)
        asked = [e["data"]["request_id"] for e in events.received if e["event"] == "requested"]
        assert asked == missed + [then]


def test_a_long_break_is_caught_up_with(shop, alice):
    with live(alice) as events:
        first = alice.ask(reason="first")
        last = events.wait_for("requested", first)["id"]
    shop.value("alice",
               "SELECT count(jit_request('SELECT ON sales.orders', '1 hour', 'number ' || n)) FROM generate_series(1, 900) n")
    with alice.events(last_event_id=last) as events:
        wait_until(lambda: len(events.kinds()) >= 900, 60, "all that was missed")
        ids = [e["id"] for e in events.received]
        assert ids == sorted(set(ids)) and events.kinds() == ["requested"] * 900


def test_from_the_beginning_is_everything(alice, carol):
    request = alice.ask()
    carol.post(f"/requests/{request}/deny").ok()
    with alice.events(since=0) as events:
        events.wait_for("denied", request)
        assert events.kinds(request) == ["requested", "denied"]


def test_without_a_number_it_begins_now(alice):
    with alice.events(since=0) as events:
        before = alice.ask()
        events.wait_for("requested", before)
    with live(alice) as events:
        after = alice.ask()
        events.wait_for("requested", after)
        assert events.kinds(before) == [] and events.kinds(after) == ["requested"]


def test_number_ahead_of_the_log_is_told_to_begin_anew(alice):
    with alice.events(last_event_id=10**15) as events:
        assert events.wait_for("reset")["id"] is None
        request = alice.ask()
        events.wait_for("requested", request)


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "1 OR true", "99999999999999999999"])
def test_numbers_that_are_none_are_refused(number, alice):
    with alice.events(last_event_id=number) as events:
        assert events.status == 422


def test_header_counts_before_the_parameter(alice):
    first, second = alice.ask(), alice.ask()
    with alice.events(since=0) as events:
        last = events.wait_for("requested", first)["id"]
    with alice.events(since=0, last_event_id=last) as events:
        events.wait_for("requested", second)
        assert events.kinds(first) == []


def test_texts_with_line_breaks_forge_no_event(alice, carol):
    with live(carol) as events:
        request = alice.ask(reason="innocent\n\nid: 1\nevent: revoked\ndata: {}\r\n\r\nevent: granted\rdata: {}")
        event = events.wait_for("requested", request)
        then = alice.ask()
        events.wait_for("requested", then)
        assert events.kinds() == ["requested", "requested"]
        assert "event: revoked" in event["data"]["detail"]["reason"]


def test_tokens_and_policies_are_events_for_those_they_concern(shop, portal, alice, carol):
    bob = portal.login("bob")
    with live(alice) as hers, live(carol) as approvers, live(bob) as his:
        made = alice.post("/tokens", name="ci", scopes=["read"]).ok(201)
        alice.delete(f"/tokens/{made['id']}").ok()
        shop.dba("INSERT INTO jit.policies (name) VALUES ('new')")
        assert hers.wait_for("token_created")["data"]["token_id"] == made["id"]
        hers.wait_for("token_revoked")
        approvers.wait_for("policy_changed")
        approvers.wait_for("token_created")
        own = bob.ask()
        his.wait_for("requested", own)
        assert his.kinds() == ["requested"]
        assert made["token"] not in str(hers.received) + str(approvers.received)


def test_what_one_may_no_longer_read_is_not_shown_from_memory(shop, portal, alice):
    shop.dba("CREATE ROLE olga LOGIN PASSWORD 'olga' IN ROLE jit_approver")
    olga = portal.login("olga")
    request = alice.ask()
    with olga.events(since=0) as first:
        first.wait_for("requested", request)
        shop.dba("REVOKE jit_approver FROM olga; GRANT jit_requester TO olga; GRANT USAGE ON SCHEMA sales TO olga")
        time.sleep(10.5)
        with olga.events(since=0) as second:
            own = olga.ask()
            second.wait_for("requested", own)
            assert second.kinds(request) == []
    shop.dba("DROP OWNED BY olga; DROP ROLE olga")


def test_stream_ends_with_its_session(portal):
    alice = portal.login("alice")
    with live(alice) as events:
        alice.post("/logout")
        assert events.ended.wait(15), "it goes on"
    with alice.events() as events:
        assert events.status == 401


def test_stream_of_a_token_takes_the_scope_and_ends_with_the_token(portal, alice):
    made = alice.post("/tokens", name="ci", scopes=["read"]).ok(201)
    with portal.bearer(alice.token("query", name="no")).events() as events:
        assert events.status == 403
    with portal.bearer(made["token"]).events() as events:
        request = alice.ask()
        events.wait_for("requested", request)
        alice.delete(f"/tokens/{made['id']}").ok()
        assert events.ended.wait(15), "it goes on"


def test_open_stream_keeps_no_idle_session_alive_for_ever(shop, portals):
    portal = portals(shop, api='session_lifetime = "3s"')
    with live(portal.login("alice")) as events:
        assert events.ended.wait(20), "it goes on"


def test_streams_of_a_user_are_limited(shop, portals):
    portal = portals(shop, api="event_streams_per_user = 2")
    alice = portal.login("alice")
    with alice.events(), alice.events():
        with alice.events() as third:
            assert third.status == 429
        with portal.login("bob").events() as other:
            assert other.status == 200
    wait_until(lambda: _opens(alice), what="room after the streams were closed")


def _opens(caller):
    with caller.events() as events:
        return events.status == 200


def test_many_streams_hear_the_same(portal, alice):
    streams = [alice.events() for _ in range(30)]
    try:
        request = alice.ask()
        for events in streams:
            events.wait_for("requested", request)
    finally:
        for events in streams:
            events.close()


def test_stream_is_neither_kept_nor_compressed_on_its_way(alice):
    with alice.events() as events:
        assert events.headers["Content-Type"].startswith("text/event-stream")
        assert events.headers["Cache-Control"] == "no-store" and "Content-Encoding" not in events.headers
        assert events.headers["X-Accel-Buffering"] == "no"


def test_events_come_while_the_session_works(alice):
    with live(alice) as events:
        # More rows than the server keeps back before it sends, then a long sleep.
        slow = "SELECT CASE WHEN n < 500 THEN repeat('x', 1000) ELSE pg_sleep(60)::text END FROM generate_series(1, 500) n"
        with alice.stream(body={"sql": slow}):
            request = alice.ask()
            events.wait_for("requested", request)
