"""Whoever is audited does not crowd out of the log what they look for, and where."""

import hashlib

import pytest
from support.audit import statements
from support.people import wait_until


@pytest.fixture
def alice(shop):
    shop.grant("alice", "SELECT ON sales.orders")
    return shop.connect("alice", prepare_threshold=None)


HIDING = {
    "behind a hundred parameters": ("SELECT count(*) /* mark */ FROM sales.orders WHERE " + " OR ".join(["%s::text = 'x'"] * 100) + " OR status = %s::text",
                                    ["0"] * 100 + ["4711-hidden"]),
    "at the end of a long parameter": ("SELECT count(*) /* mark */ FROM sales.orders WHERE status = right(%s::text, 11)", ["x" * 2000 + "4711-hidden"]),
}


@pytest.mark.parametrize("way", HIDING)
def test_search_is_in_the_log(shop, alice, way):
    text, parameters = HIDING[way]
    alice.execute(text, parameters)
    statements(shop, "/* mark */")
    found = shop.dba("SELECT statement, parameters FROM jit.audit_log l WHERE l::text LIKE '%%4711-hidden%%'")
    assert found, shop.dba("SELECT right(statement, 150), parameters[1:1], parameters[100:] FROM jit.audit_log WHERE kind = 'statement_begun' AND statement ~ 'mark'")


def test_relation_is_in_the_log_behind_two_hundred_others(shop, alice):
    others = " UNION ALL ".join(f"(SELECT NULL::numeric FROM t{n})" for n in range(200))
    alice.execute(";".join(f"CREATE TEMP TABLE t{n} ()" for n in range(200)))
    alice.execute(f"SELECT 'mark' /* {'x' * 6000} */, max(a) FROM ({others} UNION ALL SELECT total FROM sales.orders) x (a)")
    record = wait_until(lambda: shop.dba("SELECT cardinality(relations), 'sales.orders' = ANY (relations), position('sales.orders' IN statement) FROM jit.audit_log"
                                         " WHERE kind = 'statement_begun' AND statement LIKE '%%mark%%'"), what="the record")[0]
    assert record[1] or record[2], record


def test_what_is_too_long_can_be_recognized(shop, alice):
    long, many = "x" * 5000 + "4711", ["y" * 400] * 60
    alice.execute("SELECT /* mark */ %s::text" + ", %s::text" * 60, [long, *many])
    statements(shop, "/* mark */")
    [[parameters]] = shop.dba("SELECT parameters FROM jit.audit_log WHERE kind = 'statement_begun' AND statement LIKE '%%mark%%'")
    digest = hashlib.sha256(long.encode()).hexdigest()
    assert parameters[0] == f"{'x' * 4096} (5004 bytes in all, sha256 {digest})"
    count = 61 - (len(parameters) - 1)
    digest = hashlib.sha256("|".join(many[:count]).encode()).hexdigest()
    assert count > 1 and parameters[-1] == f"({count} more, joined by | of sha256 {digest})"


def test_relations_that_are_left_out_are_counted(shop, alice):
    alice.execute(";".join(f"CREATE TEMP TABLE t{n} ()" for n in range(210)))
    alice.execute("SELECT 'mark' FROM " + ", ".join(f"t{n}" for n in range(210)) + ", sales.orders")
    [[relations]] = shop.dba("SELECT relations FROM jit.audit_log WHERE kind = 'statement_begun' AND statement LIKE '%%mark%%'")
    assert relations[0] == "sales.orders" and len(relations) == 201 and relations[-1] == "(11 more)"
