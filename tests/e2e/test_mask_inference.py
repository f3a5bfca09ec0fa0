"""What cannot be seen cannot be inferred: a right guess and a wrong one get the same answer."""

import re

import pytest

from support.masks import observe

# {v} is a guess: once a value that is there, once one that is not.
GUESSES = {
    "ssn": ("'RAWMARK-ssn-7'", "'RAWMARK-ssn-x'"),
    "email": ("'rawmark7@raw.example'", "'rawmarkx@raw.example'"),
    "number": ("987654007", "987650000"),
    "pay": ("918273607", "918273699"),
    "born": ("date '1977-07-14'", "date '1970-01-01'"),
    "device": ("uuid 'deadbeef-dead-4eef-8ead-000000000007'", "uuid 'deadbeef-dead-4eef-8ead-0000000000ff'"),
    "address": ("inet '203.0.113.7'", "inet '203.0.113.200'"),
    "voucher": ("'RAWMARK-code-7'", "'RAWMARK-code-x'"),
}
QUESTIONS = """
SELECT count(*) FROM sales.people WHERE {c} = {v}
SELECT id FROM sales.people WHERE id = 7 AND {c} = {v}
SELECT id FROM sales.people WHERE {c} IN ({v}) ORDER BY id
SELECT id FROM sales.people WHERE {c} IS NOT DISTINCT FROM {v}
SELECT p.id FROM sales.people p JOIN (VALUES ({v})) g (v) ON p.{c} = g.v
SELECT p.id FROM sales.people p WHERE EXISTS (SELECT FROM (VALUES ({v})) g (v) WHERE g.v = p.{c})
SELECT id FROM sales.people WHERE {c} = ANY (ARRAY[{v}])
SELECT CASE WHEN bool_or({c} = {v}) THEN 1 / 0 ELSE 0 END FROM sales.people
SELECT sum(CASE {c} WHEN {v} THEN 1 ELSE 0 END) FROM sales.people
SELECT count(*) FILTER (WHERE {c} = {v}) FROM sales.people
SELECT count(*) FROM (SELECT {c} FROM sales.people INTERSECT SELECT {v}) s
SELECT count(*) FROM sales.people_view WHERE {c} = {v}
SELECT count(*) FROM sales.visits v JOIN sales.people p ON p.id = v.person AND p.{c} = {v}
SELECT id FROM sales.people ORDER BY {c} = {v}, id
SELECT nullif({c}, {v}) IS NULL FROM sales.people ORDER BY id
EXPLAIN SELECT * FROM sales.people WHERE {c} = {v}
EXPLAIN SELECT {c}, count(*) FROM sales.people WHERE {c} = {v} GROUP BY 1
EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) SELECT * FROM sales.people WHERE {c} = {v}
UPDATE sales.people SET note = 'found' WHERE {c} = {v}
DELETE FROM sales.visits USING sales.people p WHERE p.id = visits.person AND p.{c} = {v}
SELECT jit_mask_hash({v}::text)
""".strip().splitlines()


def answer(received, guess):
    """What came back, without the guess itself."""
    return received.text().replace(guess, "?").replace(re.sub(r"^\w+(\.\w+)? ?'|'(::.*)?$|'", "", guess), "?")


@pytest.mark.parametrize("role", ["mallory", "alice"])
@pytest.mark.parametrize("column", GUESSES)
@pytest.mark.parametrize("question", range(len(QUESTIONS)))
def test_right_and_wrong_guess_get_one_answer(masked_shop, role, column, question):
    answers = []
    for guess in GUESSES[column]:
        statement = QUESTIONS[question].format(c=column, v=guess)
        answers.append(answer(observe(masked_shop.person(role), [statement]), guess))
    assert answers[0] == answers[1]


RANGES = """
SELECT count(*) FROM sales.people WHERE ssn < {v}
SELECT count(*) FROM sales.people WHERE ssn LIKE {v} || '%'
SELECT count(*) FROM sales.people WHERE ssn BETWEEN 'RAWMARK' AND {v}
SELECT count(*) FROM sales.people WHERE starts_with(ssn, {v})
SELECT count(*) FROM sales.people WHERE ssn ~ ('^' || {v})
SELECT count(*) FROM sales.people WHERE strpos(ssn, {v}) > 0
SELECT id FROM sales.people WHERE ssn_copy LIKE '%' || {v} || '%'
SELECT width_bucket(length(ssn), 0, 50, 5) FROM sales.people WHERE ssn >= {v}
EXPLAIN SELECT * FROM sales.people WHERE ssn LIKE {v} || '%'
""".strip().splitlines()


@pytest.mark.parametrize("role", ["mallory", "alice"])
@pytest.mark.parametrize("question", range(len(RANGES)))
def test_no_binary_search(masked_shop, role, question):
    """Bounds on either side of the raw values, and of no mask, get one answer."""
    answers = []
    for guess in ("'RAWMARK-ssn-1'", "'RAWMARK-ssn-z'"):
        statement = RANGES[question].format(v=guess)
        answers.append(answer(observe(masked_shop.person(role), [statement]), guess))
    assert answers[0] == answers[1]


def test_order_is_that_of_the_masks(masked_shop):
    """All masks of the column are equal: sorted by it, and by the key, rows come in the key's order."""
    for role in ("mallory", "alice"):
        connection = masked_shop.person(role)
        for order in ("ssn, id", "pay, id", "number, id", "flag, id", "blob, id", "born, id"):
            rows = connection.execute(f"SELECT id FROM sales.people ORDER BY {order}").fetchall()
            assert [row[0] for row in rows] == list(range(1, 41)), order


