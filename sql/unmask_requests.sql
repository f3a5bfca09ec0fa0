-- UNMASK as a privilege of requests, grants and policies.
\getenv srcdir PG_ABS_SRCDIR
\set people :srcdir '/sql/include/people.sql'
\i :people
INSERT INTO jit.policies (name, privileges, approvals) VALUES ('reading', '{SELECT}', 0);
INSERT INTO jit.policies (name, privileges, priority) VALUES ('personal data', '{UNMASK}', 200);
SELECT privileges FROM jit.policies ORDER BY name;
SET SESSION AUTHORIZATION jr_alice;
SELECT jit_request('UNMASK ON shop.orders', '30 minutes', 'why');
SELECT jit_request('unmask (customer), SELECT ON shop.orders', '30 minutes', 'why');
SELECT jit_request('UNMASK ON ALL TABLES IN SCHEMA shop', '30 minutes', 'why');
SELECT jit_request('UNMASK (customer, nonsense) ON shop.orders', '30 minutes', 'why');
\echo :SQLSTATE
SELECT jit_request('UNMASK (id, id) ON shop.orders', '30 minutes', 'why');
SELECT jit_request('ALL ON shop.orders', '30 minutes', 'why');
SELECT id, access, status, policy FROM jit.my_requests ORDER BY id;
-- SELECT alone is nobody's to approve; with UNMASK it is.
SELECT jit_request('SELECT ON shop.orders', '30 minutes', 'why');
SELECT id, access, status, policy FROM jit.my_requests ORDER BY id DESC LIMIT 1;
SET SESSION AUTHORIZATION jr_bob;
SELECT jit_approve(1);
SELECT jit_approve(2);
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM jit.run_due();
SELECT request_id, privileges, privilege_mask, relation, columns FROM jit.grants ORDER BY request_id, privilege_mask;
\set goodbye :srcdir '/sql/include/goodbye.sql'
\i :goodbye
