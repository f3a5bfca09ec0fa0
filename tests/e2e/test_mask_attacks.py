"""Ways to see, or to infer, what is masked: no raw value may appear in anything the client receives."""

import threading

import psycopg
import pytest

from support.masks import observe
from support.people import one

# Each attack: statements of one transaction. {p} is the table with masked columns.
PROJECTION = """
SELECT * FROM {p}
SELECT p FROM {p} p
SELECT p.* FROM {p} p WHERE id = 1
SELECT p::text FROM {p} p
SELECT (p).ssn, (p).pay FROM {p} p
SELECT row_to_json(p) FROM {p} p
SELECT to_jsonb(p) - 'id' FROM {p} p
SELECT json_agg(p) FROM {p} p
SELECT array_agg(ssn), string_agg(email, ','), max(ssn), min(pay), avg(ratio) FROM {p}
SELECT array_agg(p) FROM {p} p
SELECT ROW(p.*) FROM {p} p
SELECT p.ctid, p.tableoid, p.xmin, p.ssn FROM {p} p
SELECT ssn_copy FROM {p}
SELECT query_to_xml('SELECT * FROM {p}', true, false, '')
SELECT table_to_xml('{p}', true, false, '')
SELECT schema_to_xml('sales', true, false, '')
SELECT table_to_xml_and_xmlschema('{p}', true, false, '')
SELECT * FROM {p} NATURAL JOIN {p} q
SELECT a.ssn, b.email FROM {p} a JOIN {p} b USING (id)
SELECT * FROM {p} a FULL JOIN {p} b USING (ssn)
SELECT l.* FROM {p} p, LATERAL (SELECT p.ssn, p.pay, p.device) l
SELECT l FROM {p} p LEFT JOIN LATERAL (SELECT p.*) l ON true
SELECT ssn FROM {p} UNION SELECT email FROM {p} UNION ALL SELECT short FROM {p}
SELECT ssn FROM {p} EXCEPT SELECT 'x'
WITH c AS MATERIALIZED (SELECT * FROM {p}) SELECT * FROM c
WITH c AS NOT MATERIALIZED (SELECT * FROM {p}) SELECT c FROM c
WITH RECURSIVE r AS (SELECT id, ssn FROM {p} WHERE id = 1 UNION ALL SELECT p.id, p.ssn FROM {p} p JOIN r ON p.id = r.id + 1) SELECT * FROM r
SELECT first_value(ssn) OVER (ORDER BY pay), lag(email) OVER (ORDER BY id) FROM {p}
SELECT ssn FROM {p} TABLESAMPLE SYSTEM (100)
SELECT p.ssn, l.ssn FROM {p} p, LATERAL (SELECT ssn FROM {p} TABLESAMPLE BERNOULLI (p.id)) l
SELECT * FROM {p} WHERE id = 1 FOR UPDATE
SELECT * FROM {p} p JOIN sales.visits v ON v.person = p.id FOR SHARE OF p
SELECT id, ssn, pay FROM {p} GROUP BY id
SELECT ssn, count(*) FROM {p} GROUP BY GROUPING SETS ((ssn), (email), ()) ORDER BY 1
SELECT DISTINCT ON (ssn) * FROM {p} ORDER BY ssn
SELECT (SELECT ssn FROM {p} q WHERE q.id = p.id) FROM {p} p
SELECT ARRAY(SELECT ssn FROM {p})
SELECT CASE WHEN id = 1 THEN ssn ELSE email END FROM {p}
SELECT coalesce(ssn, email), greatest(ssn, email), nullif(ssn, 'x') FROM {p}
SELECT encode(blob, 'hex'), blob, tags[1], profile ->> 'name', profile #> '{{name}}' FROM {p}
SELECT unnest(tags), jsonb_each_text(profile) FROM {p}
SELECT * FROM {p}, jsonb_to_record(profile) AS r (name text)
SELECT format('%s %I %L', ssn, email, pay) FROM {p}
SELECT pg_column_size(ssn) = 0, md5(ssn), hashtext(email), ssn || 'x' FROM {p}
VALUES ((SELECT ssn FROM {p} LIMIT 1), (SELECT email FROM {p} LIMIT 1))
TABLE {p}
SELECT * FROM ONLY {p}
SELECT xmlelement(name x, p.ssn), xmlforest(ssn, email) FROM {p} p
SELECT tableoid::regclass, * FROM sales.calls
SELECT * FROM sales.calls_1
SELECT * FROM sales.calls_2
SELECT c FROM sales.calls_2 c
SELECT c FROM sales.calls c
SELECT * FROM sales.things
SELECT t FROM sales.things t
SELECT * FROM sales.odd_things
SELECT * FROM ONLY sales.things
SELECT * FROM sales.guarded
SELECT * FROM sales.people_copy
SELECT v.*, p FROM sales.visits v LEFT JOIN {p} p ON p.id = v.person AND v.id > 70
SELECT v.id, (p).ssn, p IS NULL, p.ssn IS NULL FROM sales.visits v LEFT JOIN {p} p ON p.id = v.person + 1000
SELECT * FROM sales.people_view
SELECT v FROM sales.people_view v
SELECT * FROM sales.people_view2
SELECT * FROM sales.late_view
SELECT v FROM sales.late_view v
SELECT p, p.added FROM {p} p
SELECT * FROM sales.people_mine
SELECT count(*) FROM sales.people_view2 WHERE ssn LIKE '%9'
""".strip().splitlines()

