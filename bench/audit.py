"""What the audit log costs: statements a second in each mode and beside pgaudit, size, and verification."""

import os
import re
import statistics
import time

SECONDS = int(os.environ.get("BENCH_AUDIT_SECONDS", "3"))
ROUNDS = int(os.environ.get("BENCH_AUDIT_ROUNDS", "7"))
CLIENTS = (1, 4, 16)
ROWS = "CREATE TABLE one_row (id bigserial, what text); GRANT ALL ON one_row TO alice, app; GRANT ALL ON SEQUENCE one_row_id_seq TO alice, app;"


def transactions(side, user, clients, script=None):
    """pgbench for some seconds: transactions a second."""
    options = ("-f", script) if script else ("-S",)
    output = side.pgbench("bench", user, *options, "-n", "-c", str(clients), "-j", "2", "-M", "simple", "-T", str(SECONDS))
    return float(re.search(r"^tps = ([0-9.]+)", output, re.M)[1])


def set_mode(side, mode):
    if mode is None:
        return
    side.server.psql(f"ALTER SYSTEM SET jit_access.audit = '{mode}'")
    side.server.reload()
    while side.server.psql("SHOW jit_access.audit").strip() != mode:
        time.sleep(0.02)


def turns(sides, measure):
    """Each side in turn, forth and back: the rates of each."""
    rates = {name: [] for name in sides}
    for turn in range(ROUNDS + 1):
        for name in list(sides) if turn % 2 == 0 else reversed(list(sides)):
            side, mode, user = sides[name]
            set_mode(side, mode)
            rate = measure(side, user)
            if turn > 0:  # the first turn warms up
                rates[name].append(rate)
    return rates


def show(title, rates, base, goals):
    print(title)
    for name, values in rates.items():
        ratio = statistics.median(v / b for v, b in zip(values, rates[base]))
        print(f"    {name:44}{statistics.median(values):9.0f} /s   {ratio:6.3f} of {base}{goals.get(name, '')}", flush=True)


def audit(with_extension, without, new_side, ensure_grant):
    ensure_grant(with_extension, "bench")
    pgaudit = None
    try:
        if pgaudit_is_there():
            pgaudit = new_side("pgaudit", "pgaudit.log=read", "pgaudit.log_relation=on", "pgaudit.log_parameter=on")
        for side in (with_extension, without):
            side.server.psql(ROWS, database="bench")
        single_rows(with_extension, without)
        for clients in CLIENTS:
            sides = {"native, nothing audited": (without, None, "alice"),
                     "by a grant, audit off": (with_extension, "off", "alice"),
                     "by a grant, audit async": (with_extension, "async", "alice"),
                     "by a grant, audit sync": (with_extension, "sync", "alice")}
            if pgaudit is not None:
                sides["native, pgaudit to a file"] = (pgaudit, None, "alice")
            rates = turns(sides, lambda side, user: transactions(side, user, clients))
            show(f"audit: pgbench -S, {clients} session(s)", rates, "native, nothing audited",
                 {"by a grant, audit async": "; goal ≥ 0.90 and faster than pgaudit"} if clients == 1 else {})
    finally:
        if pgaudit is not None:
            pgaudit.close()
    set_mode(with_extension, "sync")
    size(with_extension)
    verification(with_extension)


def pgaudit_is_there():
    if os.path.exists("/usr/lib/postgresql/15/lib/pgaudit.so"):
        return True
    print("audit: without pgaudit; apt-get install postgresql-15-pgaudit brings the comparison")
    return False


def single_rows(with_extension, without):
    """A statement audited in sync mode against a committed single-row insert, 16 sessions each."""
    script = os.path.join(with_extension.server.directory, "insert.sql")
    with open(script, "w") as file:
        file.write("INSERT INTO one_row (what) VALUES ('a row');\n")
    sides = {"single-row insert, committed": (without, None, "app"), "SELECT by a grant, audit sync": (with_extension, "sync", "alice")}
    rates = turns(sides, lambda side, user: transactions(side, user, 16, script if user == "app" else None))
    show("audit: 16 sessions, what waits for the disk", rates, "single-row insert, committed",
         {"SELECT by a grant, audit sync": "; goal ≥ 0.5"})


def size(side):
    wait_for_worker(side)
    rows = int(side.server.psql("SELECT count(*) FROM jit.audit_log", database="bench"))
    size = int(side.server.psql("SELECT sum(pg_total_relation_size(('jit.' || partition)::regclass)) FROM jit.audit_partitions"
                                " WHERE detached_at IS NULL", database="bench"))
    print(f"audit: {rows} records take {size / 2**20:.0f} MiB with their indexes: {size / rows:.0f} bytes each,"
          f" {2 * size / rows:.0f} a statement")


def wait_for_worker(side):
    """Until the log grows no more."""
    before = None
    while (now := side.server.psql("SELECT last_seq FROM jit.audit_state", database="bench")) != before:
        before = now
        time.sleep(1)


def verification(side):
    began = time.perf_counter()
    answer = side.server.psql("SELECT checked, first_bad FROM jit_audit_verify()", database="bench").strip()
    seconds = time.perf_counter() - began
    plain = time.perf_counter()
    side.server.psql("SELECT count(hash), sum(length(statement)) FROM jit.audit_log", database="bench")
    plain = time.perf_counter() - plain
    checked, first_bad = answer.split("|")
    print(f"audit: jit_audit_verify() {int(checked) / seconds:.0f} rows/s ({checked} rows in {seconds:.1f} s, first bad:"
          f" {first_bad or 'none'}); a plain scan of them takes {plain:.1f} s", flush=True)
