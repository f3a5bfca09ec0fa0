"""Who sees what, by role and by grant, and when that ends: to the statement."""

import time

import pytest
from psycopg import errors

from support.masks import observe
from support.people import Background, one, refused

RAW = "RAWMARK-ssn-1"
QUERY = "SELECT ssn FROM sales.people WHERE id = 1"


def test_who_is_exempt(masked):
    masked.dba("CREATE ROLE service LOGIN IN ROLE jit_unmasked; GRANT USAGE ON SCHEMA sales TO service;"
               "GRANT SELECT ON sales.people TO service; CREATE ROLE owner_too LOGIN IN ROLE shop")
    try:
        for role in ("postgres", "service", "owner_too"):
            assert masked.value(role, QUERY) == RAW, role
        for role in ("mallory", "app"):
            assert masked.value(role, QUERY) == "***", role
        masked.dba("REVOKE jit_unmasked FROM service")
        assert masked.value("service", QUERY) == "***"
    finally:
        masked.dba("DROP OWNED BY service; DROP ROLE service; DROP ROLE owner_too")


def test_plans_across_set_role(masked):
    """One session, every way in which it keeps a plan, and three roles taking turns."""
    connection = masked.connect("postgres", prepare_threshold=None)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE q AS {QUERY}")
    connection.execute("GRANT ALL ON SCHEMA sales TO mallory")
    for _ in range(3):
        for role, expected in (("postgres", RAW), ("mallory", "***"), ("shop", RAW), ("app", "***")):
            for how in ("SET ROLE", "SET SESSION AUTHORIZATION"):
                connection.execute("RESET ROLE")
                connection.execute("RESET SESSION AUTHORIZATION")
                connection.execute(f"{how} {role}")
                assert one(connection, "EXECUTE q") == expected, (how, role)
                for function in ("ssn_inlined", "ssn_atomic", "ssn_plpgsql", "ssn_dynamic"):
                    assert one(connection, f"SELECT sales.{function}(1)") == expected, (function, role)
                assert one(connection, "SELECT ssn FROM sales.people_set() WHERE id = 1") == expected
                assert one(connection, "SELECT ssn FROM sales.people_view WHERE id = 1") == expected


def test_security_definer_acts_as_its_owner(masked):
    masked.dba("CREATE FUNCTION sales.lent() RETURNS text LANGUAGE sql SECURITY DEFINER AS"
               " 'SELECT ssn FROM sales.people WHERE id = 1';"
               "ALTER FUNCTION sales.lent() OWNER TO shop;"
               "GRANT CREATE ON SCHEMA sales TO mallory")
    assert masked.value("mallory", "SELECT sales.lent()") == RAW
    # Code of somebody for whom it is masked shows masks to everybody, superusers included.
    masked.run("mallory", "CREATE FUNCTION sales.borrowed() RETURNS text LANGUAGE sql SECURITY DEFINER AS"
                          " 'SELECT ssn FROM sales.people WHERE id = 1'")
    assert masked.value("postgres", "SELECT sales.borrowed()") == "***"


def test_policies_see_raw_values(masked):
    """A row-level condition on a masked column decides by the value; one's own sees masks."""
    assert masked.run("mallory", "SELECT id, owner_mail, body FROM sales.guarded") == [
        (1, "rXXX@XXXX.com", "seen")]


def test_policies_see_raw_values_through_views(masked):
    """Also where an updatable view leads to the table; the view's own conditions see none."""
    masked.dba("CREATE VIEW sales.guarded_mine WITH (security_invoker) AS SELECT * FROM sales.guarded WHERE id < 10;"
               "ALTER VIEW sales.guarded_mine OWNER TO shop;"
               "GRANT SELECT, INSERT, UPDATE, DELETE ON sales.guarded_mine TO mallory; GRANT UPDATE ON sales.guarded TO mallory")
    assert masked.run("mallory", "UPDATE sales.guarded_mine SET body = 'changed' RETURNING id, owner_mail") == [(1, "rXXX@XXXX.com")]
    assert masked.run("mallory", "DELETE FROM sales.guarded_mine RETURNING id") == [(1,)]
    for options in ("", "WITH (security_barrier)", "WITH (security_invoker)", "WITH (security_barrier, security_invoker)"):
        masked.run("mallory", f"CREATE VIEW mallory.by_mail {options} AS SELECT * FROM sales.guarded_mine WHERE owner_mail LIKE 'raw%'")
        with pytest.raises(errors.InsufficientPrivilege, match="owner_mail"):
            masked.run("mallory", "UPDATE mallory.by_mail SET body = 'found'")
        masked.run("mallory", "DROP VIEW mallory.by_mail")


