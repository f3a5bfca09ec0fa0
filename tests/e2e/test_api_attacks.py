"""What is not HTTP, not JSON, too much of either, or two requests at once: refused, and nobody else is harmed."""

import json
import socket

import pytest
from support.api import parse
from support.people import wait_until

HOST = "Host: 127.0.0.1\r\n"


@pytest.fixture
def alice(portal):
    return portal.login("alice")


@pytest.fixture(scope="module")
def quiet_alice(quiet_portal):
    return quiet_portal.login("alice")


def credentials(caller):
    return "".join(f"{name}: {value}\r\n" for name, value in caller.headers.items())


def first_status(received):
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.") else None


def refused(received, *statuses):
    """One answer at most, with one of these statuses (or none: cut off), and no second request was seen in it."""
    assert received.count(b"HTTP/1.1 ") <= 1, received
    assert not received or first_status(received) in (statuses or (400,)), received
    if received and b"application/problem+json" in received:
        json.loads(received.partition(b"\r\n\r\n")[2])


# Requests in requests

@pytest.mark.parametrize("heads", [
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Content-Length: 4\r\nContent-Length: 5\r\n",
    "Content-Length: 4, 5\r\n",
    "Content-Length: +4\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 0x4\r\n",
    "Content-Length: 4 4\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding:\x0bchunked\r\n",
    "Content-Length: 4\r\n Transfer-Encoding: chunked\r\n",
])
def test_lengths_that_two_readers_could_read_differently_are_refused(heads, quiet_portal, quiet_alice):
    smuggled = f"GET /api/v1/me HTTP/1.1\r\n{HOST}{credentials(quiet_alice)}\r\n"
    received = quiet_portal.server.raw(f"POST /api/v1/sql HTTP/1.1\r\n{HOST}{credentials(quiet_alice)}Content-Type: application/json\r\n{heads}\r\n"
                                 f"0\r\n\r\n{smuggled}", timeout=4)
    refused(received, 400, 411, 413, 415, 501)
    assert b'"user"' not in received
    assert quiet_alice.user() == "alice"


@pytest.mark.parametrize("body", ["xyz\r\n", "5\r\nhello", "-1\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n\r\n",
                                  "0x2\r\n{}\r\n0\r\n\r\n",
                                  "2\r\n{}XX0\r\n\r\n"])
def test_chunks_that_are_none_are_refused(body, quiet_portal, quiet_alice):
    received = quiet_portal.server.raw(f"POST /api/v1/sql/cancel HTTP/1.1\r\n{HOST}{credentials(quiet_alice)}Content-Type: application/json\r\n"
                                 f"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{body}", timeout=4)
    refused(received, 400, 408, 413, 431)
    assert quiet_alice.user() == "alice"


def test_endless_extension_of_a_chunk_is_cut_off(portal, alice):
    with portal.server.socket(timeout=20) as connection:
        connection.sendall(f"POST /api/v1/sql/cancel HTTP/1.1\r\n{HOST}{credentials(alice)}Content-Type: application/json\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n2;".encode())
        with pytest.raises(ConnectionError):
            for _ in range(64):
                connection.sendall(b"a" * 1_000_000)


def test_folded_header_lines_are_no_headers_of_their_own(portal, alice):
    received = portal.server.raw(f"GET /api/v1/me HTTP/1.1\r\n{HOST}X: y\r\n Cookie: {alice.headers['Cookie']}\r\nConnection: close\r\n\r\n")
    assert first_status(received) in (400, 401), received