WRAPPERS = [
    ["PREPARE s AS SELECT * FROM {p}", "EXECUTE s", "EXECUTE s", "EXECUTE s", "EXECUTE s", "EXECUTE s", "EXECUTE s"],
    ["SET plan_cache_mode = force_generic_plan", "PREPARE s (int) AS SELECT ssn, pay FROM {p} WHERE id = $1", "EXECUTE s (1)"],
    ["DECLARE c CURSOR FOR SELECT * FROM {p}", "FETCH 5 FROM c", "MOVE 3 IN c", "FETCH ALL FROM c"],
    ["DECLARE c SCROLL CURSOR FOR SELECT ssn, email FROM {p}", "FETCH LAST FROM c", "FETCH BACKWARD ALL FROM c"],
    ["DECLARE c BINARY CURSOR FOR SELECT * FROM {p}", "FETCH ALL FROM c"],
    ["DECLARE c CURSOR FOR SELECT * FROM {p} FOR UPDATE", "FETCH 2 FROM c",
     "UPDATE {p} SET note = 'x' WHERE CURRENT OF c RETURNING *"],
    ["SELECT sales.people_cursor()", "FETCH ALL FROM people_cursor"],
    ["COPY {p} TO STDOUT"], ["COPY {p} (ssn, pay) TO STDOUT (FORMAT csv, HEADER)"], ["COPY sales.calls_2 TO STDOUT"],
    ["COPY (SELECT * FROM {p}) TO STDOUT"], ["COPY (SELECT p FROM {p} p) TO STDOUT (FORMAT binary)"],
    ["COPY {p} TO STDOUT (FORMAT binary)"], ["COPY (TABLE sales.people_view) TO STDOUT"],
    ["CREATE TEMP TABLE t AS SELECT * FROM {p}", "SELECT * FROM t"],
    ["SELECT * INTO TEMP t FROM {p}", "TABLE t"],
    ["PREPARE s AS SELECT * FROM {p}", "CREATE TEMP TABLE t AS EXECUTE s", "TABLE t"],
    ["CREATE TEMP TABLE t (LIKE sales.people)", "INSERT INTO t SELECT * FROM {p}", "TABLE t"],
    ["CREATE TEMP TABLE t (s text)", "INSERT INTO t SELECT ssn FROM {p} RETURNING *", "TABLE t"],
    ["CREATE TEMP TABLE t (s text)", "WITH w AS (INSERT INTO t SELECT email FROM {p} RETURNING s) SELECT * FROM w"],
    ["CREATE TEMP VIEW v AS SELECT * FROM {p}", "SELECT * FROM v", "SELECT v FROM v"],
    ["DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM {p} LOOP RAISE NOTICE '%', r; END LOOP; END $$"],
    ["DO $$ DECLARE s text; BEGIN FOR s IN EXECUTE 'SELECT ssn FROM {p}' LOOP RAISE WARNING '%', s; END LOOP; END $$"],
    ["DO $$ DECLARE p sales.people; BEGIN SELECT * INTO p FROM {p} LIMIT 1; RAISE EXCEPTION '%', p; END $$"],
    ["DO $$ DECLARE s text; BEGIN SELECT ssn INTO s FROM {p} LIMIT 1; PERFORM s::int; END $$"],
    ["CALL sales.tell()"],
    ["EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT * FROM {p} WHERE ssn > 'a' ORDER BY email"],
    ["EXPLAIN (VERBOSE, FORMAT json) SELECT p FROM {p} p WHERE pay > 5"],
    ["EXPLAIN (ANALYZE, FORMAT xml) SELECT ssn, count(*) FROM {p} GROUP BY 1"],
    ["EXPLAIN (ANALYZE, VERBOSE, FORMAT yaml) EXECUTE s", ],
    ["SELECT set_config('x.y', string_agg(ssn, ','), false) FROM {p}", "SHOW x.y"],
    ["SELECT pg_notify('n', ssn) FROM {p}"],
    ["SET client_min_messages = debug5", "SET debug_print_plan = on", "SET debug_print_rewritten = on",
     "SELECT ssn FROM {p} WHERE id = 1"],
    ["SELECT ts_stat('SELECT to_tsvector(ssn) FROM {p}')"],
    ["SELECT cursor_to_xml('c', 100, true, false, '') FROM (SELECT 1) x"],
    ["DECLARE c CURSOR FOR SELECT * FROM {p}", "SELECT cursor_to_xml('c', 100, true, false, '')"],
    ["SELECT lo_from_bytea(0, blob) FROM {p} WHERE id = 1"],
]