def test_label_change_reaches_open_sessions(masked):
    connection = masked.connect("mallory", prepare_threshold=None)
    connection.execute("PREPARE q AS SELECT note, ssn FROM sales.people WHERE id = 1")
    assert connection.execute("EXECUTE q").fetchone() == ("note 1", "***")
    masked.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.people.note IS 'MASKED WITH VALUE ''n/a'''")
    assert connection.execute("EXECUTE q").fetchone() == ("n/a", "***")
    masked.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.people.note IS NULL;"
               "SECURITY LABEL FOR jit_access ON COLUMN sales.people.ssn IS NULL")
    assert connection.execute("EXECUTE q").fetchone() == ("note 1", RAW)


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_label_reaches_open_transactions(masked, protocol):
    """Also one that takes no new lock, which is when a session hears of what others have changed."""
    connection = masked.connect("mallory", prepare_threshold=None if protocol == "simple" else 0)
    query = "EXECUTE q" if protocol == "simple" else "SELECT note FROM sales.people WHERE id = 1"
    connection.execute("PREPARE q AS SELECT note FROM sales.people WHERE id = 1")
    connection.execute("BEGIN")
    for _ in range(7):
        assert connection.execute(query).fetchone() == ("note 1",)
    masked.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.people.note IS 'MASKED WITH VALUE ''n/a'''")
    if protocol == "simple":
        assert connection.execute(query).fetchone() == ("n/a",)
    else:
        # The plan was taken before any hook is called: refused, and made anew.
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(query)
        connection.execute("ROLLBACK")
        assert connection.execute(query).fetchone() == ("n/a",)


def test_revoked_column_still_shows_its_mask(masked):
    """Without the native right on the raw column the mask can be read, and the rest as before."""
    masked.dba("REVOKE SELECT ON sales.people FROM mallory; GRANT SELECT (id, note) ON sales.people TO mallory")
    assert masked.run("mallory", "SELECT id, ssn, note FROM sales.people WHERE id = 1") == [(1, "***", "note 1")]
    with pytest.raises(errors.InsufficientPrivilege):
        masked.run("mallory", "SELECT team FROM sales.people")


def test_work_goes_on(masked):
    """What is not masked is as it was: keys, joins, aggregates, locks, changes by key."""
    connection = masked.connect("mallory", prepare_threshold=None)
    plan = "\n".join(r[0] for r in connection.execute("EXPLAIN SELECT ssn, note FROM sales.people WHERE id = 5"))
    assert "Seq Scan" in plan or "Index Scan using people_pkey" in plan
    connection.execute("SET enable_seqscan = off")
    plan = "\n".join(r[0] for r in connection.execute("EXPLAIN SELECT ssn, note FROM sales.people WHERE id = 5"))
    assert "Index Scan using people_pkey" in plan and "Subquery" not in plan
    assert one(connection, "SELECT count(DISTINCT team) FROM sales.people") == 3
    assert one(connection, "SELECT count(*) FROM sales.visits v LEFT JOIN sales.people p ON p.id = v.person + 1000"
                           " WHERE p.ssn IS NULL AND p IS NULL") == 80
    assert connection.execute("UPDATE sales.people SET ssn = 'new-ssn', note = 'n' WHERE id = 5 RETURNING ssn, note"
                              ).fetchone() == ("***", "n")
    assert masked.value("postgres", "SELECT ssn FROM sales.people WHERE id = 5") == "new-ssn"
    assert connection.execute("SELECT id FROM sales.people WHERE id = 5 FOR UPDATE").fetchone() == (5,)
    connection.execute("INSERT INTO sales.people (id, ssn, number) VALUES (500, 'other', 5)")
    connection.execute("DELETE FROM sales.people WHERE id = 500")


def test_grant_on_one_column_shows_no_mask_of_another(masked):
    """Who reads by grants alone sees what was asked for: a mask of another column is more than that."""
    masked.grant("alice", "SELECT (id, email) ON sales.people")
    connection = masked.connect("alice", prepare_threshold=None)
    assert connection.execute("SELECT id, email FROM sales.people WHERE id = 1").fetchone() == (1, "rXXX@XXXX.com")
    diag = refused(connection, QUERY)
    assert "SELECT (ssn)" in diag.message_hint
    with pytest.raises(errors.InsufficientPrivilege):
        connection.execute("SELECT p FROM sales.people p")


