"""What masks cost: scans, each function, look-ups by key, and planning among 10,000 masked columns."""

import os
import statistics
import subprocess
import time

from support.server import BIN

ROWS = int(os.environ.get("BENCH_MASK_ROWS", "1000000"))
SCANS = int(os.environ.get("BENCH_MASK_SCANS", "11"))

TABLE = """
CREATE ROLE masked LOGIN;
CREATE TABLE {name} (id int PRIMARY KEY, ssn text, email text, phone text, pay int, note text);
INSERT INTO {name} SELECT n, lpad(n::text, 3, '0') || '-45-' || n % 10000, 'person' || n || '@mail.example.org',
  '+49 30 ' || 1000000 + n, n % 90000, 'a note that nobody masks, number ' || n FROM generate_series(1, {rows}) n;
"""
MASKS = {
    "ssn": "jit_mask_partial(ssn, 0, '***-**-', 4)",
    "email": "jit_mask_email(email)",
    "phone": "jit_mask_phone(phone)",
    "pay": "jit_mask_range(pay, 1000)",
}
# The same masks as people write them today, in a view.
EXPRESSIONS = """
CREATE VIEW by_view{count} AS SELECT id,
  CASE WHEN length(ssn) > 4 THEN '***-**-' || right(ssn, 4) ELSE '***-**-' END AS ssn, {others}, note FROM plain;
"""
FOUR = """CASE WHEN strpos(email, '@') > 2 THEN left(email, 1) ELSE 'X' END || 'XXX@XXXX.com' AS email,
  CASE WHEN length(regexp_replace(phone, '[^0-9]', '', 'g')) >= 4
       THEN regexp_replace(left(phone, -2), '[0-9]', 'x', 'g') || right(phone, 2)
       ELSE regexp_replace(phone, '[0-9]', 'x', 'g') END AS phone, pay - pay % 1000 AS pay"""
FUNCTIONS = {
    "jit_mask_full": "jit_mask_full(email)",
    "jit_mask_partial": "jit_mask_partial(email, 2, '***', 2)",
    "jit_mask_inner": "jit_mask_inner(email, 2, 2)",
    "jit_mask_outer": "jit_mask_outer(email, 2, 2)",
    "jit_mask_email": "jit_mask_email(email)",
    "jit_mask_phone": "jit_mask_phone(phone)",
    "jit_mask_card": "jit_mask_card(phone)",
    "jit_mask_iban": "jit_mask_iban(email)",
    "jit_mask_name": "jit_mask_name(note)",
    "jit_mask_regexp": "jit_mask_regexp(phone, '[0-9]', 'x')",
    "jit_mask_default": "jit_mask_default(email)",
    "jit_mask_range": "jit_mask_range(pay, 1000)",
    "jit_mask_trunc": "jit_mask_trunc(date '2000-01-01' + pay, 'year')",
    "jit_mask_inet": "jit_mask_inet('10.1.2.3'::inet + pay)",
    "jit_mask_json": "jit_mask_json(jsonb_build_object('a', email), 'a')",
    "jit_mask_hash": "jit_mask_hash(email)",
    "jit_mask_pseudonym": "jit_mask_pseudonym(email, 'full_name')",
    "jit_mask_uuid": "jit_mask_uuid('deadbeef-dead-beef-dead-beefdeadbeef')",
    "jit_mask_noise": "jit_mask_noise(pay, 0.2)",
    "jit_mask_between": "jit_mask_between(email, 1, 100)",
}
MANY = """
DO $$ BEGIN
  FOR n IN 1..500 LOOP
    EXECUTE format('CREATE TABLE many_%s (id int PRIMARY KEY, {columns})', n);
    FOR c IN 1..20 LOOP
      EXECUTE format('SECURITY LABEL FOR jit_access ON COLUMN many_%s.c%s IS %L', n, c,
                     format('MASKED WITH FUNCTION jit_mask_partial(c%s, 1, ''***'', 1)', c));
    END LOOP;
  END LOOP;
END $$;
"""


def seconds(connection, statement):
    began = time.perf_counter()
    connection.execute(statement)
    return time.perf_counter() - began


def copied(side):
    """Through psql, whose part in the time is small."""
    def run(_, statement):
        began = time.perf_counter()
        subprocess.run([str(BIN / "psql"), "-Xqc", "SET max_parallel_workers_per_gather = 0", "-c",
                        f"COPY ({statement}) TO STDOUT"], check=True, stdout=subprocess.DEVNULL,
                       env=side.server.environment("masked", "masks"))
        return time.perf_counter() - began
    return run


def compare_scans(title, goal, how, sides):
    """Sides take turns; the ratios are to the first."""
    times = {name: [] for name in sides}
    for turn in range(SCANS + 1):
        for name in (sides if turn % 2 else reversed(list(sides))):
            connection, statement = sides[name]
            took = how(connection, statement)
            if turn:  # the first round warms caches
                times[name].append(took)
    print(title)
    first = next(iter(sides))
    for name, values in times.items():
        ratio = statistics.median(v / b for v, b in zip(values, times[first]))
        print(f"    {name:34}{statistics.median(values) * 1000:9.1f} ms   ratio {ratio:.3f}")
    print(f"    goal: {goal}" if goal else "", flush=True)


