"""Labels travel with the data: dump and restore, templates; and where the key comes from."""

import os
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from support.masks import MASKED_SQL
from support.people import Shop, one
from support.server import BIN

SHOWN = ["SELECT * FROM sales.people ORDER BY id LIMIT 3", "SELECT * FROM sales.calls ORDER BY id",
         "SELECT * FROM sales.calls_2 ORDER BY id", "SELECT * FROM sales.things", "SELECT * FROM sales.people_copy ORDER BY id",
         "SELECT code FROM sales.special"]


@pytest.fixture
def masked(shop):
    shop.server.psql(MASKED_SQL, database=shop.database)
    shop.dba("""
        CREATE FUNCTION sales.stars(text) RETURNS text IMMUTABLE LANGUAGE sql SET search_path = pg_catalog, pg_temp
          AS $$ SELECT repeat('*', 5) $$;
        INSERT INTO jit.trusted_functions VALUES ('sales.stars(text)');
        INSERT INTO jit.mask_classes (class, for_type, mask) VALUES ('badge', 'text', 'jit_mask_partial(value, 0, ''badge'', 0)');
        UPDATE jit.mask_classes SET mask = 'jit_mask_full(value::text, ''mail'')' WHERE class = 'email';
        CREATE TABLE sales.special (code text, badge text);
        INSERT INTO sales.special VALUES ('RAWMARK', 'RAWMARK');
        GRANT SELECT ON sales.special TO mallory;
        SECURITY LABEL FOR jit_access ON COLUMN sales.special.code IS 'MASKED WITH FUNCTION sales.stars(code)';
        SECURITY LABEL FOR jit_access ON COLUMN sales.special.badge IS 'CLASSIFIED badge'""")
    return shop


def masks_of(shop):
    return shop.dba("SELECT relation::text, column_name, type, mask, source, label FROM jit.masked_columns"
                    " ORDER BY 1, 2")


def restore(shop, database, *options):
    environment = shop.server.environment()
    dump = subprocess.run([str(BIN / "pg_dump"), *options, shop.database], env=environment, check=True,
                          stdout=subprocess.PIPE, text=not options)
    shop.server.psql(f"CREATE DATABASE {database}")
    command = [str(BIN / "pg_restore"), "-d", database] if options else \
        [str(BIN / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", database]
    done = subprocess.run(command, env=environment, input=dump.stdout, text=not options,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return Shop(shop.server, database)


@pytest.mark.parametrize("options", [(), ("-Fc",)])
def test_dump_and_restore_keep_masks(masked, options):
    database = masked.database + ("_custom" if options else "_plain")
    restored = restore(masked, database, *options)
    try:
        assert masks_of(restored) == masks_of(masked)
        for query in SHOWN:
            assert restored.run("mallory", query) == masked.run("mallory", query)
            assert restored.dba(query) == masked.dba(query)
    finally:
        restored.close()
        masked.server.psql(f"DROP DATABASE {database} WITH (FORCE)")


def test_renamed_things_are_restored_with_their_masks(masked):
    masked.dba("ALTER TABLE sales.people RENAME ssn TO social; ALTER TABLE sales.people RENAME TO folks;"
               "ALTER FUNCTION sales.stars(text) RENAME TO asterisks")
    restored = restore(masked, masked.database + "_renamed")
    try:
        assert masks_of(restored) == masks_of(masked)
        assert restored.value("mallory", "SELECT social FROM sales.folks WHERE id = 1") == "***"
        assert restored.value("mallory", "SELECT code FROM sales.special") == "*****"
    finally:
        restored.close()
        masked.server.psql(f"DROP DATABASE {restored.database} WITH (FORCE)")


def test_template_database_keeps_masks(masked):
    copy = masked.database + "_copy"
    masked.server.psql(f"CREATE DATABASE {copy} TEMPLATE {masked.database}")
    copied = Shop(masked.server, copy)
    try:
        assert copied.value("mallory", "SELECT ssn FROM sales.people WHERE id = 1") == "***"
    finally:
        copied.close()
        masked.server.psql(f"DROP DATABASE {copy} WITH (FORCE)")


def test_pg_dump_as_a_masked_user_dumps_masks(masked):
    """Whatever way pg_dump reads a table, a user for whom it is masked gets masks."""
    for options in ([], ["--inserts"]):
        done = subprocess.run([str(BIN / "pg_dump"), "-t", "sales.people", *options, masked.database],
                              env=masked.server.environment("mallory"), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        assert "RAWMARK" not in done.stdout and "rawmark" not in done.stdout


def test_key_comes_from_a_file_that_only_the_server_reads(own_server):
    own_server.psql("CREATE EXTENSION jit_access; CREATE ROLE reader LOGIN; CREATE TABLE t (v text);"
                    "INSERT INTO t VALUES ('Ada'); GRANT SELECT ON t TO reader;"
                    "SECURITY LABEL FOR jit_access ON COLUMN t.v IS 'MASKED WITH FUNCTION jit_mask_hash(v)'")
    shop = Shop(own_server, "postgres")
    key = Path(own_server.directory, "data", "mask.key")

    def use(contents, mode):
        key.write_text(contents)
        data = Path(own_server.directory, "data").stat()
        os.chown(key, data.st_uid, data.st_gid)
        key.chmod(mode)
        own_server.set(f"jit_access.mask_key_file = '{key}'")
        own_server._cluster("reload")

    reader = shop.connect("reader")
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as caught:
        reader.execute("SELECT v FROM t")
    assert "mask_key_file" in caught.value.diag.message_hint
    use("k" * 40, 0o644)
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        shop.value("reader", "SELECT v FROM t")
    use("short", 0o600)
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        shop.value("reader", "SELECT v FROM t")
    use("k" * 40 + "\n", 0o600)
    first = shop.value("reader", "SELECT v FROM t")
    assert len(first) == 64
    connection = shop.connect("reader")
    connection.execute("SET force_parallel_mode = on; SET parallel_setup_cost = 0")
    assert one(connection, "SELECT v FROM t") == first, "a worker has the same key"
    use("another key altogether, quite long", 0o600)
    assert shop.value("reader", "SELECT v FROM t") != first
    # Neither file nor key shows to anybody but superusers.
    for name in ("mask_key", "mask_key_file"):
        with pytest.raises(errors.InsufficientPrivilege):
            shop.value("reader", f"SHOW jit_access.{name}")
    assert "another key" not in own_server.log()
    shop.close()


def test_key_of_the_setting_shows_in_no_log(own_server):
    """Neither where it changes by a reload, nor where it is refused."""
    for key in ("KEYMARK long enough to be one", "KEYMARK short", "KEYMARK of another kind"):
        own_server.set(f"jit_access.mask_key = '{key}'")
        own_server._cluster("reload")
        time.sleep(0.5)
    with psycopg.connect(host=own_server.host, port=own_server.port, user="postgres", dbname="postgres",
                         autocommit=True) as connection:
        with pytest.raises(errors.InvalidParameterValue) as caught:
            connection.execute("ALTER SYSTEM SET jit_access.mask_key = 'KEYMARK'")
        assert "KEYMARK" not in str(caught.value)
    logged = [line for line in own_server.log().splitlines() if "STATEMENT:" not in line]
    assert any('parameter "jit_access.mask_key" changed' in line for line in logged)
    assert "KEYMARK" not in "\n".join(logged)