def test_reader_of_everything_gets_masks(masked):
    """pg_read_all_data reads TOAST tables and statistics, too."""
    masked.dba("GRANT pg_read_all_data, pg_write_all_data TO mallory")
    masked.dba("UPDATE sales.people SET blob = (SELECT string_agg(sha256(n::text::bytea), 'RAWMARK') FROM generate_series(1, 2000) n)"
               " WHERE id = 1; ANALYZE sales.people")
    toast = masked.value("postgres", "SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'sales.people'::regclass")
    connection = masked.connect("mallory", prepare_threshold=None)
    assert masked.dba(f"SELECT count(*) FROM {toast}")[0][0] > 0
    for statement in (f"SELECT chunk_data FROM {toast}", f"COPY {toast} TO STDOUT", "SELECT * FROM pg_statistic WHERE starelid >= 16384",
                      "COPY (SELECT * FROM pg_statistic WHERE starelid >= 16384) TO STDOUT", "SELECT pg_mcv_list_items(stxdmcv) FROM pg_statistic_ext_data",
                      "SELECT * FROM pg_statistic_ext_data", "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE schemaname = 'sales'", QUERY):
        received = observe(connection, [statement])
        assert received.items
        received.assert_no_raw_value()
    assert "error" in observe(connection, [f"SELECT chunk_data FROM {toast}"]).text()
    assert "sales" in observe(connection, ["SELECT schemaname FROM pg_stats"]).text()
    masked.dba("REVOKE pg_read_all_data, pg_write_all_data FROM mallory")


@pytest.mark.parametrize("type_, sqlstate", [("int", "22P02"), ("regtype", "42601"), ("regproc", "42883"), ("regrole", "42704"),
                                             ("regnamespace", "3F000"), ("tsquery", "42601"), ("jsonpath", "42601")])
def test_mask_that_fails_does_not_name_the_value(masked, type_, sqlstate):
    """A cast inside a mask would say what it could not read."""
    note = "RAWMARK" if type_ in ("regproc", "regrole", "regnamespace") else "RAWMARK note ("
    masked.dba("SECURITY LABEL FOR jit_access ON COLUMN sales.people.note IS"
               f" 'MASKED WITH FUNCTION (note::{type_})::text'; UPDATE sales.people SET note = '{note}'")
    connection = masked.connect("mallory", prepare_threshold=None)
    for statement in ("SELECT note FROM sales.people", "SELECT count(*) FROM sales.people_view WHERE note = 'x'",
                      "DO $$ BEGIN PERFORM note FROM sales.people; EXCEPTION WHEN OTHERS THEN"
                      " RAISE WARNING '% %', SQLSTATE, SQLERRM; END $$"):
        received = observe(connection, [statement])
        received.assert_no_raw_value()
        assert sqlstate in received.text()


def test_mask_that_finds_no_such_object_does_not_name_the_value(masked):
    """A cast to a catalog's type, and a trusted function, say what they did not find."""
    masked.dba("CREATE FUNCTION sales.picky(text) RETURNS text IMMUTABLE LANGUAGE plpgsql"
               " SET search_path = pg_catalog, pg_temp AS $$ BEGIN RAISE 'no such thing: %', $1; END $$;"
               " INSERT INTO jit.trusted_functions VALUES ('sales.picky(text)');"
               " UPDATE sales.people SET note = 'RAWMARK note', added = 'RAWMARK'")
    for mask in ("(note::regrole)::text", "sales.picky(note)"):
        masked.dba(f"SECURITY LABEL FOR jit_access ON COLUMN sales.people.note IS 'MASKED WITH FUNCTION {mask}'")
        connection = masked.connect("mallory", prepare_threshold=None)
        for statement in ("SELECT note FROM sales.people", "UPDATE sales.people SET team = 1 WHERE id = 1 RETURNING note"):
            received = observe(connection, [statement])
            received.assert_no_raw_value()
            assert "error" in received.text()