def test_estimates_do_not_depend_on_raw_values(masked_shop):
    """A column with two frequent values: nothing in the plan tells which."""
    connection = masked_shop.person("mallory")
    plans = set()
    for value in ("true", "false"):
        rows = connection.execute(f"EXPLAIN SELECT * FROM sales.people WHERE flag = {value}").fetchall()
        plans.add(re.sub("true|false|NOT ", "", "\n".join(row[0] for row in rows)))
    assert len(plans) == 1
    plan = "\n".join(row[0] for row in connection.execute("EXPLAIN SELECT ssn FROM sales.people"))
    assert "width=32" in plan, "the width of the type, not of the values"


STAFF = """
SET ROLE shop;
CREATE TABLE sales.staff (id int PRIMARY KEY, team int, pay int, name text) PARTITION BY RANGE (id);
CREATE TABLE sales.staff_1 (name text, gone int, pay int, team int, id int NOT NULL);
ALTER TABLE sales.staff_1 DROP COLUMN gone;
ALTER TABLE sales.staff ATTACH PARTITION sales.staff_1 FOR VALUES FROM (0) TO (1000);
INSERT INTO sales.staff SELECT n, n % 2, n * 7919 % 101, 'name ' || n FROM generate_series(1, 100) n;
CREATE INDEX ON sales.staff (pay) INCLUDE (id);
CREATE INDEX ON sales.staff (team, pay);
CREATE INDEX ON sales.staff ((pay % 50), id);
CREATE STATISTICS sales.staff_counts (ndistinct) ON team, pay FROM sales.staff_1;
GRANT SELECT, UPDATE, DELETE ON sales.staff, sales.staff_1 TO mallory;
SECURITY LABEL FOR jit_access ON COLUMN sales.staff.pay IS 'MASKED WITH FUNCTION jit_mask_default(pay)';
RESET ROLE;
VACUUM ANALYZE sales.staff;
"""

PLANNER = ("SET enable_seqscan = off", "SET enable_bitmapscan = off", "SET enable_sort = off",
           "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off",
           "SET enable_seqscan = off; SET enable_bitmapscan = off; SET parallel_setup_cost = 0; SET min_parallel_index_scan_size = 0")


def test_indexes_do_not_tell_the_order(shop):
    """Whatever plan the user provokes, rows never come sorted by what they may not see."""
    shop.server.psql(STAFF, database=shop.database)
    connection = shop.connect("mallory", prepare_threshold=None)
    for table in ("sales.staff", "sales.staff_1"):
        for settings in PLANNER:
            connection.execute(f"RESET ALL; {settings}")
            for where, expected in (("true", range(1, 101)), ("team = 1", range(1, 101, 2))):
                for statement in (f"SELECT id FROM {table} WHERE {where}", f"SELECT id FROM {table} WHERE {where} LIMIT 1000",
                                  f"UPDATE {table} SET name = 'x' WHERE {where} RETURNING id"):
                    connection.execute("BEGIN")
                    ids = [row[0] for row in connection.execute(statement)]
                    connection.execute("ROLLBACK")
                    assert ids == list(expected), (table, settings, statement)
    # Found by their other columns as before.
    connection.execute("RESET ALL; SET enable_seqscan = off")
    plan = "\n".join(row[0] for row in connection.execute("EXPLAIN SELECT * FROM sales.staff_1 WHERE team = 1"))
    assert "staff_1_team_pay_idx" in plan


def test_estimates_do_not_count_raw_values(shop):
    """How many values a column has is not in the estimate for grouping by its mask."""
    shop.server.psql(STAFF, database=shop.database)
    estimates = set()
    for pay in ("1", "id % 7", "id"):
        shop.dba(f"UPDATE sales.staff SET pay = {pay}; ANALYZE sales.staff; ANALYZE sales.staff_1")
        connection = shop.connect("mallory", prepare_threshold=None)
        for table in ("sales.staff", "sales.staff_1"):
            for query in ("SELECT pay FROM {} GROUP BY pay", "SELECT DISTINCT team, pay FROM {}", "SELECT pay + 1, count(*) FROM {} GROUP BY 1"):
                plan = connection.execute("EXPLAIN (FORMAT json) " + query.format(table)).fetchone()[0]
                estimates.add((table, query, plan[0]["Plan"]["Plan Rows"]))
    assert len(estimates) == 6


def test_number_of_groups_is_not_estimated_from_raw_values(shop):
    """Two tables that differ in their raw values only give the same plans, statistics or not."""
    plans = {}
    for table, distinct in (("sales.few", 3), ("sales.many", 1000)):
        shop.dba(f"CREATE TABLE {table} (id int, v text, w text);"
                 f"INSERT INTO {table} SELECT n, 'RAWMARK-' || lpad((n % {distinct})::text, 4, '0'), lpad((n % {distinct})::text, 4, '0')"
                 f" FROM generate_series(1, 3000) n;"
                 f"CREATE STATISTICS {table}_both ON v, w FROM {table}; ANALYZE {table}; GRANT SELECT ON {table} TO mallory;"
                 f"SECURITY LABEL FOR jit_access ON COLUMN {table}.v IS 'CLASSIFIED secret';"
                 f"SECURITY LABEL FOR jit_access ON COLUMN {table}.w IS 'CLASSIFIED secret'")
        connection = shop.connect("mallory")
        plans[table] = [row[0].replace(table.split(".")[1], "t") for query in (
            "SELECT DISTINCT v FROM {t}", "SELECT v, w, count(*) FROM {t} GROUP BY v, w", "SELECT * FROM {t} a JOIN {t} b USING (v)",
            "SELECT count(DISTINCT v) FROM {t} WHERE w IS NULL", "SELECT v FROM {t} UNION SELECT w FROM {t}")
            for row in connection.execute("EXPLAIN " + query.format(t=table))]
    assert plans["sales.few"] == plans["sales.many"]