def test_chunked_bodies_are_read(portal, alice):
    received = portal.server.raw(f"POST /api/v1/sql/cancel HTTP/1.1\r\n{HOST}{credentials(alice)}Content-Type: application/json\r\n"
                                 "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
    assert first_status(received) == 200 and b'"cancelled":false' in received


def test_requests_one_after_the_other_are_answered_in_their_order(portal, alice):
    one = f"GET /api/v1/me HTTP/1.1\r\n{HOST}{credentials(alice)}\r\n"
    nobody = f"GET /api/v1/me HTTP/1.1\r\n{HOST}\r\n"
    last = f"GET /healthz HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"
    answers = parse(portal.server.raw(one + nobody + one + last))
    assert [status for status, _, _ in answers] == [200, 401, 200, 200]


def test_a_body_that_a_get_brings_is_not_the_next_request(portal, alice):
    inner = f"GET /api/v1/me HTTP/1.1\r\n{HOST}{credentials(alice)}\r\n"
    received = portal.server.raw(f"GET /healthz HTTP/1.1\r\n{HOST}Content-Length: {len(inner)}\r\nConnection: close\r\n\r\n{inner}")
    assert received.count(b"HTTP/1.1 ") == 1 and b'"user"' not in received


# Heads

@pytest.mark.parametrize("request_line", [
    "GET /api/v1/me", "GET  /api/v1/me HTTP/1.1", "GET /api/v1/me HTTP/1.1 ", "GET /api/v1/me HTTP/9.9", "GET /api/v1/me HTTP/2.0",
    "/api/v1/me HTTP/1.1", "GET\t/api/v1/me\tHTTP/1.1", "G\0T /api/v1/me HTTP/1.1", "GET api/v1/me HTTP/1.1", "\x16\x03\x01\x02\x00",
    "GET * HTTP/1.1", "CONNECT 127.0.0.1:22 HTTP/1.1", "GET http://evil.example/api/v1/me HTTP/1.1", "TRACE /api/v1/me HTTP/1.1",
    "GET /api/v1/me?\x00 HTTP/1.1", "GET /api/v1/m\xe9 HTTP/1.1", "PRI * HTTP/2.0"])
def test_request_lines_that_are_none_are_refused(request_line, quiet_portal, quiet_alice):
    received = quiet_portal.server.raw(f"{request_line}\r\n{HOST}{credentials(quiet_alice)}Connection: close\r\n\r\n",
                                       timeout=4)
    refused(received, 400, 404, 405, 501, 505)
    assert b'"user"' not in received and b"Cookie" not in received


@pytest.mark.parametrize("heads", ["Bad Name: x\r\n", ": x\r\n", "NoColon\r\n", "X: a\0b\r\n", "X: a\rb\r\n",
                                   "X\x80: y\r\n"])
def test_header_lines_that_are_none_are_refused(heads, quiet_portal):
    received = quiet_portal.server.raw(f"GET /healthz HTTP/1.1\r\n{HOST}{heads}Connection: close\r\n\r\n", timeout=4)
    refused(received, 400)


def test_answers_hold_nothing_of_the_request_that_could_be_a_header(portal):
    for path in ("/api/v1/x%0d%0aSet-Cookie:%20jit_session=evil", "/api/v1/requests/1%0d%0aX:y"):
        received = portal.server.raw(f"GET {path} HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n")
        head = received.partition(b"\r\n\r\n")[0]
        assert b"evil" not in head and b"\r\nX:" not in head


def test_heads_are_limited(portal):
    for request in (f"GET /healthz?{'a' * 20_000} HTTP/1.1\r\n{HOST}\r\n",
                    f"GET /healthz HTTP/1.1\r\n{HOST}X: {'a' * 20_000}\r\n\r\n",
                    f"GET /healthz HTTP/1.1\r\n{HOST}" + "".join(f"X{n}: y\r\n" for n in range(5000)) + "\r\n"):
        received = portal.server.raw(request, timeout=5)
        refused(received, 431, 414)
        assert b"header-too-large" in received
    assert portal.get("/healthz").ok()


@pytest.mark.parametrize("path", [
    "/api/v1/../v1/me", "/api/v1/./me", "//api/v1/me", "/api//v1/me", "/api/v1/%2e%2e/v1/me", "/api/v1/me/", "/API/V1/ME", "/api/v1/me%00",
    "/api/v1/me;a=b", "/api/v1%2fme", "/api/v1/%6de%2f", "/api/v1/me%", "/api/v1/me%zz", "/api/v1/%c0%ae%c0%ae/me", "/api/v1/me#x",
    "\\api\\v1\\me", "/api/v1/me%20", "/healthz/../api/v1/me", "/api/v1/requests/../me"])
def test_paths_have_one_spelling(path, quiet_portal, quiet_alice):
    received = quiet_portal.server.raw(f"GET {path} HTTP/1.1\r\n{HOST}{credentials(quiet_alice)}Connection: close\r\n\r\n",
                                 timeout=4)
    assert first_status(received) in (400, 404), received


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "localhost.evil.example",
                                  "localhostx", "[::1", "", "1.2.3.4.5"])