STORED_CODE = [
    ["SELECT sales.ssn_inlined(1), sales.ssn_atomic(2), sales.ssn_plpgsql(3), sales.ssn_dynamic(4)"],
    ["SELECT * FROM sales.people_set()"], ["SELECT (sales.people_set()).*"], ["SELECT ssn FROM sales.people_set() WHERE id = 3"],
    ["SELECT * FROM sales.people_set_atomic()"], ["SELECT p, s FROM {p} p, sales.people_set_atomic() s (i, s) WHERE s.i = p.id"],
    # The user's own code.
    ["CREATE FUNCTION pg_temp.f(sales.people) RETURNS text LANGUAGE sql AS 'SELECT $1.ssn'", "SELECT pg_temp.f(p) FROM {p} p"],
    ["CREATE FUNCTION pg_temp.f() RETURNS SETOF sales.people LANGUAGE sql STABLE AS 'SELECT * FROM sales.people'",
     "SELECT * FROM pg_temp.f()", "SELECT ssn FROM pg_temp.f() WHERE ssn LIKE '%1'"],
    ["CREATE FUNCTION pg_temp.f() RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT ssn FROM sales.people; END",
     "SELECT * FROM pg_temp.f()"],
    ["CREATE FUNCTION pg_temp.f(s text DEFAULT (SELECT ssn FROM sales.people LIMIT 1)) RETURNS text LANGUAGE sql AS 'SELECT s'",
     "SELECT pg_temp.f()"],
    ["CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$",
     "SELECT count(*) FROM {p} WHERE pg_temp.leak(ssn) AND pg_temp.leak(email) AND pg_temp.leak(pay::text)",
     "SELECT count(*) FROM sales.people_view2 WHERE pg_temp.leak(ssn)", "SELECT count(*) FROM sales.calls WHERE pg_temp.leak(caller)",
     "SELECT count(*) FROM sales.guarded WHERE pg_temp.leak(owner_mail)", "SELECT count(*) FROM {p} p WHERE pg_temp.leak(p::text)"],
    ["CREATE FUNCTION pg_temp.cmp(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '% %', $1, $2; RETURN true; END $$",
     "CREATE OPERATOR pg_temp.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.cmp, RESTRICT = eqsel)",
     "SELECT count(*) FROM {p} WHERE ssn OPERATOR(pg_temp.===) 'x'"],
    ["CREATE FUNCTION pg_temp.collect(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $2; RETURN $2; END $$",
     "CREATE AGGREGATE pg_temp.agg(text) (SFUNC = pg_temp.collect, STYPE = text)", "SELECT pg_temp.agg(ssn) FROM {p}"],
    # In a parallel worker, which plans by itself what its functions run.
    ["CREATE FUNCTION pg_temp.f(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN (SELECT ssn FROM sales.people WHERE id = $1); END $$",
     "SET force_parallel_mode = on", "SELECT pg_temp.f(n) FROM generate_series(1, 5) n"],
    ["CREATE FUNCTION pg_temp.f(int) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC SELECT p::text FROM sales.people p WHERE id = $1; END",
     "SET force_parallel_mode = on", "SELECT pg_temp.f(id) FROM sales.visits"],
    ["CREATE FUNCTION pg_temp.s() RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT email::text FROM sales.people'",
     "CREATE FUNCTION pg_temp.f(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN (SELECT string_agg(s, ',') FROM pg_temp.s() s); END $$",
     "SET force_parallel_mode = on", "SELECT pg_temp.f(id) FROM sales.visits LIMIT 3"],
    ["CREATE FUNCTION pg_temp.f(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN (SELECT string_agg(t::text, ',') FROM pg_stats t WHERE schemaname = 'sales'); END $$",
     "SET force_parallel_mode = on", "SELECT pg_temp.f(id) FROM sales.visits LIMIT 1"],
    # Names that the masks use, taken by somebody else.
    ["CREATE FUNCTION pg_temp.jit_mask_partial(text, int, text, int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; RETURN $1; END $$",
     "SET search_path = pg_temp, public, pg_catalog", "SELECT ssn FROM {p}"],
    ["CREATE FUNCTION pg_temp.textcat(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
     "CREATE OPERATOR pg_temp.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.textcat)",
     "SET search_path = pg_temp, pg_catalog", "SELECT ssn, email FROM {p}"],
    # Conditions of the user's own objects.
    ["CREATE TEMP TABLE mine (id int)", "INSERT INTO mine VALUES (1)", "ALTER TABLE mine ENABLE ROW LEVEL SECURITY",
     "ALTER TABLE mine FORCE ROW LEVEL SECURITY",
     "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$",
     "CREATE POLICY p ON mine USING ((SELECT pg_temp.leak(ssn) FROM sales.people p WHERE p.id = mine.id))", "SELECT * FROM mine"],
    ["CREATE TEMP TABLE mine (id int, s text)", "CREATE RULE r AS ON INSERT TO mine DO ALSO SELECT ssn FROM sales.people",
     "INSERT INTO mine VALUES (1)"],
    ["CREATE TEMP TABLE mine (id int, s text)",
     "CREATE FUNCTION pg_temp.t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SELECT ssn INTO NEW.s FROM sales.people WHERE id = NEW.id; RETURN NEW; END $$",
     "CREATE TRIGGER t BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION pg_temp.t()", "INSERT INTO mine VALUES (1) RETURNING *"],
    ["CREATE FUNCTION pg_temp.f(int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT ssn FROM sales.people WHERE id = $1); END $$",
     "CREATE TEMP TABLE mine (id int, s text GENERATED ALWAYS AS (pg_temp.f(id)) STORED, CHECK (pg_temp.f(id) IS NOT NULL))",
     "CREATE INDEX ON mine (pg_temp.f(id))", "INSERT INTO mine VALUES (1)", "TABLE mine", "ANALYZE mine",
     "SELECT * FROM pg_stats WHERE tablename LIKE 'mine%'"],
    ["CREATE FUNCTION pg_temp.ok(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', (SELECT ssn FROM sales.people WHERE id = 2); RETURN true; END $$",
     "CREATE DOMAIN pg_temp.d AS text CHECK (pg_temp.ok(VALUE))", "SELECT 'x'::pg_temp.d"],
    ["CREATE TEMP VIEW v WITH (security_barrier) AS SELECT * FROM sales.people WHERE id = 1", "SELECT * FROM v",
     "UPDATE v SET note = ssn RETURNING *"],
    ["CREATE TEMP VIEW v AS SELECT *, ssn AS s2 FROM sales.people", "UPDATE v SET note = 'x' WHERE id = 1 RETURNING *, s2, v"],
]

