"""Constraints that are checked late, or against other tables, say nothing of masked values."""

import psycopg
import pytest

from support.masks import observe


def test_deferred_constraints_tell_nothing(masked):
    masked.dba("ALTER TABLE sales.people DROP CONSTRAINT people_team_number_key;"
               "ALTER TABLE sales.people ADD CONSTRAINT late UNIQUE (team, number) DEFERRABLE INITIALLY DEFERRED;"
               "UPDATE sales.people SET number = 987654001 WHERE id IN (1, 2); GRANT UPDATE ON sales.people TO mallory")
    connection = masked.connect("mallory", prepare_threshold=None)
    for end in ("COMMIT", "SET CONSTRAINTS ALL IMMEDIATE"):
        connection.execute("BEGIN")
        connection.execute("UPDATE sales.people SET team = 1 WHERE id < 5")
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(end)
        connection.execute("ROLLBACK")
        assert caught.value.sqlstate == "23505"
        assert caught.value.diag.message_detail is None


def test_deferred_constraints_tell_nothing_of_what_others_wrote(masked):
    """COPY, a function of the owner's and a foreign key that cascades write without a plan of the user's."""
    masked.dba("CREATE TABLE sales.rooms (room int PRIMARY KEY);"
               "CREATE TABLE sales.bookings (id int, room int REFERENCES sales.rooms ON UPDATE CASCADE, during int4range,"
               " CONSTRAINT late EXCLUDE USING gist (int4range(room / 2, room / 2 + 1) WITH &&, during WITH &&) DEFERRABLE INITIALLY DEFERRED);"
               "INSERT INTO sales.rooms VALUES (1), (4); INSERT INTO sales.bookings VALUES (1, 1, '[1,987654001)'), (2, 4, '[2,987654002)');"
               "CREATE FUNCTION sales.book() RETURNS void LANGUAGE sql SECURITY DEFINER AS"
               " 'INSERT INTO sales.bookings VALUES (3, 1, ''[5,6)'')';"
               "ALTER TABLE sales.rooms OWNER TO shop; ALTER TABLE sales.bookings OWNER TO shop; ALTER FUNCTION sales.book() OWNER TO shop;"
               "SECURITY LABEL FOR jit_access ON COLUMN sales.bookings.during IS 'CLASSIFIED secret';"
               "GRANT SELECT, INSERT, UPDATE ON sales.bookings, sales.rooms TO mallory")
    connection = masked.connect("mallory", prepare_threshold=None)

    def copy():
        with connection.cursor().copy("COPY sales.bookings FROM STDIN") as rows:
            rows.write("3\t1\t[5,6)\n")

    for write in (copy, lambda: connection.execute("UPDATE sales.rooms SET room = 5 WHERE room = 1"),
                  lambda: connection.execute("SELECT sales.book()"),
                  lambda: connection.execute("INSERT INTO sales.bookings VALUES (3, 1, '[5,6)')")):
        with pytest.raises(psycopg.Error) as caught:
            write()
        connection.execute("ROLLBACK")
        assert caught.value.sqlstate == "23P01"
        assert "98765" not in str(caught.value.diag.message_detail) + str(caught.value)
    # The owner is told.
    with pytest.raises(psycopg.Error) as caught:
        masked.run("postgres", "SET ROLE shop; SELECT sales.book()")
    assert "98765" in caught.value.diag.message_detail


def test_deferred_constraints_of_labelled_partitions_tell_nothing(masked):
    """The owner of a table does not see past the labels of partitions of others, at COMMIT either."""
    masked.dba("CREATE TABLE sales.halls (id int, during int4range) PARTITION BY RANGE (id);"
               "CREATE TABLE sales.halls_1 PARTITION OF sales.halls FOR VALUES FROM (0) TO (10);"
               "ALTER TABLE sales.halls_1 ADD CONSTRAINT late EXCLUDE USING gist (during WITH &&) DEFERRABLE INITIALLY DEFERRED;"
               "INSERT INTO sales.halls VALUES (1, '[1,987654001)');"
               "ALTER TABLE sales.halls OWNER TO mallory; ALTER TABLE sales.halls_1 OWNER TO shop;"
               "SECURITY LABEL FOR jit_access ON COLUMN sales.halls_1.during IS 'CLASSIFIED secret'")
    connection = masked.connect("mallory", prepare_threshold=None)

    def copy():
        with connection.cursor().copy("COPY sales.halls FROM STDIN") as rows:
            rows.write("2\t[5,6)\n")

    for write in (copy, lambda: connection.execute("INSERT INTO sales.halls VALUES (2, '[5,6)')")):
        with pytest.raises(psycopg.Error) as caught:
            write()
        assert caught.value.sqlstate == "23P01"
        assert "98765" not in str(caught.value.diag.message_detail) + str(caught.value)


def test_foreign_keys_tell_nothing_of_what_they_refer_to(masked):
    """The error names the other table; also where one has caught it, or deleted by way of a third."""
    masked.dba("CREATE TABLE sales.teams (team int PRIMARY KEY); INSERT INTO sales.teams VALUES (1), (2);"
               "CREATE TABLE sales.members (id int, team int REFERENCES sales.teams ON DELETE CASCADE, ssn text PRIMARY KEY);"
               "CREATE TABLE sales.cards (ssn text CONSTRAINT card REFERENCES sales.members);"
               "INSERT INTO sales.members VALUES (1, 1, 'RAWMARK-member'); INSERT INTO sales.cards VALUES ('RAWMARK-member');"
               "ALTER TABLE sales.teams OWNER TO shop; ALTER TABLE sales.members OWNER TO shop; ALTER TABLE sales.cards OWNER TO shop;"
               "SECURITY LABEL FOR jit_access ON COLUMN sales.members.ssn IS 'CLASSIFIED national_id';"
               "GRANT SELECT, UPDATE, DELETE ON sales.teams, sales.members TO mallory; GRANT SELECT, INSERT ON sales.cards TO mallory")
    connection = masked.connect("mallory", prepare_threshold=None)
    caught = ("DO $$ DECLARE d text; BEGIN {} EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;"
              " RAISE WARNING '% %', SQLSTATE, d; END $$")
    for statement in ("DELETE FROM sales.members WHERE id = 1;", "UPDATE sales.members SET ssn = 'x';", "DELETE FROM sales.teams WHERE team = 1;"):
        for way in (statement, caught.format(statement)):
            received = observe(connection, [way])
            received.assert_no_raw_value()
            assert "23503" in received.text()
    # What has nothing to do with masks says what it always said.
    masked.dba("CREATE TABLE sales.rooms (team int REFERENCES sales.teams); INSERT INTO sales.rooms VALUES (2)")
    assert "(2) is still referenced" in observe(connection, ["DELETE FROM sales.teams WHERE team = 2"]).text()
