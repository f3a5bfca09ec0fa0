-- What requesters hold without any request, and how they come by it.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
\set look 'SELECT role, relation, privileges, via FROM jit.standing_access WHERE role LIKE \'jr%\' ORDER BY 1, 2, 4;'
SELECT * FROM jit.standing_access WHERE relation LIKE 'shop.%' OR relation LIKE 'vault.%' OR relation = '*';
CREATE ROLE jr_lead;
GRANT jr_staff TO jr_lead;
GRANT jr_lead TO jr_alice;
GRANT INSERT, DELETE ON shop.orders TO jr_alice;
GRANT UPDATE (status), SELECT (id, total) ON shop.orders TO jr_alice;
GRANT SELECT ON vault.cards TO jr_staff;
GRANT SELECT ON shop.big_orders TO PUBLIC;
ALTER TABLE shop.items OWNER TO jr_amy;
:look
GRANT pg_read_all_data, pg_write_all_data TO jr_staff;
ALTER ROLE jr_amy NOINHERIT CREATEROLE;
GRANT jr_lead TO jr_amy;
:look
ALTER ROLE jr_amy SUPERUSER;
ALTER ROLE jr_alice REPLICATION;
REVOKE pg_read_all_data, pg_write_all_data FROM jr_staff;
GRANT pg_execute_server_program TO jr_alice;
REVOKE jr_lead FROM jr_alice, jr_amy;
:look
-- What SET ROLE takes on counts, attributes included.
ALTER ROLE jr_amy NOSUPERUSER NOCREATEROLE;
ALTER ROLE jr_alice NOREPLICATION;
REVOKE pg_execute_server_program FROM jr_alice;
CREATE ROLE jr_boss SUPERUSER;
CREATE ROLE jr_copier REPLICATION;
GRANT jr_boss TO jr_alice;
GRANT jr_copier TO jr_amy;
:look
-- A requester reads about themself, approvers and auditors about all, others nothing.
SET SESSION AUTHORIZATION jr_alice;
SELECT DISTINCT role FROM jit.standing_access;
SET SESSION AUTHORIZATION jr_audit;
SELECT DISTINCT role FROM jit.standing_access WHERE role LIKE 'jr%' ORDER BY 1;
SET SESSION AUTHORIZATION jr_dave;
SELECT DISTINCT role FROM jit.standing_access;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