def test_document_that_jsonb_cannot_hold_does_not_show(masked):
    masked.dba("CREATE TABLE sales.documents (id int, body json); GRANT SELECT ON sales.documents TO mallory;"
               "INSERT INTO sales.documents VALUES (1, '{\"a\": \"RAWMARK\\u0000\"}'), (2, '{\"a\": 1e999999, \"b\": \"RAWMARK\"}');"
               "SECURITY LABEL FOR jit_access ON COLUMN sales.documents.body IS 'MASKED WITH FUNCTION jit_mask_json(body)'")
    connection = masked.connect("mallory")
    received = observe(connection, ["SELECT body FROM sales.documents ORDER BY id"])
    received.assert_no_raw_value()
    assert received.items[-2:] == ["{}", '{"a": 0, "b": "xxxx"}']


@pytest.mark.parametrize("label_first", [True, False])
def test_label_and_class_set_at_once_come_together(masked, label_first):
    """Two sessions that do not see each other's change, as those of a parallel pg_restore."""
    label = "SECURITY LABEL FOR jit_access ON COLUMN sales.people.note IS 'CLASSIFIED badge'"
    badge = "INSERT INTO jit.mask_classes (class, for_type, mask) VALUES ('badge', 'text', 'jit_mask_full(value, ''badge'')')"
    first, second = (label, badge) if label_first else (badge, label)
    one_session, other_session = masked.connect("postgres"), masked.connect("postgres")
    one_session.execute("BEGIN")
    one_session.execute(first)
    waiting = Background(lambda: other_session.execute(second))
    time.sleep(0.3)
    one_session.execute("COMMIT")
    waiting.result()
    assert masked.value("mallory", "SELECT note FROM sales.people LIMIT 1") == "badge"


def test_owner_of_a_domain_learns_nothing_of_masked_columns(masked):
    """ALTER DOMAIN ADD CHECK tries its expression on the rows of every table."""
    masked.dba("CREATE FUNCTION sales.tell(text) RETURNS boolean LANGUAGE plpgsql AS"
               " $$ BEGIN RAISE NOTICE 'told %', $1; RETURN true; END $$; ALTER DOMAIN sales.code OWNER TO mallory;"
               " CREATE DOMAIN sales.word AS sales.code; ALTER DOMAIN sales.word OWNER TO mallory;"
               " ALTER TABLE sales.people ADD word sales.word; UPDATE sales.people SET word = 'RAWMARK';"
               " SECURITY LABEL FOR jit_access ON COLUMN sales.people.word IS 'CLASSIFIED secret'")
    connection = masked.connect("mallory")
    for domain in ("code", "word"):
        received = observe(connection, [f"ALTER DOMAIN sales.{domain} ADD CHECK (sales.tell(VALUE))"])
        received.assert_no_raw_value()
        assert "masked for you" in received.text()
    # Of its own tables a domain still takes constraints.
    connection.execute("CREATE DOMAIN pg_temp.free AS text; ALTER DOMAIN pg_temp.free ADD CHECK (VALUE <> '')")


@pytest.mark.parametrize("column, mask", [
    ("born", "(left(born::text, 7) || ''-01'')::date"),
    ("seen", "(left(seen::text, 10) || '' 12:00+00'')::timestamptz"),
    ("blob", "jit_mask_partial(blob::text, 2, ''41'', 0)::bytea"),
    ("ratio", "left(ratio::text, 3)::float8"),
    ("many", "ARRAY[jit_mask_between(many::text, date ''2000-01-01'', ''2099-12-31'')]")])
def test_settings_of_the_reader_do_not_choose_what_a_mask_shows(masked, column, mask):
    masked.dba("ALTER TABLE sales.people ADD many date[]; UPDATE sales.people SET many = ARRAY[born];"
               f"SECURITY LABEL FOR jit_access ON COLUMN sales.people.{column} IS 'MASKED WITH FUNCTION {mask}'")
    connection = masked.connect("mallory")
    shown = set()
    for setting in ("RESET datestyle", "SET datestyle = german", "SET datestyle = 'sql, dmy'",
                    "SET timezone = 'Asia/Kolkata'", "SET timezone = 'Etc/GMT+12'", "SET extra_float_digits = -15",
                    "SET bytea_output = escape"):
        # Kept, and looked at when the settings are back.
        connection.execute(f"{setting}; CREATE TEMP TABLE kept AS SELECT {column} AS v FROM sales.people WHERE id = 1;"
                           "RESET ALL")
        shown.add(one(connection, "SELECT v::text FROM kept"))
        connection.execute("DROP TABLE kept")
    assert len(shown) == 1, shown
