"""Whoever guesses is slowed down; whoever knows a name and no password keeps its owner out of nowhere."""

import threading


def test_attempts_are_limited_and_told_how_long_to_wait(shop, portals):
    portal = portals(shop, api="login_attempts = 3")
    for _ in range(3):
        portal.login("alice", "wrong", expect=401)
    answer = portal.login("alice", expect=429)
    answer.problem("too-many-attempts")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_attempts_are_limited_by_address_whoever_is_tried(shop, portals):
    portal = portals(shop, api="login_attempts = 3")
    for user in ("alice", "bob", "carol"):
        portal.login(user, "wrong", expect=401)
    portal.login("dave", expect=429).problem("too-many-attempts")


def test_a_header_does_not_make_another_address_of_an_untrusted_caller(shop, portals):
    portal = portals(shop, api="login_attempts = 3")
    for n in range(3):
        caller = portal.with_headers(X_Forwarded_For=f"203.0.113.{n}", Forwarded=f"for=203.0.113.{n}")
        caller.call("POST", "/login", body={"user": f"nobody{n}", "password": "x"}).problem(status=401)
    portal.login("alice", expect=429).problem("too-many-attempts")


def test_attempts_that_went_well_count_for_nothing(shop, portals):
    portal = portals(shop, api="login_attempts = 3\nsessions_per_user = 100")
    for _ in range(6):
        portal.login("alice")


def test_attempts_made_all_at_once_are_limited_as_well(shop, portals):
    portal = portals(shop, api="login_attempts = 3")
    statuses = []

    def attempt():
        statuses.append(portal.call("POST", "/login", body={"user": "alice", "password": "wrong"}).status)

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(401) <= 3 and statuses.count(429) >= 17, statuses


def test_behind_a_trusted_proxy_attempts_count_by_the_address_that_it_names(shop, portals):
    portal = portals(shop, api='trusted_proxies = ["127.0.0.1"]\nlogin_attempts = 2')

    def attempt(address, user):
        return portal.with_headers(X_Forwarded_For=address).call("POST", "/login",
                                                                 body={"user": user, "password": "wrong"}).status

    assert [attempt("203.0.113.1", f"nobody{n}") for n in range(3)] == [401, 401, 429]
    assert attempt("203.0.113.2", "nobody9") == 401
    # What the caller wrote in front of the proxy's own entry proves nothing.
    assert [attempt(f"203.0.113.{n}, 203.0.113.77", f"somebody{n}") for n in range(10, 13)] == [401, 401, 429]


class Anywhere:
    """Callers at any address, as a trusted proxy tells of them."""

    def __init__(self, portal):
        self.portal = portal

    def login(self, address, user, password):
        return self.portal.with_headers(X_Forwarded_For=address).call("POST", "/login",
                                                                      body={"user": user, "password": password}).status


def test_strangers_keep_nobody_out_of_where_they_have_logged_in_before(shop, portals):
    anywhere = Anywhere(portals(shop, api='trusted_proxies = ["127.0.0.1"]\nlogin_attempts = 2'))
    assert anywhere.login("198.51.100.9", "alice", "alice") == 201
    guessed = [anywhere.login(f"203.0.113.{n // 2}", "alice", "wrong") for n in range(30)]
    assert guessed.count(401) == 20 and guessed[20:] == [429] * 10
    assert anywhere.login("203.0.113.99", "alice", "alice") == 429
    assert anywhere.login("198.51.100.9", "alice", "alice") == 201
    assert anywhere.login("203.0.113.99", "bob", "bob") == 201


def test_one_stranger_keeps_nobody_out_elsewhere(shop, portals):
    anywhere = Anywhere(portals(shop, api='trusted_proxies = ["127.0.0.1"]\nlogin_attempts = 2'))
    assert [anywhere.login("203.0.113.1", "alice", "wrong") for _ in range(4)] == [401, 401, 429, 429]
    assert anywhere.login("203.0.113.2", "alice", "alice") == 201


def test_addresses_of_one_ipv6_network_are_one_guesser(shop, portals):
    anywhere = Anywhere(portals(shop, api='trusted_proxies = ["127.0.0.1"]\nlogin_attempts = 2'))
    assert [anywhere.login(f"2001:db8::{n}", f"nobody{n}", "wrong") for n in range(1, 5)] == [401, 401, 429, 429]
    assert anywhere.login("2001:db8:0:1::1", "alice", "alice") == 201
