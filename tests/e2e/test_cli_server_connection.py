"""The command line on its way to a server: tokens, proxies, certificates, whoever answers."""

import json
import re
import socket
import threading

import pytest
from support import tokens
from support.daemon import cli
from support.remote import Remote


# Tokens.

def test_token_is_made_alone_on_stdout_and_works(shop, url, tmp_path):
    made = cli(shop, "alice", "token", "create", "ci", "--scope", "read,request", "--lifetime", "2d")
    assert re.fullmatch(r"jit_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert made.stdout.strip() not in made.stderr
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(made.stdout)
    far = Remote(url, "")
    assert far("requests", "--token-file", file).stdout == ""
    [token] = json.loads(far("token", "list", "--json", "--token-file", file).stdout)
    assert (token["name"], token["scopes"], token["status"]) == ("ci", ["request", "read"], "active")
    cli(shop, "alice", "token", "revoke", token["id"])
    done = far("requests", "--token-file", file, check=False)
    assert done.returncode == 4
    assert made.stdout.strip() not in done.stderr


def test_token_in_json_has_all_of_it(shop):
    made = json.loads(cli(shop, "alice", "token", "create", "ci", "-s", "read", "--json").stdout)
    assert set(made) == {"id", "name", "token", "scopes", "expires_at"}
    assert made["scopes"] == ["read"]


def test_token_makes_no_tokens(remote):
    done = remote("alice")("token", "create", "more", "--scope", "read", check=False)
    assert done.returncode == 2 and "token create does not go through a server" in done.stderr


def test_token_revokes_tokens(shop, remote):
    id, secret = tokens.create(shop, "alice", "read")
    assert remote("alice")("token", "revoke", id).stdout == f"{id}\trevoked\n"


def test_scope_that_is_lacking_is_named(shop, remote):
    request = shop.ask("bob", "SELECT ON sales.orders")
    done = remote("carol", "read")("approve", request, check=False)
    assert done.returncode == 4
    assert 'lacks the scope "approve"' in done.stderr


@pytest.mark.parametrize("secret", ["", "nonsense", "jit_" + "x" * 42])
def test_what_is_no_token_is_not_sent_and_not_shown(secret):
    done = Remote("http://127.0.0.1:1", secret)("requests", check=False)
    assert done.returncode == 2
    assert not secret or secret not in done.stderr


def test_token_file_that_others_can_read_is_refused(url, tmp_path):
    file = tmp_path / "token"
    file.write_text("jit_" + "x" * 43)
    file.chmod(0o644)
    done = Remote(url, "")("requests", "--token-file", file, check=False)
    assert done.returncode == 2
    assert "chmod 600" in done.stderr


def test_unknown_token_is_not_let_in(url):
    secret = "jit_" + "x" * 43
    done = Remote(url, secret)("requests", check=False)
    assert done.returncode == 4
    assert secret not in done.stderr + done.stdout


# The way there.

class Listener:
    """Writes down what comes, and answers with what it is told to."""

    def __init__(self, answer):
        self.received = b""
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.received += connection.recv(65536)
                connection.sendall(self._answer)

    def close(self):
        self._socket.close()


@pytest.fixture
def listen():
    started = []

    def start(answer=b""):
        started.append(Listener(answer))
        return started[-1]

    yield start
    for one in started:
        one.close()


SECRET = "jit_" + "s" * 43


def test_plain_http_stays_on_this_machine():
    for url in ("http://10.0.0.1", "http://localhost.example.com", "http://0.0.0.0"):
        done = Remote(url, SECRET)("requests", check=False)
        assert done.returncode == 2
        assert "--insecure-http" in done.stderr


def test_redirection_does_not_carry_the_token_away(listen):
    other = listen()
    first = listen(f"HTTP/1.1 307 Away\r\nLocation: {other.url}/api/v1/requests\r\nContent-Length: 0\r\n\r\n".encode())
    done = Remote(first.url, SECRET)("requests", check=False)
    assert done.returncode == 1
    assert b"Bearer " + SECRET.encode() in first.received
    assert other.received == b""


def test_proxy_of_the_environment_does_not_read_the_token(url, listen):
    proxy = listen()
    environment = {"http_proxy": proxy.url, "all_proxy": proxy.url}
    assert Remote(url, SECRET, **environment)("requests", check=False).returncode == 4
    assert proxy.received == b""


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
                                    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>...",
                                    b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno",
                                    b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"])
def test_answer_of_something_else_is_told_from_a_coordinators(listen, answer):
    for arguments in (("requests",), ("audit",), ("show", "1"), ("approve", "1"), ("policy", "list")):
        done = Remote(listen(answer).url, SECRET)(*arguments, check=False)
        assert done.returncode in (1, 6), done
        assert done.stderr.startswith("error: ")
        assert SECRET not in done.stderr


def test_odd_values_of_a_server_are_shown_escaped(listen):
    body = json.dumps({"requests": [{"id": "x", "status": 5, "requester": "a\x1b[2J", "duration": {}, "created_at": []}, 7, None],
                       "next_cursor": 5}).encode()
    other = listen(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    done = Remote(other.url, SECRET)("requests", "--output", "table")
    assert "\x1b" not in done.stdout
    assert "a\\x1b[2J" in done.stdout


def test_nobody_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
    done = Remote(f"http://127.0.0.1:{port}", SECRET)("requests", check=False)
    assert done.returncode == 6


def test_server_that_says_nothing_times_out():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = "http://127.0.0.1:%d" % silent.getsockname()[1]
        done = Remote(url, SECRET)("requests", "--timeout", "300ms", check=False)
    assert done.returncode == 124


def test_certificate_has_to_be_trusted(shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    secret = tokens.create(shop, "alice", "read")[1]
    far = Remote(f"https://localhost:{portal.server.port}", secret)
    done = far("requests", check=False)
    assert done.returncode == 6
    assert "--ca-file" in done.stderr
    assert far("requests", "--ca-file", certificates.ca).returncode == 0
