"""What must not enter the audit log: passwords, and values that a policy keeps out."""

import psycopg
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
ALTER ROLE audit_r0 PASSWORD 'first half '\\n'hunter2'
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


def test_errors_say_nothing_of_values_that_the_statement_does_not_name(shop):
    shop.dba("INSERT INTO jit.policies (name, objects, blank_values) VALUES ('patients', '{sales.orders}', true)")
    shop.grant("alice", "SELECT ON sales.orders")
    with shop.connect("alice", prepare_threshold=None) as alice:
        with pytest.raises(psycopg.Error):
            alice.execute("SELECT status::int AS told FROM sales.orders")
    row = statements(shop, "told")[-1]
    assert row["sqlstate"] == "22P02" and "withheld" in row["message"]


WRAPPED = """
SELECT 'needle' AS found, $$needle$$ FROM sales.orders WHERE order_id = 778899 AND status = 'needle'
EXPLAIN ANALYZE SELECT 1 FROM sales.orders WHERE status = 'needle'
COPY (SELECT 1 FROM sales.orders WHERE status = 'needle') TO STDOUT
PREPARE p(text) AS SELECT total FROM sales.orders WHERE status = $1; EXECUTE p('needle')
BEGIN; DECLARE c CURSOR FOR SELECT 1 FROM sales.orders WHERE status = 'needle'; FETCH ALL FROM c; COMMIT
DO $$ BEGIN PERFORM 1 FROM sales.orders WHERE status = 'needle'; END $$
SELECT 1 FROM sales.customers WHERE name = 'needle'
SELECT 'needle'::int
SELECT needle_without_quotes FROM sales.orders WHERE status = 'needle' +
ALTER ROLE alice PASSWORD needle
""".strip().splitlines()


@pytest.mark.parametrize("text", WRAPPED)
def test_policy_keeps_values_out_of_the_log(shop, text):
    shop.dba("INSERT INTO jit.policies (name, objects, blank_values) VALUES ('patients', '{sales.orders}', true)")
    shop.grant("alice", "SELECT, EXPORT ON sales.orders")
    with shop.connect("alice", prepare_threshold=None) as alice:
        alice.execute("SELECT 0")
        try:
            if text.startswith("COPY"):
                with alice.cursor().copy(text) as copy:
                    list(copy.rows())
            else:
                alice.execute(text)
        except psycopg.Error:
            alice.execute("ROLLBACK")
        alice.execute("SELECT total, %s AS by_parameter FROM sales.orders WHERE status = %s", ["needle", "needle"])
    rows = statements(shop, "by_parameter")
    assert rows[-1]["statement"] == "SELECT total, $1 AS by_parameter FROM sales.orders WHERE status = $2"
    assert rows[-1]["parameters"] == ["<blanked>", "<blanked>"]
    for row in records(shop, "session_user_name = 'alice' AND kind LIKE 'statement%'"):
        assert "needle'" not in str(row) and '"needle"' not in str(row), row
