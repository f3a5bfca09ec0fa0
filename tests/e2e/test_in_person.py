"""What somebody else's view, function, trigger or cursor does in an innocent person's session asks, decides and makes nothing in their name."""

import time

import psycopg

ASK = "PERFORM public.jit_request('SELECT ON sales.orders', '1 hour', 'routine'{more});"


def open_to_all(shop, *relations):
    shop.dba("GRANT USAGE ON SCHEMA mallory TO PUBLIC;" + "".join(f"GRANT ALL ON mallory.{r} TO PUBLIC;" for r in relations))


def trojan(shop, more):
    """A view of mallory's that asks on its first reading, and takes what it got on the second."""
    shop.run("mallory", "CREATE TABLE mallory.loot (n bigint)")
    shop.run("mallory", "CREATE FUNCTION mallory.opening_hours() RETURNS text LANGUAGE plpgsql AS $$BEGIN"
                        "  BEGIN INSERT INTO mallory.loot SELECT count(*) FROM sales.orders;"
                        f"  EXCEPTION WHEN insufficient_privilege THEN {ASK.format(more=more)} END; RETURN '9 to 5'; END$$")
    shop.run("mallory", "CREATE VIEW mallory.today AS SELECT mallory.opening_hours() AS hours")
    open_to_all(shop, "loot", "today")


def test_view_of_mallorys_breaks_the_glass_for_whoever_reads_it(shop, portal):
    shop.dba("INSERT INTO jit.policies (name, priority, break_glass) VALUES ('glass', 1, true)")
    trojan(shop, ", break_glass => true")
    alice = portal.login("alice")
    for _ in range(2):
        alice.run("SELECT * FROM mallory.today")
    assert shop.dba("SELECT requester, status, break_glass FROM jit.requests") == []
    assert shop.run("mallory", "SELECT n FROM mallory.loot") == []


def test_security_definer_function_breaks_the_glass_for_whoever_calls_it(shop):
    shop.dba("INSERT INTO jit.policies (name, priority, break_glass) VALUES ('glass', 1, true); GRANT USAGE ON SCHEMA sales TO mallory")
    shop.run("mallory", "CREATE FUNCTION mallory.f() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS"
                        f" $$BEGIN {ASK.format(more=', break_glass => true')} RETURN 'x'; END$$")
    open_to_all(shop)
    try:
        shop.run("alice", "SELECT mallory.f()")
    except psycopg.Error:
        pass
    assert shop.dba("SELECT requester, status, break_glass FROM jit.requests") == []


def test_view_asks_where_nobody_need_approve(shop, portal):
    shop.dba("INSERT INTO jit.policies (name, priority, approvals, objects) VALUES ('free', 1, 0, '{sales.*}')")
    trojan(shop, "")
    alice = portal.login("alice")
    for _ in range(2):
        alice.run("SELECT * FROM mallory.today")
        time.sleep(2)
    assert shop.run("mallory", "SELECT n FROM mallory.loot") == []


def two(shop):
    return shop.ask("alice", "SELECT ON sales.orders"), shop.ask("bob", "SELECT ON sales.items")


def as_carol(shop, *statements):
    with shop.connect("carol") as carol:
        try:
            for statement in statements:
                carol.execute(statement)
        except psycopg.Error as error:
            print("refused:", error)


def spring(shop, action):
    """A deferred trigger of mallory's."""
    shop.run("mallory", "CREATE TABLE mallory.box (note text); CREATE TABLE mallory.loot (token text)")
    shop.run("mallory", f"CREATE FUNCTION mallory.spring() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {action}; RETURN NULL; END$$")
    shop.run("mallory", "CREATE CONSTRAINT TRIGGER spring AFTER INSERT ON mallory.box DEFERRABLE INITIALLY DEFERRED"
                        " FOR EACH ROW EXECUTE FUNCTION mallory.spring()")
    open_to_all(shop, "box", "loot")


def test_deferred_trigger_approves_at_the_commit_behind_an_approval(shop):
    first, second = two(shop)
    spring(shop, f"PERFORM public.jit_approve({second})")
    as_carol(shop, "BEGIN", "INSERT INTO mallory.box VALUES ('hello')", f"SELECT public.jit_approve({first}); COMMIT")
    assert shop.status(second) == "pending"


def test_deferred_trigger_makes_a_token_at_the_commit_behind_one(shop):
    spring(shop, "INSERT INTO mallory.loot SELECT token FROM public.jit_token_create('x', ARRAY['request', 'approve', 'read', 'query'])")
    as_carol(shop, "BEGIN", "INSERT INTO mallory.box VALUES ('hello')", "SELECT id FROM public.jit_token_create('mine', ARRAY['read']); COMMIT")
    assert shop.run("mallory", "SELECT token FROM mallory.loot") == []


def test_held_cursor_over_a_view_approves_at_the_commit_behind_an_approval(shop):
    first, second = two(shop)
    shop.run("mallory", f"CREATE FUNCTION mallory.spring() RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM public.jit_approve({second});"
                        " RETURN 'x'; EXCEPTION WHEN OTHERS THEN RETURN SQLERRM; END$$")
    shop.run("mallory", "CREATE VIEW mallory.today AS SELECT n, CASE WHEN n > 1 THEN mallory.spring() END FROM generate_series(1, 2) n")
    open_to_all(shop, "today")
    as_carol(shop, "BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM mallory.today", "FETCH 1 FROM c",
             f"SELECT public.jit_approve({first}); COMMIT")
    assert shop.status(second) == "pending"


def test_function_that_fits_better_than_postgresqls_own_approves(shop):
    """Whoever may create in a schema of the approver's search_path (here public)."""
    first, second = two(shop)
    shop.dba("GRANT CREATE ON SCHEMA public TO mallory")
    shop.run("mallory", f"CREATE FUNCTION public.lower(name) RETURNS text LANGUAGE plpgsql AS $$BEGIN BEGIN PERFORM public.jit_approve({second});"
                        " EXCEPTION WHEN OTHERS THEN NULL; END; RETURN lower($1::text); END$$")
    as_carol(shop, "SELECT jit_approve(id) FROM jit.pending WHERE lower(requester) = 'alice'")
    assert shop.status(second) == "pending"