SIDE_DOORS = [
    ["SELECT * FROM pg_stats WHERE schemaname = 'sales'"], ["SELECT * FROM pg_stats_ext"], ["SELECT * FROM pg_stats_ext_exprs"],
    ["SELECT * FROM pg_statistic"], ["SELECT * FROM pg_statistic_ext_data"], ["COPY pg_statistic TO STDOUT"],
    ["SELECT s.* FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid WHERE c.relname LIKE 'people%'"],
    ["DO $$ BEGIN EXECUTE format('CREATE TEMP VIEW v AS SELECT chunk_data FROM %s', (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'sales.people'::regclass)); END $$",
     "SELECT * FROM v"],
    ["SELECT jit_mask_hash('RAWGUESS')"], ["SELECT jit_mask_pseudonym('RAWGUESS', 'login')"],
    ["SELECT jit_mask_uuid('00000000-0000-0000-0000-000000000001')"],
    ["SHOW jit_access.mask_key"], ["SHOW jit_access.mask_key_file"], ["SELECT * FROM pg_settings WHERE name LIKE 'jit_access.mask%'"],
    ["SELECT * FROM jit.masks"], ["SELECT * FROM jit.masked_columns"],
    ["SELECT * FROM jit_detect('sales')"],
    ["SELECT pg_get_viewdef('sales.people_view'), pg_get_functiondef('sales.ssn_inlined'::regproc)"],
    ["CREATE TEMP TABLE fk (s text REFERENCES sales.people (ssn))"],
    ["CREATE TRIGGER t BEFORE UPDATE ON sales.people FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"],
    ["SECURITY LABEL FOR jit_access ON COLUMN sales.people.ssn IS NULL"],
    ["CREATE TEMP TABLE c () INHERITS (sales.people)"],
    ["ALTER TABLE sales.people RENAME ssn TO x"],
    ["SELECT * FROM sales.people_set() p WHERE p.ssn::int > 0"], ["SELECT ssn::int FROM {p}"], ["SELECT email::inet FROM {p}"],
    ["SELECT 1 / length(ssn) - 1 / (length(ssn) - 3) FROM {p}"],
    ["SET force_parallel_mode = regress", "SELECT ssn, email, voucher, device FROM {p}",
     "EXPLAIN (ANALYZE, VERBOSE) SELECT ssn, voucher FROM {p}"],
    ["SET min_parallel_table_scan_size = 0", "SET parallel_setup_cost = 0", "SET parallel_tuple_cost = 0", "SELECT ssn, voucher, count(*) FROM {p} GROUP BY 1, 2"],
    ["SET jit = on", "SET jit_above_cost = 0", "SET jit_inline_above_cost = 0", "SET jit_optimize_above_cost = 0", "SELECT p, ssn FROM {p} p"],
]

