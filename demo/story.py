#!/usr/bin/python3
"""Plays the story of one request. Every answer is what the real client printed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from clients import PSQL, Session, on_terminal, say, styled

DURATION = "10 seconds"
QUERY = "SELECT order_id, total FROM sales.orders WHERE status = 'stuck' ORDER BY order_id LIMIT 3;"
LONG_QUERY = ("SELECT count(*) FROM sales.orders a JOIN sales.orders b ON a.total < b.total"
              " WHERE a.status = 'stuck';")

ROOT = Path(__file__).resolve().parent.parent
directory = Path(sys.argv[1])
variables = dict(re.findall(r"(PGHOST|PGPORT)=(\S+)",
                            (directory / "cluster" / "env").read_text()))


def environment(user):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return {**clean, **variables, "PGUSER": user, "PGDATABASE": "shop"}


def carol(*arguments):
    coordinator("carol", *arguments)


def coordinator(person, *arguments, expected=0):
    """What a person types in their shell."""
    shown = " ".join(["jit-coordinator"] + [f"'{a}'" if " " in a else a for a in arguments])
    code = on_terminal(f"{person}$", shown, [str(ROOT / "build" / "jit-coordinator"), *arguments],
                       environment(person))
    if code != expected:
        sys.exit(f"the demo ends here: that command ended with {code}")


def expect(answer, pattern):
    if not re.search(pattern, answer):
        sys.exit(f"the demo ends here: that was not the answer it expected ({pattern})")
    return answer


def story():
    alice = Session("alice", environment("alice"))

    say("alice is on call. She has her usual login, and this psql session stays open all along.\n"
        "Her login may look at plans and at nothing else.")
    expect(alice.ask(f"EXPLAIN {QUERY}"), "orders")
    refusal = expect(alice.ask(QUERY), "permission denied")

    say("The refusal says what to ask for. She pastes it, with a reason and a time "
        f"({DURATION} here,\nso that you need not wait for half an hour).")
    hint = expect(refusal, r"SELECT jit_request\(.*\);")
    request_sql = re.search(r"SELECT jit_request\(.*\);", hint)[0]
    request_sql = request_sql.replace("30 minutes", DURATION).replace("<why>", "INC-4711: stuck orders")
    number = re.search(r"^\s+(\d+)$", expect(alice.ask(request_sql), "jit_request"), re.M)[1]

    say("Nothing is open yet, and she cannot decide for herself.")
    expect(alice.ask(f"SELECT jit_approve({number});"), "ERROR")

    say("carol may approve. She looks at what waits, and decides, with her own login.")
    carol("requests")
    carol("show", number)
    carol("approve", number, "-m", "go ahead")

    say("The daemon has been told, and the access is there: in the same session of alice's,\n"
        "for exactly what was approved.")
    alice.ask(f"SELECT jit_wait({number}, '5 seconds') AS status;")
    wait_until_pushed(number)
    expect(alice.ask(QUERY), r"\(3 rows\)")
    expect(alice.ask("SELECT customer_id FROM sales.orders LIMIT 1;"), "permission denied")

    say("She starts a query that takes its time. Her time is up before it is.")
    began = time.monotonic()
    expect(alice.ask(LONG_QUERY), "canceling statement")
    print(styled("2", f"(after {time.monotonic() - began:.1f} s)"))

    say("Her session lives on, as closed as it was.")
    expect(alice.ask(QUERY), "permission denied")
    expect(alice.ask(f"SELECT id, status, ended_at - pushed_at AS lasted FROM jit.my_requests"
                     f" WHERE id = {number};"), "expired")

    say("Access can also be ended at once. alice asks again; carol approves, and then thinks better\n"
        "of it while alice's query is running.")
    request_sql = request_sql.replace(DURATION, "1 hour")
    number = re.search(r"^\s+(\d+)$", alice.ask(request_sql), re.M)[1]
    carol("approve", number)
    wait_until_pushed(number)
    alice.send(LONG_QUERY)
    time.sleep(1.5)
    carol("revoke", number, "-m", "wrong database")
    expect(alice.answer(), "canceling statement")

    masks(alice)

    say("What is left is the record.")
    carol("requests", "--status", "all")
    alice.close()
    audit()


def audit():
    say("erin is an auditor. She reads who asked, who allowed, and what was then run: every statement,\n"
        "the refused ones too, with its request, its rows, and the masked columns that it saw raw.")
    coordinator("erin", "audit", "--limit", "60")

    say("Only what showed an address in the clear:")
    coordinator("erin", "audit", "--raw-columns")

    say("Nobody changes the log, the superuser neither; and if they find a way, the chain shows it.")
    dba = Session("postgres", environment("postgres"))
    expect(dba.ask("DELETE FROM jit.audit_log WHERE statement LIKE '%customer7%';"), "not to be changed")
    expect(dba.ask("SELECT * FROM jit_audit_verify();"), r"\(1 row\)")
    partition = re.search(r"audit_log_\d+", dba.ask("SELECT partition FROM jit.audit_partitions;"))[0]
    dba.ask(f"ALTER TABLE jit.{partition} DISABLE TRIGGER refuse_change;")
    expect(dba.ask(f"DELETE FROM jit.{partition} WHERE statement LIKE '%customer7%' RETURNING seq;"), "row")
    dba.close()
    coordinator("erin", "audit", "verify", expected=9)  # something was found


CUSTOMER = "SELECT customer_id, name, email FROM sales.customers WHERE customer_id = 7;"


def granted(alice, access, duration):
    number = re.search(r"^\s+(\d+)$", expect(alice.ask(
        f"SELECT jit_request('{access}', '{duration}', 'INC-4711: whom to call');"), "jit_request"), re.M)[1]
    carol("approve", number)
    wait_until_pushed(number)


def masks(alice):
    say("Names and e-mail addresses of customers are masked: the owner has labelled those columns.\n"
        "Without a grant there is no row at all.")
    expect(alice.ask(CUSTOMER), "permission denied")

    say("With SELECT she reads the row, and masks in place of the person.")
    granted(alice, "SELECT ON sales.customers", "1 hour")
    expect(alice.ask(CUSTOMER), r"cXXX@XXXX\.com")

    say("Nor can she search for what she cannot see: the address is there, and is not found.")
    expect(alice.ask("SELECT customer_id FROM sales.customers WHERE email = 'customer7@example.org';"),
           r"\(0 rows\)")

    say("To call the customer she needs the address. UNMASK is a privilege of its own, asked for as the\n"
        "rest is, and over as exactly.")
    granted(alice, "UNMASK (email) ON sales.customers", "5 seconds")
    expect(alice.ask(CUSTOMER), r"customer7@example\.org")
    time.sleep(6)
    expect(alice.ask(CUSTOMER), r"cXXX@XXXX\.com")


def wait_until_pushed(number):
    """Until the daemon has pushed the grant; asked on the side, so as not to clutter the story."""
    question = f"SELECT status FROM jit.my_requests WHERE id = {number}"
    for _ in range(100):
        done = subprocess.run([PSQL, "-XAtc", question], text=True, capture_output=True,
                              env=environment("alice"))
        if done.stdout.strip() == "active":
            return
        time.sleep(0.05)
    sys.exit(f"the demo ends here: the daemon has not pushed request {number}; its log is"
             f" {directory / 'daemon.log'}")


def farewell():
    connection = f"host={variables['PGHOST']} port={variables['PGPORT']} dbname=shop"
    binary = os.path.relpath(ROOT / "build" / "jit-coordinator")
    print(f"""
{styled('1;32', 'PostgreSQL and the daemon go on running. Go on by yourself:')}

  psql '{connection} user=alice'        # asks: \\d sales.*, then SELECT jit_request(...)
  {binary} requests -d '{connection}' -U carol
  {binary} approve 5 -d '{connection}' -U carol
  psql '{connection} user=postgres'     # the DBA: jit.policies, jit.grants

The daemon's log is {directory / 'daemon.log'}. To end all of it: make demo-stop""")


try:
    story()
except KeyboardInterrupt:
    print()
farewell()
