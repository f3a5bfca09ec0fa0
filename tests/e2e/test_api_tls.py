"""TLS: what it takes to be reached from elsewhere; certificates that change while the daemon runs."""

import socket
import ssl
import subprocess
import time

import pytest
from support.api import Server
from support.certificates import Certificates
from support.daemon import BINARY, Daemon
from support.people import wait_until


@pytest.fixture
def own_certificates(tmp_path):
    return Certificates(tmp_path)


def served_certificate(portal):
    with portal.server.socket() as connection:
        return connection.getpeercert(binary_form=True)


def test_everything_works_over_tls(shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    alice, carol = portal.login("alice"), portal.login("carol")
    with alice.events() as events:
        request = alice.ask()
        carol.post(f"/requests/{request}/approve").ok()
        events.wait_for("granted", request)
    assert alice.value("SELECT count(*) FROM sales.orders") == "1000"
    assert len(alice.sql("SELECT repeat('x', 1000) FROM generate_series(1, 5000)").rows) == 5000
    assert portal.bearer(alice.token("read")).user() == "alice"


def test_cookie_is_for_tls_and_this_host_alone(shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    alice = portal.login("alice")
    assert alice.set_cookie.startswith("__Host-jit_session=")
    assert "Secure" in alice.set_cookie and "Path=/" in alice.set_cookie and "Domain" not in alice.set_cookie
    secret = alice.headers["Cookie"].partition("=")[2]
    portal.with_headers(Cookie=f"jit_session={secret}").get("/me").problem("not-authenticated", 401)
    assert "max-age=" in portal.get("/targets").headers["Strict-Transport-Security"]


def test_origin_of_a_page_is_the_one_of_tls(shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    alice = portal.login("alice")
    host = f"localhost:{portal.daemon.port}"
    alice.with_headers(Origin=f"https://{host}").post("/sql", sql="SELECT 1").ok()
    alice.with_headers(Origin=f"http://{host}").post("/sql", sql="SELECT 1").problem("csrf", 403)


def test_behind_a_proxy_the_origin_is_the_one_that_it_is_known_by(shop, portals):
    portal = portals(shop, api='public_url = "https://jit.example"')
    alice = portal.login("alice")
    alice.with_headers(Origin="https://jit.example").post("/sql", sql="SELECT 1").ok()
    alice.with_headers(Origin="https://evil.example").post("/sql", sql="SELECT 1").problem("csrf", 403)


def test_plain_http_gets_no_answer_where_tls_is_spoken(shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    received = Server(portal.daemon.port).raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                                              timeout=5)
    assert b"200" not in received and b'"status"' not in received
    assert portal.get("/healthz").ok()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_versions_are_refused(version, shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificates.ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    with pytest.raises((ssl.SSLError, OSError)):
        with socket.create_connection(("127.0.0.1", portal.daemon.port)) as plain:
            context.wrap_socket(plain, server_hostname="localhost")
    with portal.server.socket() as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_new_certificate_counts_after_sighup_and_sessions_go_on(shop, portals, own_certificates):
    portal = portals(shop, tls=own_certificates)
    alice = portal.login("alice")
    with alice.events() as events:
        before = served_certificate(portal)
        own_certificates.renew()
        assert served_certificate(portal) == before
        portal.daemon.reload()
        assert served_certificate(portal) != before
        assert alice.user() == "alice"
        request = alice.ask()
        events.wait_for("requested", request)


@pytest.mark.parametrize("break_it, told", [(lambda c: c.certificate.write_text("no certificate"), "{c.certificate}: "),
                                            (lambda c: c.key.unlink(), "{c.key}: No such file"),
                                            (lambda c: c.key.write_text(c.ca.read_text()), "{c.key}: ")])
def test_broken_certificate_changes_nothing_and_is_told(break_it, told, shop, portals, own_certificates):
    portal = portals(shop, tls=own_certificates)
    before = served_certificate(portal)
    break_it(own_certificates)
    portal.daemon.reload()
    assert served_certificate(portal) == before
    assert portal.login("alice").user() == "alice"
    assert "the certificate stays as it was: " + told.format(c=own_certificates) in portal.daemon.log()


def test_client_that_never_speaks_tls_holds_up_nobody(shop, portals, certificates):
    portal = portals(shop, tls=certificates, api='client_timeout = "1s"')
    silent = [socket.create_connection(("127.0.0.1", portal.daemon.port)) for _ in range(20)]
    begun = time.monotonic()
    assert portal.get("/healthz").ok() and time.monotonic() - begun < 1
    for connection in silent:
        connection.settimeout(20)
        assert connection.recv(1) == b""
        connection.close()


def test_settings_of_the_api_count_after_a_reload(shop, portals):
    portal = portals(shop)
    alice = portal.login("alice")
    assert len(alice.sql("SELECT n FROM generate_series(1, 100) n").rows) == 100
    portal.reconfigure("max_rows = 5")
    assert len(alice.sql("SELECT n FROM generate_series(1, 100) n").rows) == 5


def test_mistakes_in_a_reloaded_configuration_change_nothing(shop, portals):
    portal = portals(shop)
    alice = portal.login("alice")
    portal.reconfigure("max_rows = 'many'")
    assert "configuration not reloaded" in portal.daemon.log()
    assert len(alice.sql("SELECT n FROM generate_series(1, 100) n").rows) == 100


def check(tmp_path, api):
    """`run --check` of a configuration with that table [api]."""
    config = tmp_path / "check.toml"
    config.write_text(f'[target.shop]\nconninfo = "dbname=shop"\n[api]\n{api}\n')
    return subprocess.run([BINARY, "run", "--check", "--config", str(config)], capture_output=True, text=True,
                          timeout=30)


@pytest.mark.parametrize("listen", ["0.0.0.0:8420", "[::]:8420", "192.0.2.1:8420"])
def test_beyond_loopback_it_takes_tls_or_plain_words(listen, tmp_path, certificates):
    refused = check(tmp_path, f'listen = "{listen}"')
    assert refused.returncode != 0 and "plaintext_beyond_loopback" in refused.stdout + refused.stderr
    assert check(tmp_path, f'listen = "{listen}"\nplaintext_beyond_loopback = true').returncode == 0
    assert check(tmp_path,
                 f'listen = "{listen}"\ntls_certificate = "{certificates.certificate}"\ntls_key = "{certificates.key}"').returncode == 0


def test_certificate_that_cannot_be_used_is_a_mistake_of_the_configuration(tmp_path, certificates):
    (tmp_path / "empty.pem").touch()
    for certificate, key, says in [(certificates.certificate, tmp_path / "none.pem", "none.pem: No such file"),
                                   (tmp_path / "empty.pem", certificates.key, "empty.pem: "),
                                   (certificates.certificate, certificates.ca, f"{certificates.ca}: ")]:
        refused = check(tmp_path, f'listen = "127.0.0.1:0"\ntls_certificate = "{certificate}"\ntls_key = "{key}"')
        assert refused.returncode == 2 and says in refused.stderr, refused


@pytest.mark.parametrize("api", ['listen = "localhost:8420"', 'listen = "8420"', 'listen = "127.0.0.1:99999"',
                                 'tls_certificate = "/x.pem"',
                                 'tls_certificate = "x.pem"\ntls_key = "x.key"', 'cors_origins = ["*"]', 'cors_origins = ["https://x/path"]',
                                 'trusted_proxies = ["everybody"]', 'metrics = "all"', "max_rows = 0", 'max_body = "many"', "unknown = 1",
                                 'idle_timeout = "never"', 'public_url = "jit.example"'])
def test_mistakes_in_the_table_api_are_told_with_their_line(api, tmp_path):
    refused = check(tmp_path, api)
    assert refused.returncode == 2 and "check.toml:" in refused.stdout + refused.stderr, refused


def test_without_the_table_nothing_listens(shop):
    daemon = Daemon(shop)
    try:
        listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True).stdout
        assert f"pid={daemon.process.pid}," not in listening and "serving HTTP" not in daemon.log()
    finally:
        daemon.close()


def test_what_counts_is_there_from_the_start(portal):
    text = portal.get("/metrics").text()
    target = f'target="{portal.shop.database}"'
    for name in ("jit_logins_failed_total", "jit_target_errors_total", "jit_push_duration_seconds_count", "jit_sql_rows_total"):
        assert f"{name}{{{target}}} 0\n" in text, name
    assert f'jit_request_events_total{{event="granted",{target}}} 0\n' in text


def test_metrics_are_for_this_machine_unless_told_otherwise(shop, portals):
    portal = portals(shop, api='trusted_proxies = ["127.0.0.1"]')
    portal.with_headers(X_Forwarded_For="203.0.113.1").get("/metrics").problem("forbidden", 403)
    assert portal.get("/metrics").status == 200
    portal.reconfigure('trusted_proxies = ["127.0.0.1"]\nmetrics = "everyone"')
    wait_until(lambda: portal.with_headers(X_Forwarded_For="203.0.113.1").get("/metrics").status == 200)
