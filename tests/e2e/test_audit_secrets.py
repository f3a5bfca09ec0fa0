"""What must not enter the audit log: passwords, and values that a policy keeps out."""

import pytest

from support.audit import records, statements
from support.people import wait_until

SECRET = "hunter2"

# By a requester who may create roles; each with the secret somewhere in it.
STATEMENTS = """
CREATE ROLE audit_r1 LOGIN PASSWORD 'hunter2'
CREATE USER audit_r1 WITH ENCRYPTED PASSWORD 'hunter2' VALID UNTIL '2030-01-01'
ALTER ROLE audit_r0 PASSWORD 'hunter2'
ALTER USER audit_r0 WITH PASSWORD E'hun\\x74er2 hunter2'
ALTER ROLE audit_r0 PASSWORD $$hunter2$$
ALTER ROLE audit_r0 /* PASSWORD 'no' */ PASSWORD -- 'here'
 'hunter2'
alter role audit_r0 password U&'hunter2'
DO $$ BEGIN ALTER ROLE audit_r0 PASSWORD 'hunter2'; END $$
DO $a$ BEGIN EXECUTE 'ALTER ROLE audit_r0 PASSWORD ''hunter2'''; END $a$
DO $a$ BEGIN EXECUTE format('ALTER ROLE audit_r0 PASSWORD %L', 'hunter2'); END $a$
CREATE USER MAPPING FOR alice SERVER audit_s OPTIONS (user 'x', password 'hunter2')
ALTER USER MAPPING FOR alice SERVER audit_s OPTIONS (ADD "secret" 'hunter2')
CREATE SERVER audit_s2 FOREIGN DATA WRAPPER audit_w OPTIONS (token 'hunter2')
SELECT 'host=x password=hunter2 user=y'
SELECT 'postgresql://me:hunter2@somewhere/db'
ALTER ROLE audit_r0 PASSWORD 'hunter2'; SELECT 1
""".strip().replace("--\n", "-- ").replace("-- 'here'\n", "-- 'here'\\n").splitlines()


@pytest.mark.parametrize("text", STATEMENTS)
def test_secrets_do_not_enter_the_log(shop, text):
    shop.dba("DROP ROLE IF EXISTS audit_r0, audit_r1")
    shop.dba("CREATE ROLE audit_r0")
    with shop.connect("alice") as alice:
        try:
            alice.execute(text.replace("\\n", "\n"))
        except Exception:
            pass  # most are refused; what is refused is recorded all the same
        alice.execute("SELECT 1 AS last_one")
    statements(shop, "last_one")
    found = records(shop, "session_user_name = 'alice'")
    assert len(found) >= 3
    for row in found:
        assert SECRET not in str(row), row["statement"]
    assert any("<blanked>" in (row["statement"] or "") for row in found)
    shop.dba("DROP ROLE audit_r0")


def test_parameter_with_a_password_is_blanked(shop, alice):
    alice.execute("SELECT %s::text AS conninfo, %s::text AS other", ["host=x password=hunter2", "plain"])
    row = statements(shop, "AS conninfo")[0]
    assert row["parameters"] == ["<blanked>", "plain"]


@pytest.mark.parametrize("text", [
    "SELECT total FROM sales.orders WHERE 'ada' = 'password'",
    "SELECT 'kept' AS password",
    "SELECT 'kept' /* password */",
    "SELECT 'kept' -- ALTER ROLE x PASSWORD 'y'",
    "SELECT $$kept$$, 'create role'",
])
def test_mentioning_a_password_blanks_nothing_else(shop, alice, text):
    # Who is audited must not be able to hide what they look for.
    shop.grant("alice", "SELECT ON sales.orders")
    alice.execute(text)
    wait_until(lambda: records(shop, "statement = %s", [text]))


def test_policy_keeps_values_out_of_the_log(shop):
    shop.dba("INSERT INTO jit.policies (name, objects, blank_values) VALUES ('patients', '{sales.orders}', true)")
    shop.grant("alice", "SELECT ON sales.orders")
    with shop.connect("alice") as alice:
        alice.execute("SELECT 'needle1' AS found, $$needle2$$ FROM sales.orders WHERE order_id = 778899 AND %s = 'x'", ["needle3"])
    row = [row for row in statements(shop, "AS found") if row["request_ids"]][0]
    assert row["statement"] == "SELECT ? AS found, ? FROM sales.orders WHERE order_id = ? AND $1 = ?"
    assert row["parameters"] == ["<blanked>"]