WRITES = [
    ["UPDATE {p} SET note = 'x' WHERE id = 1 RETURNING *"], ["UPDATE {p} p SET note = 'x' WHERE id = 1 RETURNING p"],
    ["UPDATE {p} p SET note = 'x' WHERE id = 1 RETURNING p::text, (p).ssn, row_to_json(p), (SELECT p.ssn), (SELECT max(p.ssn) FROM sales.visits)"],
    ["UPDATE {p} SET note = ssn WHERE id = 1"], ["UPDATE {p} SET note = (SELECT ssn) WHERE id = 1 RETURNING note"],
    ["UPDATE {p} SET note = q.ssn FROM {p} q WHERE q.id = sales.people.id RETURNING note"],
    ["UPDATE {p} SET (note, team) = (SELECT ssn, 1) WHERE id = 1 RETURNING note"],
    ["UPDATE {p} SET note = 'x' WHERE ssn LIKE 'RAW%'"], ["DELETE FROM {p} WHERE pay > 5"], ["DELETE FROM {p} p WHERE p::text LIKE '%9%'"],
    ["DELETE FROM {p} USING sales.visits v WHERE v.place = ssn"],
    ["DELETE FROM sales.visits v USING {p} p WHERE p.id = v.person AND p.ssn = v.place RETURNING p.*, v.*"],
    ["DELETE FROM sales.visits WHERE person = 5", "DELETE FROM {p} WHERE id = 5 RETURNING *"],
    ["INSERT INTO {p} (id, ssn, number) VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET note = sales.people.ssn RETURNING *"],
    ["INSERT INTO {p} (id, number) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET note = 'y' WHERE sales.people.ssn > 'x' RETURNING *"],
    ["INSERT INTO {p} (id, number) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET note = 'y' RETURNING *, sales.people"],
    ["INSERT INTO {p} (id, ssn) VALUES (900, 'x') ON CONFLICT (ssn) DO NOTHING"],
    ["INSERT INTO {p} (id, ssn) VALUES (900, 'x') ON CONFLICT ON CONSTRAINT people_ssn_key DO NOTHING"],
    ["MERGE INTO {p} p USING sales.visits v ON p.ssn = v.place WHEN MATCHED THEN UPDATE SET note = 'x'"],
    ["MERGE INTO sales.visits v USING {p} p ON p.id = v.person WHEN MATCHED THEN UPDATE SET place = p.ssn", "TABLE sales.visits"],
    ["MERGE INTO {p} p USING sales.visits v ON p.id = v.id WHEN MATCHED AND p.ssn > 'a' THEN DELETE"],
    ["MERGE INTO {p} p USING sales.visits v ON p.id = v.id WHEN MATCHED THEN UPDATE SET note = p.ssn"],
    ["WITH u AS (UPDATE {p} SET note = 'z' RETURNING *) SELECT * FROM u"],
    # What constraints say of rows that the user cannot see.
    ["UPDATE {p} SET team = 1 WHERE id < 20"], ["UPDATE {p} SET id = 2 WHERE id = 1"], ["UPDATE {p} SET team = NULL WHERE id = 7"],
    ["UPDATE {p} SET id = NULL WHERE id = 7"], ["DELETE FROM {p} WHERE id = 3"], ["UPDATE sales.calls SET id = 500 WHERE id = 1"],
    ["UPDATE sales.calls SET id = 101 WHERE id = 1"],
    ["DO $$ DECLARE d text; m text; BEGIN UPDATE sales.people SET team = NULL WHERE id = 7; EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, m = MESSAGE_TEXT; RAISE NOTICE '% %', m, d; END $$"],
    ["UPDATE sales.people_view SET note = 'x' WHERE id = 1 RETURNING *"], ["UPDATE sales.people_view SET note = 'x' WHERE ssn > 'a'"],
    ["UPDATE sales.people_view2 SET note = ssn RETURNING *"], ["DELETE FROM sales.people_view2 WHERE id = 3 RETURNING sales.people_view2"],
    ["INSERT INTO {p} (id, ssn, number) SELECT id + 1000, ssn || id, id FROM {p} RETURNING *"],
    ["UPDATE sales.guarded SET body = 'x' RETURNING *"],
]