def test_a_name_that_a_stranger_made_lead_here_is_not_ours(host, quiet_portal, quiet_alice):
    received = quiet_portal.server.raw(f"GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    refused(received, 421, 400)
    quiet_alice.with_headers(Host="evil.example", Origin="http://evil.example").get("/me").problem("unknown-host", 421)


def test_names_of_ours_are(shop, portals):
    portal = portals(shop, api='public_url = "https://jit.example"')
    for host in ("localhost", "LOCALHOST:1", "localhost.", "127.0.0.1:8420", "[::1]:8420", "10.1.2.3", "jit.example:444",
                 socket.gethostname()):
        assert portal.with_headers(Host=host).get("/healthz").status == 200, host


def test_letters_of_a_path_may_be_escaped_and_are_the_same_path(portal):
    received = portal.server.raw(f"GET /api/v1/%6de HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n")
    assert first_status(received) in (401, 404)  # never one that needs no credentials


def test_method_in_a_header_or_parameter_is_no_method(portal, alice):
    request = alice.ask()
    carol = portal.login("carol")
    for caller in (carol.with_headers(X_HTTP_Method_Override="POST"), carol.with_headers(X_Method_Override="POST")):
        caller.get(f"/requests/{request}/approve").problem("method-not-allowed", 405)
    assert alice.status(request) == "pending"


# Bodies

def test_bodies_are_limited_before_they_are_read(portal, alice):
    received = portal.server.raw(f"POST /api/v1/sql HTTP/1.1\r\n{HOST}{credentials(alice)}Content-Type: application/json\r\n"
                                 "Content-Length: 100000000000\r\n\r\n{", timeout=5)
    refused(received, 413)
    endless = f"POST /api/v1/sql HTTP/1.1\r\n{HOST}{credentials(alice)}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    received = portal.server.raw(endless + ("10000\r\n" + "x" * 0x10000 + "\r\n") * 40, timeout=5)
    refused(received, 413)
    assert alice.value("SELECT length($1)", "x" * 900_000) == 900_000


def test_whoever_sends_a_body_beyond_the_limit_gets_to_the_answer(portal):
    with portal.server.socket() as proxy:
        proxy.sendall(f"POST /api/v1/login HTTP/1.1\r\n{HOST}Content-Type: application/json\r\nContent-Length: {6 << 20}\r\n\r\n".encode())
        proxy.sendall(b"x" * (6 << 20))
        assert proxy.recv(64).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}{}", b"{'sql': 1}",
                                  b'{"sql": "SELECT 1",}', b"\xff\xfe{\x00",
                                  b'{"sql": "\xff"}', b'{"sql": "\\ud800"}', b"\xef\xbb\xbf{", b'{"sql": NaN}', b"{\"sql\": \"a\nb\"}",
                                  b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b'{"parameters": ' + b"[" * 5000 + b"]" * 5000 + b"}"],
                         ids=lambda body: body[:20].decode("latin-1"))
def test_what_is_no_json_object_is_refused(body, quiet_alice):
    answer = quiet_alice.call("POST", "/sql", data=body, headers={"Content-Type": "application/json"})
    answer.problem("bad-json", 400)
    assert quiet_alice.user() == "alice"


def test_members_that_are_there_twice_do_not_slip_past_a_check(shop, portal, alice):
    body = b'{"access": "SELECT ON sales.orders", "access": "SELECT ON sales.items", "duration": "1h", "reason": "x"}'
    answer = alice.call("POST", "/requests", data=body, headers={"Content-Type": "application/json"})
    if answer.status == 201:  # then one of them counts, all through
        request = answer.json()
        assert [o["relation"] for o in request["objects"]] == [request["access"].removeprefix("SELECT ON ")]
    else:
        answer.problem(status=400)


