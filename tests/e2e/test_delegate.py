"""Asking for others: the request, its limits and its grants are theirs, and its approval somebody else's."""

import pytest

from support.audit import event
from support.people import one, refused

ROLES = """
CREATE ROLE bot LOGIN IN ROLE jit_delegate;
CREATE ROLE botapp LOGIN IN ROLE jit_delegate, jit_approver;
"""


@pytest.fixture(scope="module", autouse=True)
def delegates(server):
    server.psql(ROLES)


def ask_as(shop, delegate, requester, access, duration="1 hour"):
    return shop.value(delegate, "SELECT jit_request_as(%s, %s, %s::interval, 'asked in the chat', ticket => 'T-1')",
                      [requester, access, duration])


def test_access_is_the_requesters_and_not_the_delegates(shop, alice):
    request = ask_as(shop, "bot", "alice", "SELECT ON sales.orders")
    shop.approve(request)
    shop.push()
    assert one(alice, "SELECT count(*) FROM sales.orders") == 1000
    with shop.connect("bot") as bot:
        bot.autocommit = True
        refused(bot, "SELECT count(*) FROM sales.orders")
        assert bot.execute("SELECT requester, requested_by, status FROM jit.visible_requests").fetchall() == [("alice", "bot", "active")]


def test_audit_log_names_both(shop):
    request = ask_as(shop, "bot", "alice", "SELECT ON sales.orders")
    record = event(shop, "requested", f"{request} = ANY (request_ids)")
    assert record["session_user_name"] == "bot"
    assert (record["detail"]["requester"], record["detail"]["requested_by"]) == ("alice", "bot")


def test_no_chain_of_roles_lets_a_delegate_approve(shop):
    mine = ask_as(shop, "botapp", "alice", "SELECT ON sales.orders")
    other = shop.ask("bob", "SELECT ON sales.orders")
    with shop.connect("botapp") as both:
        for role in ("RESET ROLE", "SET ROLE jit_approver"):
            both.execute(role)
            for request in (mine, other):
                with pytest.raises(Exception) as raised:
                    both.execute("SELECT jit_approve(%s)", [request])
                assert raised.value.sqlstate in ("42501", "42704")
        both.execute("RESET ROLE")
        assert both.execute("SELECT count(*) FROM jit.pending").fetchone()[0] == 0
    assert shop.approve(mine) == "approved"


def test_delegate_asks_neither_by_set_role_nor_in_code_of_others(shop):
    shop.dba("GRANT bot TO mallory; GRANT CREATE ON SCHEMA mallory TO bot; GRANT USAGE ON SCHEMA mallory TO PUBLIC")
    try:
        call = "SELECT public.jit_request_as('alice', 'SELECT ON sales.orders', '1 hour', 'why')"
        with shop.connect("mallory") as mallory:
            mallory.execute("SET ROLE bot")
            refused(mallory, call)
            mallory.execute("RESET ROLE")
        with shop.connect("bot") as bot:
            bot.execute(f"CREATE FUNCTION mallory.ask() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $${call}$$")
        with shop.connect("app") as app:
            refused(app, "SELECT mallory.ask()")
    finally:
        shop.dba("REVOKE bot FROM mallory")


def test_running_statement_of_who_becomes_a_delegate_is_ended(shop, alice):
    shop.grant("alice", "SELECT ON sales.orders")
    cursor = alice.cursor()
    alice.execute("BEGIN; DECLARE c CURSOR FOR SELECT * FROM sales.orders")
    assert cursor.execute("FETCH 1 FROM c").fetchone()
    shop.dba("GRANT jit_delegate TO alice")
    try:
        with pytest.raises(Exception) as raised:
            cursor.execute("FETCH 1 FROM c")
        assert raised.value.sqlstate in ("57014", "42501")
    finally:
        shop.dba("REVOKE jit_delegate FROM alice")


def scans_of(node):
    """How the log's partitions are read."""
    if node.get("Relation Name", "").startswith("audit_log"):
        yield node["Node Type"]
    for child in node.get("Plans", []):
        yield from scans_of(child)


def test_events_are_found_by_index_in_a_long_log(shop):
    for _ in range(3):
        ask_as(shop, "bot", "alice", "SELECT ON sales.orders")
    partition = shop.value("postgres", "SELECT tableoid::regclass FROM jit.audit_log LIMIT 1")
    # As a superuser could: the plan is what counts here.
    shop.dba(f"""SET session_replication_role = replica;
        ALTER TABLE jit.audit_log DISABLE TRIGGER refuse_change;
        INSERT INTO {partition} (seq, at, kind, prev_hash, hash)
        SELECT 1000000 + n, now(), CASE WHEN n % 2000 = 0 THEN 'requested' ELSE 'statement' END, '', '' FROM generate_series(1, 200000) n;
        ANALYZE {partition}""")
    for role in ("carol", "alice", "bot"):
        with shop.connect("postgres") as connection:
            connection.execute(f"SET SESSION AUTHORIZATION {role}")
            plan = connection.execute("EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM jit.events WHERE id > 1000 ORDER BY id LIMIT 10"
                                      ).fetchone()[0][0]
        scans = list(scans_of(plan["Plan"]))
        assert scans and all("Index" in scan for scan in scans), scans
        assert plan["Execution Time"] < 1000, plan["Execution Time"]