# Objects of the attacker's own around the table, and what is left of SQL.
OBJECTS = [
    ["SELECT (SELECT p.ctid), (SELECT count(*) FROM sales.visits v WHERE p.tableoid <> v.tableoid), (SELECT p) FROM sales.people p"],
    ["SELECT x FROM sales.people p, LATERAL (SELECT p.*, (SELECT q FROM sales.people q WHERE q.ctid = p.ctid) AS x) y"],
    ["UPDATE sales.calls SET id = 150 WHERE id = 1 RETURNING *"],["UPDATE sales.calls SET id = 150 WHERE id = 1 RETURNING calls"],
    ["INSERT INTO sales.calls VALUES (55, 'RAWMINE') RETURNING *, calls"],
    ["DELETE FROM sales.calls RETURNING *"],["DELETE FROM sales.things RETURNING *, things"],["UPDATE sales.things SET id = 5 RETURNING *"],
    ["UPDATE sales.things SET id = 5 WHERE secret > 'a'"],
    ["UPDATE sales.people SET tags[1] = 'x' WHERE id = 1 RETURNING tags"],["UPDATE sales.people SET profile['a'] = '1' WHERE id = 1 RETURNING profile"],
    ["UPDATE sales.people SET feeling = DEFAULT, ssn = DEFAULT WHERE id = 1 RETURNING *"],
    ["UPDATE sales.people SET ssn_copy = DEFAULT WHERE id = 1 RETURNING ssn_copy"],
    ["CREATE VIEW mallory.v AS SELECT 1 AS a","CREATE RULE r AS ON INSERT TO mallory.v DO INSTEAD UPDATE sales.people SET note = ssn RETURNING 1","INSERT INTO mallory.v VALUES (1) RETURNING *"],
    ["CREATE VIEW mallory.v AS SELECT id, note, ssn FROM sales.people","CREATE RULE r AS ON UPDATE TO mallory.v DO INSTEAD UPDATE sales.people SET note = OLD.ssn WHERE id = OLD.id RETURNING id, note, ssn","UPDATE mallory.v SET note = 'x' WHERE id = 3 RETURNING *", "SELECT * FROM sales.people WHERE id = 3"],
    ["CREATE VIEW mallory.v AS SELECT * FROM sales.people","CREATE FUNCTION mallory.t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'old % new %', OLD, NEW; RETURN NEW; END $$","CREATE TRIGGER t INSTEAD OF UPDATE OR DELETE ON mallory.v FOR EACH ROW EXECUTE FUNCTION mallory.t()","UPDATE mallory.v SET note = 'x' RETURNING *","DELETE FROM mallory.v"],
    ["CREATE FUNCTION mallory.t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'old % new %', OLD, NEW; RETURN NEW; END $$","CREATE TRIGGER t BEFORE UPDATE ON sales.people FOR EACH ROW EXECUTE FUNCTION mallory.t()"],
    ["CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON sales.people FOR EACH ROW EXECUTE FUNCTION sales.trg()"],
    ["CREATE TABLE mallory.fk (n int, t int, FOREIGN KEY (t, n) REFERENCES sales.people (team, number))"],
    ["CREATE TABLE mallory.fk (n int REFERENCES sales.people)"],
    ["CREATE TABLE mallory.fk (s text)","ALTER TABLE mallory.fk ADD FOREIGN KEY (s) REFERENCES sales.people (ssn)"],
    ["CREATE TABLE mallory.fk (s text)","ALTER TABLE mallory.fk ADD FOREIGN KEY (s) REFERENCES sales.people (ssn) NOT VALID"],
    ["CREATE TABLE mallory.l (LIKE sales.people INCLUDING ALL)","INSERT INTO mallory.l SELECT * FROM sales.people","TABLE mallory.l"],
    ["CREATE MATERIALIZED VIEW mallory.m AS SELECT * FROM sales.people","TABLE mallory.m","REFRESH MATERIALIZED VIEW mallory.m","SELECT * FROM mallory.m"],
    ["CREATE INDEX ON sales.people (ssn)"],["CREATE STATISTICS mallory.s ON ssn, email FROM sales.people"],["ANALYZE sales.people"],
    ["CREATE PUBLICATION p FOR TABLE sales.people"],["LOCK TABLE sales.people IN ACCESS SHARE MODE"],
    ["CREATE PROCEDURE mallory.p() LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM sales.people LOOP RAISE NOTICE '%', r; END LOOP; END $$","CALL mallory.p()"],
    ["CREATE FUNCTION mallory.f(a anyelement) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', a; RETURN a::text; END $$","SELECT mallory.f(p) FROM sales.people p","SELECT mallory.f(ssn) FROM sales.people_view2 WHERE mallory.f(email) IS NOT NULL"],
    ["CREATE FUNCTION mallory.f() RETURNS TABLE (p sales.people) LANGUAGE sql AS 'SELECT p FROM sales.people p'","SELECT * FROM mallory.f()","SELECT (mallory.f()).p"],
    ["CREATE FUNCTION mallory.f() RETURNS SETOF sales.people LANGUAGE sql STABLE ROWS 1 BEGIN ATOMIC SELECT * FROM sales.people; END","SELECT * FROM sales.visits v, mallory.f() f WHERE f.id = v.person","SELECT count(*) FROM mallory.f() WHERE ssn LIKE 'RAW%'"],
    ["CREATE FUNCTION mallory.f(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ssn FROM sales.people WHERE id = $1'","SELECT mallory.f(1)","EXPLAIN VERBOSE SELECT * FROM sales.visits WHERE place = mallory.f(1)"],
    ["SELECT jit.mask_of(0, 0::int2), jit.mask_of(4294967295, (-32768)::int2), jit.is_masked_for('sales.people'::regclass, (-5)::int2, 10), jit.statistics_visible('sales.people'::regclass, (-32768)::int2), jit.extended_statistics_visible(5)"],
    ["SELECT * FROM jit.side_doors('sales.people'::regclass, 3::int2)"],
    ["SELECT jit_mask_default(p) FROM sales.people p","SELECT jit_mask_default(NULL)"],
    ["SELECT jit_mask_regexp(ssn, '(RAW.*)', 'got \\1') FROM sales.people"],
    ["SELECT a.ssn = b.ssn, a = b, a IS NOT DISTINCT FROM b FROM sales.people a JOIN sales.people b ON a.ssn = b.ssn LIMIT 3"],
    ["SELECT p FROM sales.people p WHERE (p).ssn LIKE 'RAW%'", "SELECT p FROM sales.people p WHERE p >= ROW(1)::sales.people"],
    ["SELECT * FROM sales.people p WHERE ROW(p.*) IS NOT NULL","SELECT (p.*)::text FROM sales.people p LIMIT 2"],
    ["WITH x AS (DELETE FROM sales.visits RETURNING person), y AS (DELETE FROM sales.people p USING x WHERE x.person = p.id RETURNING p.*) SELECT * FROM y"],
    ["MERGE INTO sales.people p USING (SELECT 1 AS id) s ON p.id = s.id WHEN MATCHED THEN UPDATE SET note = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (5)"],
    ["MERGE INTO sales.people p USING sales.people q ON p.id = q.id WHEN MATCHED THEN UPDATE SET note = q.ssn","SELECT note FROM sales.people"],
    ["INSERT INTO sales.people (id, number) VALUES (1, 77) ON CONFLICT DO NOTHING RETURNING *"],
    ["INSERT INTO sales.people (id, ssn, number) VALUES (1, 'q', 77) ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.ssn, ssn = EXCLUDED.ssn RETURNING note, ssn"],
    ["INSERT INTO sales.people_view (id, number) VALUES (1, 77) ON CONFLICT (id) DO UPDATE SET note = people_view.ssn"],
    ["TRUNCATE sales.people CASCADE"],["GRANT SELECT ON sales.people TO PUBLIC"],
    ["SET ROLE shop"],["SELECT set_config('role','shop',true)"],["SET SESSION AUTHORIZATION postgres"],
    ["SELECT * FROM sales.people ORDER BY ssn USING >","SELECT count(DISTINCT (ssn, email)) FROM sales.people","SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ssn), mode() WITHIN GROUP (ORDER BY pay) FROM sales.people"],
    ["SELECT ssn, rank() OVER w, ntile(3) OVER w FROM sales.people WINDOW w AS (PARTITION BY team ORDER BY ssn RANGE UNBOUNDED PRECEDING)"],
    ["SELECT json_populate_record(NULL::sales.people, row_to_json(p)) FROM sales.people p","SELECT * FROM sales.people p, XMLTABLE('/x' PASSING xmlelement(name x, p.ssn) COLUMNS v text PATH '.') t"],
    ["SELECT pg_typeof(ssn), ssn COLLATE \"C\" < 'z', pg_column_compression(ssn), pg_column_size(blob) FROM sales.people LIMIT 1"],
    ["DECLARE c CURSOR WITH HOLD FOR SELECT * FROM sales.people","FETCH ALL FROM c"],
    ["COPY (UPDATE sales.people SET note = 'x' RETURNING *) TO STDOUT"],["COPY (DELETE FROM sales.visits USING sales.people p WHERE p.id = person RETURNING p.*) TO STDOUT"],
    ["SELECT pg_get_indexdef('sales.people_lower'::regclass)","SELECT * FROM pg_stats_ext WHERE tablename = 'people'"],
    ["SELECT sales.ssn_plpgsql(NULL)","SELECT * FROM sales.people WHERE id = ANY (SELECT id FROM sales.people WHERE ssn > '*')"],
    ["DO $$ BEGIN PERFORM * FROM sales.people WHERE ssn::uuid IS NOT NULL; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM; END $$"],
    ["DO $$ BEGIN INSERT INTO sales.people (id, ssn, team, number) SELECT id + 500, 'RAWX' || id, team, number FROM (VALUES (1, 2, 987654002)) v (id, team, number); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM; END $$"],
    ["ALTER TABLE sales.people DISABLE TRIGGER ALL"],["CREATE POLICY p ON sales.people USING (true)"],["ALTER TABLE sales.people INHERIT sales.things"],
    ["CREATE TABLE mallory.part PARTITION OF sales.calls FOR VALUES FROM (500) TO (600)"],
    ["CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION sales.trg()"],
    ["SECURITY LABEL FOR jit_access ON COLUMN sales.people.ssn IS 'NOT MASKED'"],
    ["CREATE TEMP TABLE oracle (v text)","INSERT INTO oracle VALUES ('RAWGUESS')","SECURITY LABEL FOR jit_access ON COLUMN oracle.v IS 'MASKED WITH FUNCTION jit_mask_hash(v)'","SELECT * FROM oracle"],
]