def fill(server):
    server.psql(TABLE.format(name="plain", rows=ROWS), database="masks")
    for count in (1, 4):
        columns = list(MASKS)[:count]
        server.psql(f"CREATE TABLE masked{count} (LIKE plain INCLUDING ALL);"
                    f"INSERT INTO masked{count} TABLE plain;"
                    + "".join(f"SECURITY LABEL FOR jit_access ON COLUMN masked{count}.{c} IS "
                              f"$$MASKED WITH FUNCTION {MASKS[c]}$$;" for c in columns), database="masks")
        others = FOUR if count == 4 else "email, phone, pay"
        server.psql(EXPRESSIONS.format(count=count, others=others), database="masks")
    server.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO masked", database="masks")
    server.psql("VACUUM (ANALYZE, FREEZE)", database="masks")
    server.psql("CHECKPOINT")


def masks(with_extension, compare):
    server = with_extension.server
    server.psql("ALTER SYSTEM SET jit_access.mask_key = 'a key for measurements'")
    server.psql("SELECT pg_reload_conf()")
    server.psql("CREATE DATABASE masks")
    server.psql("CREATE EXTENSION jit_access", database="masks")
    fill(server)
    shop = with_extension.shop("masks")
    user = shop.connect("masked", prepare_threshold=None)
    user.execute("SET max_parallel_workers_per_gather = 0")
    for count in (1, 4):
        columns = ", ".join(list(MASKS)[:count])
        goal = "one partially masked text column ≤ 1.25 of unmasked" if count == 1 else ""
        tables = {"unmasked": "plain", "masked": f"masked{count}", "the same in a view": f"by_view{count}"}
        compare_scans(f"masks: {ROWS} rows to the client (COPY), {count} masked", goal, copied(with_extension),
                      {name: (user, f"SELECT id, {columns}, note FROM {table}") for name, table in tables.items()})
        counts = ", ".join(f"count({c})" for c in list(MASKS)[:count])
        compare_scans(f"masks: {ROWS} rows scanned, none sent (count of each column), {count} masked", "", seconds,
                      {name: (user, f"SELECT {counts} FROM {table}") for name, table in tables.items()})
    functions(shop)
    lookups(with_extension, compare)
    planning(with_extension, compare)
    shop.close()


def functions(shop):
    dba = shop.connect("postgres", prepare_threshold=None)
    dba.execute("SET max_parallel_workers_per_gather = 0")
    print(f"masks: each function alone, {ROWS} rows, beside its arguments alone")
    for name, call in FUNCTIONS.items():
        argument = call[call.index("(") + 1:].rsplit(")", 1)[0].split(",")[0]
        if argument.count("(") > argument.count(")"):  # a call with commas of its own
            argument = "email"
        base = statistics.median(seconds(dba, f"SELECT count({argument}) FROM plain") for _ in range(3))
        with_mask = statistics.median(seconds(dba, f"SELECT count({call}) FROM plain") for _ in range(3))
        print(f"    {name:22}{(with_mask - base) / ROWS * 1e9:8.0f} ns a value", flush=True)
    dba.close()


def lookup(side, table, database="masks"):
    script = os.path.join(side.server.directory, f"lookup_{table}.sql")
    with open(script, "w") as file:
        file.write(f"\\set id random(1, {ROWS})\nSELECT * FROM {table} WHERE id = :id;\n")
    return side.select_only("masked", "prepared", database, "-f", script)


def lookups(side, compare):
    for baseline, measured, names in (("plain", "masked4", ("unmasked", "masked")),
                                      ("by_view4", "masked4", ("view", "masked"))):
        compare(f"masks: look-up by primary key, prepared, four masked columns: {names[1]} / {names[0]}",
                "1.05" if names[0] == "unmasked" else "1", lambda: lookup(side, baseline),
                lambda: lookup(side, measured), "time", names)


def planning(side, compare):
    side.server.psql("CREATE DATABASE many")
    side.server.psql("CREATE EXTENSION jit_access", database="many")
    columns = ", ".join(f"c{c} text" for c in range(1, 21))
    side.server.psql(MANY.format(columns=columns), database="many")
    side.server.psql("CREATE DATABASE none")
    side.server.psql("CREATE EXTENSION jit_access", database="none")
    for database in ("many", "none"):
        side.server.psql("CREATE TABLE plain (id int PRIMARY KEY, note text);"
                         "INSERT INTO plain SELECT n, n FROM generate_series(1, 1000) n;"
                         "GRANT SELECT ON ALL TABLES IN SCHEMA public TO masked", database=database)
        side.server.psql("VACUUM ANALYZE plain", database=database)
    script = os.path.join(side.server.directory, "plan.sql")
    with open(script, "w") as file:
        file.write("\\set id random(1, 1000)\nSELECT note FROM plain WHERE id = :id;\n")
    compare("masks: parse, plan and run a look-up in a table without masks; 10,000 masked columns in the"
            " database / none", "1.05",
            lambda: side.select_only("masked", "simple", "none", "-f", script),
            lambda: side.select_only("masked", "simple", "many", "-f", script), "time", ("none", "many"))
