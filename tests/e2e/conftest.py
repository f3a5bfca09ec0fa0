"""One throw-away cluster for all files; for each test a fresh copy of the sample shop's database."""

import itertools
import signal
import sys
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support import tokens  # noqa: E402
from support.audit import AuditShop  # noqa: E402
from support.certificates import Certificates  # noqa: E402
from support.masks import MASKED_SQL  # noqa: E402
from support.people import ROLES, Shop  # noqa: E402
from support.portal import Portal  # noqa: E402
from support.remote import ALL, Remote  # noqa: E402
from support.server import Server  # noqa: E402

SHOP_SQL = (Path(__file__).parent / "support" / "shop.sql").read_text()
TEMPLATE = "shop_template"
_numbers = itertools.count(1)


def prepare(server):
    """Roles and the template database that each test's own is copied from."""
    server.psql(f"CREATE DATABASE {TEMPLATE}")
    server.psql("CREATE EXTENSION jit_access", database=TEMPLATE)
    server.psql(ROLES, database=TEMPLATE)
    server.psql(SHOP_SQL, database=TEMPLATE)


def maintenance(server, statement):
    with psycopg.connect(host=server.host, port=server.port, user="postgres", dbname="postgres",
                         autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(autouse=True)
def time_limit():
    """A statement that should have been cut off must not hang the whole run."""
    def stop(*_):
        raise TimeoutError("the test took more than 90 seconds")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(90)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture(scope="session")
def server():
    server = Server("listen_addresses=127.0.0.1", "max_connections=200",
                    "jit_access.mask_key=a key for tests only")
    try:
        prepare(server)
        yield server
    finally:
        server.destroy()


@pytest.fixture
def new_shop(server):
    """Makes databases; one test may want two."""
    shops = []

    def make():
        database = f"shop_{next(_numbers)}"
        maintenance(server, f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
        shops.append(Shop(server, database))
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()
        maintenance(server, f"DROP DATABASE IF EXISTS {shop.database} WITH (FORCE)")


@pytest.fixture
def shop(new_shop):
    return new_shop()


@pytest.fixture
def alice(shop):
    return shop.connect("alice")


@pytest.fixture
def bob(shop):
    return shop.connect("bob")


@pytest.fixture
def own_server():
    """A cluster for a test that stops, crashes or reconfigures it."""
    server = Server("listen_addresses=127.0.0.1")
    try:
        prepare(server)
        yield server
    finally:
        server.destroy()


@pytest.fixture
def own_shop(own_server):
    maintenance(own_server, f"CREATE DATABASE shop TEMPLATE {TEMPLATE}")
    shop = Shop(own_server, "shop")
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def audit_server():
    """For tests that hold up or harm the audit log's worker, or the server itself."""
    server = Server("jit_access.audit_timeout=1500ms", "restart_after_crash=on")
    try:
        prepare(server)
        yield server
    finally:
        server.destroy()


@pytest.fixture
def audit_shop(audit_server):
    database = f"audited_{next(_numbers)}"
    maintenance(audit_server, f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
    shop = AuditShop(audit_server, database)
    yield shop
    shop.close()
    maintenance(audit_server, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


class MaskedShop(Shop):
    """One database for many tests that change nothing: alice sees it by grants, mallory natively."""

    def __init__(self, server, database):
        super().__init__(server, database)
        self._people = {}

    def person(self, role):
        """The role's one connection; whatever a test has set in it is gone."""
        if role not in self._people or self._people[role].closed:
            self._people[role] = self.connect(role, prepare_threshold=None)
        self._people[role].execute("DISCARD ALL")
        return self._people[role]


@pytest.fixture
def masked(shop):
    """The test's own shop, with masked columns."""
    shop.server.psql(MASKED_SQL, database=shop.database)
    return shop


@pytest.fixture(scope="module")
def masked_shop(server):
    database = f"masked_{next(_numbers)}"
    maintenance(server, f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
    server.psql(MASKED_SQL, database=database)
    shop = MaskedShop(server, database)
    shop.grant("alice", "SELECT, INSERT, UPDATE, DELETE, EXPORT ON ALL TABLES IN SCHEMA sales")
    yield shop
    shop.close()
    maintenance(server, f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture
def portals():
    """Starts daemons with the API; one test may want two."""
    started = []

    def start(*shops, **options):
        started.append(Portal(*shops, **options))
        return started[-1]

    yield start
    for portal in started:
        portal.close()


@pytest.fixture
def portal(shop, portals):
    """The API over the test's own shop."""
    return portals(shop)


@pytest.fixture
def url(portal):
    return f"http://127.0.0.1:{portal.server.port}"


@pytest.fixture
def remote(shop, url):
    """The command line of that person, with a token that may do all they may, or so much."""
    def make(role, *scopes, **environment):
        return Remote(url, tokens.create(shop, role, *(scopes or ALL))[1], **environment)
    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def quiet_portal(server):
    """One API for many tests that leave nothing behind for one another."""
    database = f"quiet_{next(_numbers)}"
    maintenance(server, f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
    shop = Shop(server, database)
    with Portal(shop, api="sessions_per_user = 1000") as portal:
        yield portal
    shop.close()
    maintenance(server, f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture(scope="session")
def gateway(server):
    """The login that sessions by token begin as."""
    server.psql(tokens.ROLES)


@pytest.fixture
def secret(gateway, shop):
    """Of a token of alice's that lacks only the scope to approve."""
    return tokens.create(shop, "alice", "request", "read", "query")[1]


@pytest.fixture
def session(shop, secret):
    return tokens.log_in(shop, secret)
