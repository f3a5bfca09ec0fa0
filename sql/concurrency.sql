-- Two sessions at once: whoever comes second finds out, nobody is held up who should not be, and revocation does not wait.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dblink SCHEMA public;
CREATE FUNCTION shop.connect(who text) RETURNS text LANGUAGE sql AS $$
  SELECT public.dblink_connect(who, format('host=%s port=%s dbname=%I user=jr_%s application_name=jr_test',
           split_part(current_setting('unix_socket_directories'), ', ', 1), current_setting('port'), current_database(), who))
$$;
-- The answer of a statement, or its error.
CREATE FUNCTION shop.run(who text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  SELECT string_agg(r, E'\n') INTO answer FROM public.dblink(who, statement) AS t (r text);
  RETURN answer;
EXCEPTION WHEN OTHERS OR query_canceled THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;
CREATE FUNCTION shop.open(who text, level text DEFAULT 'READ COMMITTED') RETURNS text LANGUAGE sql AS $$
  SELECT public.dblink_exec(who, 'BEGIN ISOLATION LEVEL ' || level) $$;
CREATE FUNCTION shop.finish(who text, how text DEFAULT 'COMMIT') RETURNS text LANGUAGE sql AS $$
  SELECT public.dblink_exec(who, how, false) $$;
-- Sends a statement and waits until it waits for a lock, or has an answer.
CREATE FUNCTION shop.send(who text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM public.dblink_send_query(who, statement);
  FOR i IN 1 .. 500 LOOP
    PERFORM pg_sleep(0.01);
    PERFORM pg_stat_clear_snapshot();
    IF EXISTS (SELECT FROM pg_stat_activity a WHERE a.usename = 'jr_' || who AND a.wait_event_type = 'Lock') THEN
      RETURN 'waits for a lock';
    ELSIF EXISTS (SELECT FROM pg_stat_activity a WHERE a.usename = 'jr_' || who AND a.wait_event = 'Extension') THEN
      RETURN 'waits for a decision';
    ELSIF public.dblink_is_busy(who) = 0 THEN
      RETURN 'has an answer';
    END IF;
  END LOOP;
  RETURN 'runs';
END
$$;
CREATE FUNCTION shop.answer(who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  SELECT r INTO result FROM public.dblink_get_result(who) AS t (r text);
  PERFORM FROM public.dblink_get_result(who) AS t (r text);
  RETURN result;
EXCEPTION WHEN OTHERS OR query_canceled THEN
  result := SQLSTATE || ': ' || SQLERRM;
  PERFORM FROM public.dblink_get_result(who) AS t (r text);
  RETURN result;
END
$$;
SET client_min_messages = notice;
SET search_path = shop, public;
SELECT connect(who) FROM unnest('{alice,amy,bob,carol,coord,dave}'::text[]) AS who;
-- Approve and deny at once: the first wins, the second is told.
SELECT run('alice', $$SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why')$$);
SELECT open('bob'), run('bob', 'SELECT jit_approve(1)');
SELECT send('carol', 'SELECT jit_deny(1)');
SELECT finish('bob'), answer('carol');
-- Cancel and approve at once.
SELECT run('alice', $$SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why')$$);
SELECT open('alice'), run('alice', 'SELECT jit_cancel(2)');
SELECT send('bob', 'SELECT jit_approve(2)');
SELECT finish('alice'), answer('bob');
-- Two approvals of a quorum at once both count.
INSERT INTO jit.policies (name, approvals) VALUES ('two of us', 2);
SELECT run('alice', $$SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why')$$);
SELECT open('bob'), run('bob', 'SELECT jit_approve(3)');
SELECT send('carol', 'SELECT jit_approve(3)');
SELECT finish('bob'), answer('carol');
-- An old snapshot does not approve beside another approval.
SELECT run('alice', $$SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why')$$);
SELECT open('bob', 'REPEATABLE READ'), run('bob', 'SELECT count(*) FROM jit.pending');
SELECT run('carol', 'SELECT jit_approve(4)');
SELECT run('bob', 'SELECT jit_approve(4)'), finish('bob', 'ROLLBACK');
SELECT open('bob', 'SERIALIZABLE'), run('bob', 'SELECT count(*) FROM jit.pending');
SELECT run('carol', 'SELECT jit_deny(4)');
SELECT run('bob', 'SELECT jit_approve(4)'), finish('bob', 'ROLLBACK');
SELECT id, status FROM jit.requests WHERE id = 4;
DELETE FROM jit.policies;
-- Two daemons do everything once.
SELECT open('coord'), run('coord', 'SELECT event FROM jit.run_due()');
SELECT count(*) FROM jit.run_due();
SELECT finish('coord');
SELECT request_id, count(*) FROM jit.grants GROUP BY 1 ORDER BY 1;
-- A daemon does not wait for a decision in progress.
SELECT run('amy', $$SELECT jit_request('SELECT ON shop.items', '30 minutes', 'why')$$), run('bob', 'SELECT jit_approve(5)');
SELECT open('amy'), run('amy', 'SELECT jit_revoke(5)');
SELECT run('coord', 'SELECT event FROM jit.run_due()');
SELECT finish('amy', 'ROLLBACK');
SELECT run('coord', 'SELECT event FROM jit.run_due()');
-- A requester who hands back and does not commit keeps neither approvers from revoking …
SELECT open('amy'), run('amy', 'SELECT jit_revoke(5)');
SET client_min_messages = warning;
SELECT run('bob', $$SELECT jit_revoke(5, 'now')$$);
SELECT id, status, ended_by FROM jit.requests WHERE id = 5;
SELECT count(*) AS sessions_of_amy FROM pg_stat_activity WHERE usename = 'jr_amy';
SELECT dblink_disconnect('amy');
-- … nor does one who hands back an extension, nor a coordinator who stops half-way …
SELECT connect('amy');
SELECT run('amy', $$SELECT jit_request('SELECT ON shop.items', '30 minutes', 'why')$$), run('bob', 'SELECT jit_approve(6)');
SELECT run('coord', 'SELECT event FROM jit.run_due()');
SELECT run('amy', $$SELECT jit_extend(6, '30 minutes', 'why')$$), run('bob', 'SELECT jit_approve(7)');
SELECT run('coord', 'SELECT event FROM jit.run_due()');
SELECT run('amy', $$SELECT jit_extend(7, '30 minutes', 'why')$$), run('bob', 'SELECT jit_approve(8)');
SELECT open('coord'), run('coord', 'SELECT event FROM jit.run_due()');
SELECT open('amy'), run('amy', 'SELECT jit_revoke(7)');
SELECT run('bob', $$SELECT jit_revoke(6, 'all of it')$$);
SELECT id, status FROM jit.requests WHERE id IN (6, 7, 8) ORDER BY 1;
SELECT count(*) FILTER (WHERE revoked_at IS NULL) AS live FROM jit.grants WHERE request_id IN (6, 7, 8);
SELECT dblink_disconnect('amy'), dblink_disconnect('coord');
SELECT connect('coord');
-- … nor an owner from dropping the table; the daemon revokes then.
SELECT connect('amy');
SELECT run('amy', $$SELECT jit_request('SELECT ON shop.items', '30 minutes', 'why')$$), run('bob', 'SELECT jit_approve(9)');
SELECT run('coord', 'SELECT event FROM jit.run_due()');
SELECT open('amy'), run('amy', 'SELECT jit_revoke(9)');
SET lock_timeout = '5s';
DROP TABLE shop.items CASCADE;
SELECT finish('amy', 'ROLLBACK');
SELECT run('coord', 'SELECT detail FROM jit.run_due()');
-- Break-glass is nobody's business before it is committed.
INSERT INTO jit.policies (name, break_glass) VALUES ('emergency', true);
SELECT open('amy'), run('amy', $$SELECT jit_request('SELECT ON vault.cards', '30 minutes', 'why', break_glass => true)$$);
SELECT run('amy', 'SELECT number FROM vault.cards'), finish('amy', 'ROLLBACK');
DELETE FROM jit.policies;
-- jit_wait sees what is committed meanwhile, at every isolation level.
SELECT run('alice', $$SELECT jit_request('SELECT ON vault.cards', '30 minutes', 'why')$$);
SELECT open('alice', 'REPEATABLE READ'), run('alice', 'SELECT status FROM jit.my_requests ORDER BY id DESC LIMIT 1');
SELECT send('alice', 'SELECT jit_wait(11)');
SELECT run('bob', 'SELECT jit_approve(11)'), run('coord', 'SELECT event FROM jit.run_due()'), answer('alice');
SELECT run('alice', 'SELECT number FROM vault.cards'), finish('alice');
-- It can be cancelled.
SELECT run('alice', $$SELECT jit_request('SELECT ON vault.cards', '30 minutes', 'why')$$);
SELECT send('alice', 'SELECT jit_wait(12)');
SELECT dblink_cancel_query('alice'), answer('alice');
-- A session_only request ends with its session.
SELECT run('alice', $$SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why', session_only => true)$$), run('bob', 'SELECT jit_approve(13)');
SELECT run('coord', 'SELECT event FROM jit.run_due()');
SELECT dblink_disconnect('alice');
DO $$
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'jr_alice') LOOP PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP;
END
$$;
SELECT run('coord', 'SELECT detail FROM jit.run_due()');
SELECT dblink_disconnect(who) FROM unnest(dblink_get_connections()) AS who;
DO $$
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'jr_test') LOOP PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP;
END
$$;
RESET lock_timeout;
DROP EXTENSION dblink;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
