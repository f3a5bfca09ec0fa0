-- Side doors that are easily overlooked: each is listed, and the command that is given closes it.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE TABLE shop.staff (id int, mail text, note text, "Pin" text);
INSERT INTO shop.staff VALUES (1, 'RAW mail', 'RAW note', 'RAW pin');
CREATE VIEW doors AS SELECT DISTINCT d.door, d.close FROM generate_series(2, 5) n, LATERAL jit.side_doors('shop.staff'::regclass, n::smallint) d;
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.mail IS 'CLASSIFIED email';
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.note IS 'CLASSIFIED secret';
SECURITY LABEL FOR jit_access ON COLUMN shop.staff."Pin" IS 'CLASSIFIED secret';
SELECT * FROM doors;
-- Uniqueness over an expression or a condition; UPDATE asks as well as INSERT.
CREATE UNIQUE INDEX ON shop.staff (lower(mail));
CREATE UNIQUE INDEX ON shop.staff (id) WHERE note > 'a';
GRANT INSERT ON shop.staff TO jr_bob;
GRANT UPDATE ("Pin", mail) ON shop.staff TO jr_amy;
-- Passed on by others than the owner; and a table of which nothing is left to grant.
GRANT SELECT ON shop.staff TO jr_carol WITH GRANT OPTION;
SET ROLE jr_carol;
GRANT SELECT ON shop.staff TO jr_dave;
RESET ROLE;
-- UPDATE that can be passed on; what the column refers to, likewise.
GRANT UPDATE ON shop.staff TO jr_alice WITH GRANT OPTION;
CREATE TABLE shop.pins (pin text PRIMARY KEY);
INSERT INTO shop.pins VALUES ('RAW pin');
ALTER TABLE shop.staff ADD CONSTRAINT pin_exists FOREIGN KEY ("Pin") REFERENCES shop.pins;
GRANT DELETE ON shop.pins TO jr_carol WITH GRANT OPTION;
SET ROLE jr_carol;
GRANT DELETE ON shop.pins TO jr_dave;
RESET ROLE;
-- Roles that can become others: through one that does not inherit, by CREATEROLE, by membership in a superuser.
CREATE ROLE jr_chief SUPERUSER;
CREATE ROLE jr_middle NOINHERIT;
CREATE ROLE jr_low LOGIN NOINHERIT;
CREATE ROLE jr_maker LOGIN CREATEROLE;
CREATE ROLE jr_deputy LOGIN;
CREATE ROLE jit_lookalike LOGIN REPLICATION;
GRANT jit_unmasked TO jr_middle;
GRANT jr_middle TO jr_low;
GRANT jr_chief TO jr_deputy;
-- Functions that are given raw values and call what their caller's search_path says; one of the server's files.
CREATE FUNCTION shop.may_see(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN upper($1) <> ''''; END';
CREATE FUNCTION shop.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.id := length(OLD.mail); RETURN NEW; END';
CREATE POLICY p ON shop.staff USING (shop.may_see(note));
CREATE TRIGGER stamp BEFORE UPDATE ON shop.staff FOR EACH ROW EXECUTE FUNCTION shop.stamp();
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO jr_dave;
-- Functions and domains of others, who can change them when the table is masked.
CREATE DOMAIN shop.word AS text CHECK (shop.may_see(VALUE));
ALTER DOMAIN shop.word OWNER TO jr_alice;
ALTER TABLE shop.staff ADD extra shop.word[];
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.extra IS 'CLASSIFIED secret';
CREATE FUNCTION shop.ok(text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT true';
ALTER FUNCTION shop.ok(text) OWNER TO jr_alice;
ALTER TABLE shop.staff ADD CHECK (shop.ok("Pin"));
CREATE FUNCTION shop.stars(text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT $1';
INSERT INTO jit.trusted_functions VALUES ('shop.stars(text)');
ALTER FUNCTION shop.stars(text) OWNER TO jr_alice;
-- A copy made through a view, and one of whole rows.
CREATE VIEW shop.mails AS SELECT mail AS m FROM shop.staff;
CREATE MATERIALIZED VIEW shop.copy_of_view AS SELECT m FROM shop.mails;
CREATE MATERIALIZED VIEW shop.copy_of_rows AS SELECT s AS row FROM shop.staff s;
\pset format unaligned
SELECT * FROM doors ORDER BY door COLLATE "C", close COLLATE "C";
SELECT close FROM doors ORDER BY door COLLATE "C" DESC, close COLLATE "C" \gexec
SELECT * FROM doors;
-- Where every column is masked there is nothing to grant instead.
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.id IS 'CLASSIFIED secret';
GRANT SELECT ON shop.staff TO jr_dave;
SELECT close FROM doors \gexec
SELECT * FROM doors;
\pset format aligned
DROP VIEW doors;
DROP ROLE jit_lookalike;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
