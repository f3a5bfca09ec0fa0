-- What happens to labelled columns: renamed, retyped, dropped, inherited, detached.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
CREATE TABLE shop.people (id int, name text, mail varchar(30), pay int, code text);
INSERT INTO shop.people VALUES (1, 'Ada Lovelace', 'ada@lovelace.org', 5000, 'C1');
GRANT SELECT ON shop.people TO jr_dave;
CREATE FUNCTION shop.star(text) RETURNS text IMMUTABLE STRICT LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$ SELECT '*' $$;
INSERT INTO jit.trusted_functions VALUES ('shop.star(text)');
SECURITY LABEL FOR jit_access ON COLUMN shop.people.name IS 'MASKED WITH FUNCTION jit_mask_name(people.name)';
SECURITY LABEL FOR jit_access ON COLUMN shop.people.mail IS 'CLASSIFIED email';
SECURITY LABEL FOR jit_access ON COLUMN shop.people.pay IS 'MASKED WITH FUNCTION jit_mask_range(pay, 1000)';
SECURITY LABEL FOR jit_access ON COLUMN shop.people.code IS 'MASKED WITH FUNCTION shop.star(code)';
CREATE VIEW labels AS SELECT objname, label FROM pg_seclabels WHERE provider = 'jit_access' ORDER BY objoid, objsubid;
-- Renaming keeps the mask, and the label's text says what it means.
ALTER TABLE shop.people RENAME name TO full_name;
ALTER TABLE shop.people RENAME TO persons;
ALTER TABLE shop.persons RENAME pay TO salary;
ALTER TABLE shop.persons SET SCHEMA vault;
ALTER FUNCTION shop.star(text) RENAME TO star2;
ALTER SCHEMA shop RENAME TO store;
SELECT * FROM labels;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM vault.persons;
RESET SESSION AUTHORIZATION;
ALTER SCHEMA store RENAME TO shop;
-- The labels as they now read make the same masks.
SELECT jit.refresh_masks();
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM vault.persons;
RESET SESSION AUTHORIZATION;
-- A new type that the mask fits is taken along; one that it does not fit is refused.
ALTER TABLE vault.persons ALTER mail TYPE varchar(20), ALTER full_name TYPE varchar(40);
ALTER TABLE vault.persons ALTER salary TYPE bigint;
SET SESSION AUTHORIZATION jr_dave;
SELECT *, pg_typeof(salary), pg_typeof(full_name) FROM vault.persons;
RESET SESSION AUTHORIZATION;
ALTER TABLE vault.persons ALTER salary TYPE text;
\echo :SQLSTATE
ALTER TABLE vault.persons ALTER mail TYPE inet USING '10.0.0.1';
SELECT column_name, mask FROM jit.masked_columns WHERE relation = 'vault.persons'::regclass;
-- In a transaction that is rolled back, and in one that fails, nothing has changed.
BEGIN;
ALTER TABLE vault.persons RENAME full_name TO n;
SECURITY LABEL FOR jit_access ON COLUMN vault.persons.code IS NULL;
SELECT column_name, mask FROM jit.masked_columns WHERE relation = 'vault.persons'::regclass;
ROLLBACK;
SELECT column_name, mask FROM jit.masked_columns WHERE relation = 'vault.persons'::regclass;
-- A function that a mask calls can be dropped; the column is hidden whole.
DROP FUNCTION shop.star2(text);
SELECT column_name, mask FROM jit.masked_columns WHERE relation = 'vault.persons'::regclass AND column_name = 'code';
-- Dropping leaves nothing behind.
ALTER TABLE vault.persons DROP COLUMN code;
SELECT objname, label FROM labels;
SELECT column_number, kind FROM jit.masks WHERE relation_oid = 'vault.persons'::regclass ORDER BY 1;
SELECT 'vault.persons'::regclass::oid AS persons \gset
DROP TABLE vault.persons;
SELECT count(*) FROM jit.masks WHERE relation_oid = :persons;
SELECT count(*) FROM pg_seclabel WHERE provider = 'jit_access';
-- Partitions and inheritance: masks follow the columns' names, both ways, whenever they come together.
CREATE TABLE shop.calls (id int, caller text, at date) PARTITION BY RANGE (id);
CREATE TABLE shop.calls_1 PARTITION OF shop.calls FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
CREATE TABLE shop.calls_1a PARTITION OF shop.calls_1 FOR VALUES FROM (0) TO (50);
CREATE TABLE shop.calls_2 (caller text, gone int, at date, id int);
ALTER TABLE shop.calls_2 DROP COLUMN gone;
INSERT INTO shop.calls VALUES (1, 'RAW-1', '2020-01-01');
INSERT INTO shop.calls_2 VALUES ('RAW-2', '2020-01-02', 101);
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.calls.caller IS 'MASKED WITH FUNCTION jit_mask_full(caller, ''parent'')';
SECURITY LABEL FOR jit_access ON COLUMN shop.calls_1.at IS 'MASKED WITH FUNCTION jit_mask_trunc(at, ''century'')';
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.calls_2;
RESET SESSION AUTHORIZATION;
ALTER TABLE shop.calls ATTACH PARTITION shop.calls_2 FOR VALUES FROM (100) TO (200);
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.calls ORDER BY id;
SELECT * FROM shop.calls_1a;
SELECT * FROM shop.calls_2;
SELECT relation, column_name, mask, source FROM jit.masked_columns ORDER BY relation::text, column_name;
RESET SESSION AUTHORIZATION;
-- A child's own label is for those who read the child.
SECURITY LABEL FOR jit_access ON COLUMN shop.calls_1a.caller IS 'MASKED WITH VALUE ''own''';
SECURITY LABEL FOR jit_access ON COLUMN shop.calls_2.caller IS 'NOT MASKED';
SET SESSION AUTHORIZATION jr_dave;
SELECT tableoid::regclass, * FROM shop.calls ORDER BY id;
SELECT * FROM shop.calls_1a;
SELECT * FROM shop.calls_2;
RESET SESSION AUTHORIZATION;
-- What leaves its parent takes the masks along.
SECURITY LABEL FOR jit_access ON COLUMN shop.calls_2.caller IS NULL;
ALTER TABLE shop.calls DETACH PARTITION shop.calls_2;
ALTER TABLE shop.calls DETACH PARTITION shop.calls_1;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.calls_2;
SELECT * FROM shop.calls_1;
RESET SESSION AUTHORIZATION;
SELECT * FROM labels;
CREATE TABLE shop.things (id int, secret text);
CREATE TABLE shop.odd (more text) INHERITS (shop.things);
INSERT INTO shop.odd VALUES (1, 'RAW', 'RAW');
GRANT SELECT ON shop.things, shop.odd TO jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.odd.secret IS 'MASKED WITH VALUE ''one''';
SECURITY LABEL FOR jit_access ON COLUMN shop.odd.more IS 'MASKED WITH VALUE ''two''';
CREATE TABLE shop.odder () INHERITS (shop.things);
INSERT INTO shop.odder VALUES (2, 'RAW too');
GRANT SELECT ON shop.odder TO jr_dave;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.things;
SELECT * FROM shop.odd;
SELECT * FROM shop.odder;
RESET SESSION AUTHORIZATION;
-- Two children that disagree hide the parent's column whole.
SECURITY LABEL FOR jit_access ON COLUMN shop.odder.secret IS 'MASKED WITH VALUE ''another''';
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.things;
RESET SESSION AUTHORIZATION;
ALTER TABLE shop.odd NO INHERIT shop.things;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.things;
SELECT * FROM shop.odd;
RESET SESSION AUTHORIZATION;
-- A child of two parents: the label of one covers what a scan of the other reads.
CREATE TABLE shop.plain (id int, remark text);
CREATE TABLE shop.secretive (remark text, id int);
CREATE TABLE shop.of_both () INHERITS (shop.plain, shop.secretive);
INSERT INTO shop.of_both VALUES (1, 'RAW');
INSERT INTO shop.plain VALUES (2, 'RAW too');
GRANT SELECT, UPDATE ON shop.plain, shop.of_both TO jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.secretive.remark IS 'MASKED WITH VALUE ''one''';
SELECT relation, column_name, source FROM jit.masked_columns WHERE column_name = 'remark' ORDER BY relation::text COLLATE "C";
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.plain;
UPDATE shop.plain SET id = id + 1 RETURNING *;
RESET SESSION AUTHORIZATION;
ALTER TABLE shop.of_both NO INHERIT shop.secretive;
SECURITY LABEL FOR jit_access ON COLUMN shop.of_both.remark IS NULL;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.plain;
RESET SESSION AUTHORIZATION;
-- Partitions of another's: whoever sees the table sees through it, and its foreign keys work; but
-- not past another's own label.
CREATE TABLE shop.parcels (id int PRIMARY KEY, content text) PARTITION BY RANGE (id);
CREATE TABLE shop.parcels_1 PARTITION OF shop.parcels FOR VALUES FROM (0) TO (10);
INSERT INTO shop.parcels VALUES (1, 'RAW');
CREATE TABLE shop.stamps (parcel int REFERENCES shop.parcels);
SECURITY LABEL FOR jit_access ON COLUMN shop.parcels.content IS 'MASKED WITH VALUE ''something''';
ALTER TABLE shop.parcels OWNER TO jr_carol;
ALTER TABLE shop.stamps OWNER TO jr_carol;
ALTER TABLE shop.parcels_1 OWNER TO jr_dave;
SET SESSION AUTHORIZATION jr_carol;
SELECT * FROM shop.parcels;
INSERT INTO shop.stamps VALUES (1);
UPDATE shop.parcels SET content = 'RAW too' WHERE content = 'RAW' RETURNING *;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.parcels_1;
SECURITY LABEL FOR jit_access ON COLUMN shop.parcels_1.content IS 'MASKED WITH VALUE ''mine''';
SET SESSION AUTHORIZATION jr_carol;
SELECT * FROM shop.parcels;
INSERT INTO shop.stamps VALUES (1);
RESET SESSION AUTHORIZATION;
DROP TABLE shop.stamps, shop.parcels;
-- So does what outlives its parent's column, and what outlives the expression that it was computed by.
CREATE TABLE shop.base (id int, secret text, other text);
CREATE TABLE shop.own_column (secret text) INHERITS (shop.base);
CREATE TABLE shop.below () INHERITS (shop.own_column);
CREATE TABLE shop.kept () INHERITS (shop.base);
INSERT INTO shop.own_column VALUES (1, 'RAW', 'RAW');
INSERT INTO shop.below VALUES (2, 'RAW', 'RAW');
INSERT INTO shop.kept VALUES (3, 'RAW', 'RAW');
GRANT SELECT ON shop.base, shop.own_column, shop.below, shop.kept TO jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.base.secret IS 'MASKED WITH FUNCTION jit_mask_partial(secret, 1, ''*'', 0)';
SECURITY LABEL FOR jit_access ON COLUMN shop.base.other IS 'MASKED WITH VALUE ''other''';
SET client_min_messages = notice;
ALTER TABLE shop.base DROP COLUMN secret;
ALTER TABLE ONLY shop.base DROP COLUMN other;
ALTER TABLE shop.own_column ADD COLUMN doubled text GENERATED ALWAYS AS (secret || secret) STORED;
ALTER TABLE shop.own_column ALTER COLUMN doubled DROP EXPRESSION;
SET client_min_messages = warning;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.own_column ORDER BY id;
SELECT * FROM shop.below;
SELECT * FROM shop.kept;
SELECT * FROM shop.base ORDER BY id;
RESET SESSION AUTHORIZATION;
DROP TABLE shop.base CASCADE;
-- A column that only the child has does not keep its parent from being read.
CREATE TABLE shop.wide (id int);
CREATE TABLE shop.wider (secret text, id int) INHERITS (shop.wide);
CREATE TABLE shop.widest (more text) INHERITS (shop.wider);
INSERT INTO shop.widest VALUES (1, 'RAW', 'RAW');
GRANT SELECT, UPDATE, DELETE ON shop.wide, shop.wider TO jr_dave;
SECURITY LABEL FOR jit_access ON COLUMN shop.wider.secret IS 'CLASSIFIED secret';
SECURITY LABEL FOR jit_access ON COLUMN shop.widest.more IS 'CLASSIFIED secret';
SET SESSION AUTHORIZATION jr_dave;
SELECT wide, wide.* FROM shop.wide;
SELECT * FROM shop.wider;
UPDATE shop.wide SET id = id + 1 WHERE id = 1 RETURNING *;
RESET SESSION AUTHORIZATION;
DROP TABLE shop.wide CASCADE;
-- DROP EXTENSION leaves the labels; with the extension back they hold again.
DROP EXTENSION jit_access;
SELECT count(*) FROM pg_seclabel WHERE provider = 'jit_access';
CREATE EXTENSION jit_access;
SET SESSION AUTHORIZATION jr_dave;
SELECT * FROM shop.odd;
RESET SESSION AUTHORIZATION;
DROP VIEW labels;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