GROUPS = {
    "projection": [[statement] for statement in PROJECTION],
    "wrappers": WRAPPERS,
    "stored_code": STORED_CODE,
    "side_doors": SIDE_DOORS,
    "writes": WRITES,
    "objects": OBJECTS,
}
CASES = [pytest.param(group, case, id=f"{group}-{number}")
         for group, cases in GROUPS.items() for number, case in enumerate(cases)]


@pytest.mark.parametrize("role", ["mallory", "alice"])
@pytest.mark.parametrize("group, case", CASES)
def test_no_raw_value_is_received(masked_shop, role, group, case):
    statements = [statement.format(p="sales.people") if "{p}" in statement or "{{" in statement else statement
                  for statement in case]
    connection = masked_shop.person(role)
    for binary in (False, True):
        received = observe(connection, statements, binary)
        assert received.items
        # What the client wrote itself comes back in messages.
        received.assert_no_raw_value(allowed=" ".join(statements))


@pytest.mark.parametrize("binary", [False, True])
def test_the_search_finds_what_is_there(masked_shop, binary):
    """The assertion above can fail: who may see raw values receives them in each of these ways."""
    found = 0
    for statement in PROJECTION:
        received = observe(masked_shop.person("postgres"), [statement.format(p="sales.people")], binary)
        try:
            received.assert_no_raw_value()
        except AssertionError:
            found += 1
    assert found > 50


def test_parallel_worker_masks_what_its_functions_read(masked):
    """The function does run in a worker, and there, too, its statements are planned with masks."""
    masked.run("mallory", "CREATE FUNCTION mallory.read(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS"
                          " $$ BEGIN RETURN pg_backend_pid() || ' ' || (SELECT ssn FROM sales.people WHERE id = $1); END $$")
    connection = masked.connect("mallory", prepare_threshold=None)
    connection.execute("SET force_parallel_mode = on")
    pid, ssn = one(connection, "SELECT mallory.read(n) FROM generate_series(1, 1) n").split()
    assert pid != str(connection.info.backend_pid)
    assert ssn == "***"


