-- Classes: what they become by type, changed and added ones, jit_detect, and jit.masked_columns.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SELECT class, for_type, mask, builtin FROM jit.mask_classes ORDER BY 1, 2;
SELECT class, type, jit.class_mask(class, type::regtype) FROM (VALUES ('email', 'text'), ('email', 'varchar'), ('email', 'jsonb'), ('salary', 'numeric'), ('ip', 'cidr'), ('ip', 'text'), ('secret', 'bytea'), ('nosuch', 'text')) v (class, type);
CREATE TABLE shop.staff (id int, mail text, phone bigint, born date, boss inet, badge text);
INSERT INTO shop.staff VALUES (1, 'ada@lovelace.org', 4930123456, '1984-05-17', '10.1.2.3', 'badge-7');
GRANT SELECT ON shop.staff TO jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.mail IS 'CLASSIFIED email';
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.phone IS 'CLASSIFIED phone';
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.born IS 'CLASSIFIED birth_date';
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.boss IS 'CLASSIFIED ip';
SECURITY LABEL FOR jit_access ON COLUMN shop.staff.badge IS 'CLASSIFIED badge';
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.staff;
RESET SESSION AUTHORIZATION;
-- A change reaches every column of the class at once.
INSERT INTO jit.mask_classes (class, for_type, mask) VALUES ('Badge', 'text', 'jit_mask_partial(value, 0, ''badge-'', 1)');
UPDATE jit.mask_classes SET mask = 'jit_mask_full(value, ''mail'')' WHERE class = 'email';
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.staff;
RESET SESSION AUTHORIZATION;
SELECT class, for_type, builtin FROM jit.mask_classes WHERE NOT builtin ORDER BY 1;
-- A restore brings the changed row back over the one that came with the extension.
INSERT INTO jit.mask_classes (class, for_type, mask) VALUES ('phone', 'text', 'jit_mask_phone(value, 3)');
SELECT mask, builtin FROM jit.mask_classes WHERE class = 'phone';
-- What does not bind hides the column, and says so.
UPDATE jit.mask_classes SET mask = 'nosuch(value)' WHERE class = 'email';
DELETE FROM jit.mask_classes WHERE class = 'badge';
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.staff;
RESET SESSION AUTHORIZATION;
INSERT INTO jit.mask_classes (class, for_type, mask) VALUES ('not a name', 'text', 'value');
\echo :SQLSTATE
INSERT INTO jit.mask_classes (class, for_type, mask) VALUES ('x', 'texts', 'value');
\echo :SQLSTATE
UPDATE jit.mask_classes SET mask = 'jit_mask_email(value::text)' WHERE class = 'email';
-- The side doors of a column, each with the command that closes it.
CREATE TABLE shop.visits (id int, mail text);
CREATE MATERIALIZED VIEW shop.staff_copy AS SELECT mail AS address FROM shop.staff;
CREATE UNIQUE INDEX staff_mail ON shop.staff (mail);
CREATE PUBLICATION everything FOR ALL TABLES;
GRANT ALL ON shop.staff TO jr_carol;
GRANT SELECT (mail) ON shop.staff TO jr_audit;
GRANT pg_read_all_data TO jr_staff;
GRANT jit_unmasked TO jr_security;
ALTER ROLE jr_coord REPLICATION CREATEROLE;
CREATE TABLE shop.mailboxes (mail text PRIMARY KEY);
INSERT INTO shop.mailboxes SELECT mail FROM shop.staff;
ALTER TABLE shop.staff ADD CONSTRAINT staff_mailbox FOREIGN KEY (mail) REFERENCES shop.mailboxes ON DELETE SET NULL;
GRANT DELETE ON shop.mailboxes TO jr_carol;
CREATE FUNCTION shop.watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
ALTER FUNCTION shop.watch() OWNER TO jr_carol;
CREATE TRIGGER watch BEFORE UPDATE ON shop.staff FOR EACH ROW EXECUTE FUNCTION shop.watch();
SELECT door, close FROM jit.side_doors('shop.staff'::regclass, 2::smallint) ORDER BY door COLLATE "C";
-- The commands do close them.
SELECT close FROM jit.side_doors('shop.staff'::regclass, 2::smallint) ORDER BY door COLLATE "C" \gexec
SELECT door FROM jit.side_doors('shop.staff'::regclass, 2::smallint);
DROP TABLE shop.mailboxes CASCADE;
SET SESSION AUTHORIZATION jr_dave;
SELECT mail, born FROM shop.staff;
RESET SESSION AUTHORIZATION;
-- Proposals: from names, types and samples, without a value in them; what is labelled is left out.
CREATE TABLE shop.found (id int, first_name text, contact text, paid_by text, transfer text, host inet, tax_id text, birth_date date, pwd_hash text, remark text, "Home Address" text, amount int);
INSERT INTO shop.found SELECT n, 'Ada', 'ada' || n || '@raw.example', '4111 1111 1111 1111', 'DE89 3704 0044 0532 0130 00', '10.0.0.1', '1', '1984-05-17', 'x', 'call me', 'here', n FROM generate_series(1, 30) n;
CREATE TABLE shop.parted (id int, email text) PARTITION BY RANGE (id);
CREATE TABLE shop.parted_1 PARTITION OF shop.parted DEFAULT;
SELECT relation, column_name, class, because, statement FROM jit_detect('shop') ORDER BY relation::text, column_name;
SELECT column_name, because FROM jit_detect('shop', 0) WHERE relation = 'shop.found'::regclass ORDER BY 1;
SELECT count(*) FROM pg_seclabel WHERE objoid = 'shop.found'::regclass;
SELECT statement FROM jit_detect('shop') WHERE relation = 'shop.found'::regclass ORDER BY 1 \gexec
SELECT count(*) FROM jit_detect('shop') WHERE relation = 'shop.found'::regclass;
-- Domains over domains; a table without values; nothing of the system's or of jit_access, whose labels would be refused.
CREATE DOMAIN shop.mail AS text;
CREATE DOMAIN shop.mail2 AS shop.mail;
CREATE TABLE shop.nested (a shop.mail2, email shop.mail2, phone text);
INSERT INTO shop.nested VALUES ('ada@lovelace.org');
SELECT column_name, class, because FROM jit_detect('shop') WHERE relation = 'shop.nested'::regclass ORDER BY 1;
SELECT (SELECT count(*) FROM jit_detect('pg_catalog')) AS system, (SELECT count(*) FROM jit_detect('jit')) AS own;
-- It runs nobody's code: not the casts of a type that calls itself citext, not the policies of a table.
CREATE FUNCTION shop.note(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'ran as %', current_user; RETURN true; END $$;
CREATE TYPE shop.citext AS (a text);
CREATE FUNCTION shop.as_text(shop.citext) RETURNS text LANGUAGE sql AS $$ SELECT 'ada@lovelace.org' WHERE shop.note('') $$;
CREATE CAST (shop.citext AS text) WITH FUNCTION shop.as_text(shop.citext) AS IMPLICIT;
CREATE TABLE shop.trap (mail shop.citext, more text);
INSERT INTO shop.trap VALUES (ROW('x'), 'ada@lovelace.org');
CREATE POLICY p ON shop.trap USING (shop.note(more));
ALTER TABLE shop.trap ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shop.trap TO jr_dave;
SELECT column_name, class FROM jit_detect('shop') WHERE relation = 'shop.trap'::regclass;
SET SESSION AUTHORIZATION jr_dave;
SELECT column_name, class FROM jit_detect('shop') WHERE relation = 'shop.trap'::regclass;
RESET SESSION AUTHORIZATION;
SELECT jit_detect('nosuch');
\echo :SQLSTATE
SELECT jit_detect('shop', -1);
\echo :SQLSTATE
-- With rights on nothing it goes by names.
REVOKE ALL ON ALL TABLES IN SCHEMA shop FROM jr_dave;
SET SESSION AUTHORIZATION jr_dave;
SELECT relation, column_name, because FROM jit_detect('shop');
RESET SESSION AUTHORIZATION;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