@pytest.mark.parametrize("value", [1e400, -1, 0, 1.5, "1", True, [], {}, 2**63, 2**64, 10**30])
def test_numbers_are_whole_and_within_bounds(value, quiet_alice):
    data = json.dumps({"sql": "SELECT 1", "connection": value}).replace("Infinity", "1e400").encode()
    answer = quiet_alice.call("POST", "/sql", data=data, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 422), answer


@pytest.mark.parametrize("media", ["", "application/json; charset=utf-16", "text/json", "application/jsonx",
                                   "application/json, text/plain"])
def test_other_types_than_json_are_refused(media, quiet_alice):
    answer = quiet_alice.call("POST", "/sql", data=b'{"sql": "SELECT 1"}', headers={"Content-Type": media})
    if media.endswith("utf-16"):
        assert answer.status in (200, 415)
    else:
        answer.problem("unsupported-media-type", 415)


def test_nul_in_whatever_member_cuts_nothing_off(shop, alice):
    for body in ({"access": "SELECT ON sales.orders\0, sales.items", "duration": "1h", "reason": "x"},
                 {"access": "SELECT ON sales.orders", "duration": "1h\0", "reason": "x"},
                 {"access": "SELECT ON sales.orders", "duration": "1h", "reason": "x\0y"},
                 {"access": "SELECT ON sales.orders", "duration": "1h", "reason": "x", "ticket": "a\0b"}):
        alice.call("POST", "/requests", body=body).problem("invalid-field", 422)
    assert shop.dba("SELECT count(*) FROM jit.requests") == [(0,)]
    alice.get("/catalogue/tables/sales/orders%00x").problem()
    alice.call("GET", "/requests", {"ticket": "a\0b"}).problem()


# Time and number

def test_client_that_never_finishes_its_request_is_cut_off(shop, portals):
    portal = portals(shop, api='client_timeout = "1s"')
    for beginning in (b"GET /heal",
                      b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", b""):
        with portal.server.socket(timeout=100) as slow:
            slow.settimeout(20)
            slow.sendall(beginning)
            if beginning:
                while slow.recv(4096):
                    pass


def test_a_byte_now_and_then_does_not_prolong_it(shop, portals):
    portal = portals(shop, api='client_timeout = "1s"')
    with portal.server.socket() as slow:
        slow.settimeout(0.2)

        def cut_off():
            try:
                slow.sendall(b"G")
                return slow.recv(4096) == b""
            except socket.timeout:
                return False
            except ConnectionError:
                return True

        wait_until(cut_off, 20, "the slow client being cut off")


def test_connections_are_limited_and_those_there_are_go_on(shop, portals):
    portal = portals(shop, api='max_connections = 20\nclient_timeout = "60s"')
    alice = portal.login("alice")
    with alice.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as before:
        idle = [portal.server.socket() for _ in range(40)]
        request = alice_asks_by_sql(shop)
        while f'"request_id":{request}'.encode() not in before.response.readline():
            pass
        for connection in idle:
            connection.close()
    wait_until(lambda: _works(alice), what="room after the idle ones have gone")


def alice_asks_by_sql(shop):
    return shop.ask("alice", "SELECT ON sales.orders")


def _works(caller):
    try:
        return caller.user() == "alice"
    except OSError:
        return False


# One another

def test_a_failing_request_leaves_nothing_for_the_next_one_on_its_connection(portal, alice):
    bad = f"GET /api/v1/requests?limit=x HTTP/1.1\r\n{HOST}{credentials(alice)}\r\n"
    nobody = f"GET /api/v1/me HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"
    answers = parse(portal.server.raw(bad + nobody))
    assert [status for status, _, _ in answers] == [422, 401]


def test_log_lines_cannot_be_forged(portal):
    portal.server.raw(f"GET /x%0atime=now%20level=info%20msg=forged HTTP/1.1\r\n{HOST}X-A: b\r\nConnection: close\r\n\r\n")
    portal.call("POST", "/login", body={"user": "x\nlevel=info msg=forged", "password": "x"})
    assert not [line for line in portal.daemon.log().splitlines() if line.startswith(("level=info msg=forged",
                                                                                      "time=now"))]
