"""Databases that are not in UTF-8: everything is there, and names and values come through whole."""

import psycopg
import pytest

from support.people import wait_until

# An encoding and a name that it can hold.
ENCODINGS = [("EUC_JP", "注文"), ("LATIN1", "größe"), ("SQL_ASCII", "plain")]


@pytest.mark.parametrize("encoding, name", ENCODINGS)
def test_whole_way_in_another_encoding(server, encoding, name):
    database = f"in_{encoding.lower()}"

    def connect(user, **options):
        return psycopg.connect(host=server.host, port=server.port, user=user, dbname=database, autocommit=True,
                               client_encoding="UTF8" if encoding != "SQL_ASCII" else "SQL_ASCII", **options)

    with psycopg.connect(host=server.host, port=server.port, user="postgres", dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        try:
            with connect("postgres") as dba:
                dba.execute("CREATE EXTENSION jit_access")
                dba.execute(f'CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO jit_requester; CREATE TABLE s."{name}" (t text);'
                            f"""INSERT INTO s."{name}" VALUES ('{name}');"""
                            f"""SECURITY LABEL FOR jit_access ON COLUMN s."{name}".t IS 'MASKED WITH FUNCTION jit_mask_partial(t, 1, $$*$$, 0)'""")
            with connect("alice") as alice, connect("carol") as carol:
                with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
                    alice.execute(f'SELECT * FROM s."{name}"')
                assert "jit_request('SELECT" in refused.value.diag.message_hint
                [request] = alice.execute(f"""SELECT jit_request('SELECT ON s."{name}"', '1 hour', '{name}')""").fetchone()
                carol.execute("SELECT jit_approve(%s)", [request])
                with connect("jit_daemon") as daemon:
                    daemon.execute("SELECT * FROM jit.run_due()")
                [shown] = alice.execute(f'SELECT t FROM s."{name}" AS whole').fetchone()
                assert shown in (f"{name[0]}*", f"{name[0]}*".encode()), shown
                with pytest.raises(psycopg.errors.FeatureNotSupported):
                    alice.execute("SELECT jit_request_for('VACUUM', '1 hour', 'x')")

                def recorded():
                    with connect("postgres") as dba:
                        return dba.execute("SELECT statement FROM jit.statements WHERE statement ~ 'AS whole'"
                                           " AND outcome = 'succeeded'").fetchall()
                assert name in str(wait_until(recorded)[0][0]) or encoding == "SQL_ASCII"
                with connect("postgres") as dba:
                    assert dba.execute("SELECT first_bad FROM jit_audit_verify()").fetchone() == (None,)
        finally:
            admin.execute(f"DROP DATABASE {database} WITH (FORCE)")