def test_foreign_partition_is_masked_as_its_table(masked):
    """Also where it is read directly."""
    masked.dba("CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
               "CREATE TABLE sales.letters (id int, body text) PARTITION BY RANGE (id);"
               "CREATE FOREIGN TABLE sales.letters_1 PARTITION OF sales.letters FOR VALUES FROM (0) TO (9)"
               " SERVER files OPTIONS (program 'echo 1,RAWMARK-letter', format 'csv');"
               "ALTER TABLE sales.letters OWNER TO shop; ALTER TABLE sales.letters_1 OWNER TO shop;"
               "SECURITY LABEL FOR jit_access ON COLUMN sales.letters.body IS 'CLASSIFIED secret';"
               "GRANT SELECT ON sales.letters, sales.letters_1 TO mallory")
    assert masked.value("postgres", "SELECT body FROM sales.letters_1") == "RAWMARK-letter"
    connection = masked.connect("mallory", prepare_threshold=None)
    for statement in ("SELECT body FROM sales.letters_1", "SELECT l FROM sales.letters_1 l", "SELECT body FROM sales.letters",
                      "COPY (TABLE sales.letters_1) TO STDOUT"):
        received = observe(connection, [statement])
        received.assert_no_raw_value()
        assert "xxxx" in received.text()
    assert "cannot copy from foreign table" in observe(connection, ["COPY sales.letters_1 TO STDOUT"]).text()
    assert masked.dba("SELECT count(*) FROM jit.masked_columns WHERE relation = 'sales.letters_1'::regclass")[0][0] == 1


SPY = ("CREATE FUNCTION mallory.spy() RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN"
       " RAISE WARNING 'as % I see %', current_user, (SELECT min(ssn) FROM sales.people); RETURN {value}; END $$")


def test_no_code_of_the_users_runs_as_the_owner_of_a_table(masked):
    """A foreign key cascades, and casts what it compares, as the owner of the other table."""
    masked.dba("ALTER TABLE sales.visits DROP CONSTRAINT visits_person_fkey;"
               "ALTER TABLE sales.visits ADD FOREIGN KEY (person) REFERENCES sales.people ON DELETE CASCADE")
    connection = masked.connect("mallory", prepare_threshold=None)
    trigger = observe(connection, [SPY.format(returns="trigger", value="OLD"),
                                   "CREATE TRIGGER spy BEFORE DELETE ON sales.visits FOR EACH ROW EXECUTE FUNCTION mallory.spy()",
                                   "DELETE FROM sales.people WHERE id = 3"])
    trigger.assert_no_raw_value()
    assert "42501" in trigger.text()
    cast = ["CREATE TYPE mallory.word AS ENUM ('one')",
            SPY.format(returns="int", value="1").replace("spy()", "spy(mallory.word)"),
            "CREATE CAST (mallory.word AS int) WITH FUNCTION mallory.spy(mallory.word) AS IMPLICIT",
            "CREATE DOMAIN mallory.words AS mallory.word"]
    for key in (["CREATE TABLE mallory.keys (w mallory.word REFERENCES sales.people)"],
                ["CREATE TABLE mallory.keys (w mallory.words REFERENCES sales.visits)"],
                ["CREATE TABLE mallory.keys (w mallory.word)", "ALTER TABLE mallory.keys ADD FOREIGN KEY (w) REFERENCES sales.people NOT VALID"],
                ["CREATE TABLE mallory.keys (w smallint REFERENCES sales.people)", "ALTER TABLE mallory.keys ALTER w TYPE mallory.word USING 'one'"]):
        received = observe(connection, cast + key + ["INSERT INTO mallory.keys VALUES ('one')"])
        received.assert_no_raw_value()
        assert "42501" in received.text()
    # On tables of their own, and with PostgreSQL's casts, people do as they like.
    own = observe(connection, cast + ["CREATE TABLE mallory.numbers (n int PRIMARY KEY, w mallory.word)",
                                      "CREATE TABLE mallory.keys (w mallory.word REFERENCES mallory.numbers, n numeric, i smallint REFERENCES sales.people)",
                                      "INSERT INTO mallory.keys (i) VALUES (1)"])
    own.assert_no_raw_value()
    assert "error" not in own.text()


def test_copy_of_a_name_that_changes_its_table(masked):
    """COPY looks the name up twice; between the two, somebody renames the schema that comes first."""
    masked.dba("CREATE SCHEMA first AUTHORIZATION mallory; GRANT CREATE ON DATABASE \"%s\" TO mallory" % masked.database)
    masked.run("mallory", "CREATE TABLE first.people (id int)")
    done = threading.Event()
    renamer = masked.connect("mallory", prepare_threshold=None)

    def rename():
        while not done.is_set():
            renamer.execute("ALTER SCHEMA first RENAME TO second")
            renamer.execute("ALTER SCHEMA second RENAME TO first")

    thread = threading.Thread(target=rename)
    thread.start()
    try:
        connection = masked.connect("mallory", prepare_threshold=None)
        connection.execute("SET search_path = first, sales")
        for _ in range(5000):
            try:
                with connection.cursor().copy("COPY people (id) TO STDOUT") as copy:
                    list(copy)
                with connection.cursor().copy("COPY people TO STDOUT") as copy:
                    assert b"RAWMARK" not in b"".join(bytes(chunk) for chunk in copy)
            except psycopg.errors.InsufficientPrivilege:
                pass
    finally:
        done.set()
        thread.join()


def test_statistics_in_a_plan_of_somebody_else(masked):
    """A plan that was made for who sees everything is not run for who does not."""
    connection = masked.connect("postgres", prepare_threshold=None)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute("PREPARE q AS SELECT count(*) FROM pg_stats WHERE tablename = 'people' AND attname = 'ssn'")
    assert one(connection, "EXECUTE q") == 1
    connection.execute("SET ROLE app")
    for _ in range(2):
        try:
            assert one(connection, "EXECUTE q") == 0
        except psycopg.errors.InsufficientPrivilege:
            pass
    assert one(connection, "EXECUTE q") == 0
