-- What \d+ and \df+ say of tokens.

COMMENT ON TABLE jit.tokens IS 'tokens, without what they are: the table holds their digests';
COMMENT ON COLUMN jit.tokens.id IS 'by which it is spoken of';
COMMENT ON COLUMN jit.tokens.name IS 'what its owner calls it';
COMMENT ON COLUMN jit.tokens.owner IS 'the login that made it, and that its sessions act as';
COMMENT ON COLUMN jit.tokens.owner_oid IS 'its OID: a role of the same name made later is somebody else';
COMMENT ON COLUMN jit.tokens.hash IS 'SHA-256 of the token';
COMMENT ON COLUMN jit.tokens.scopes IS 'what it is good for: request, approve, read, query';
COMMENT ON COLUMN jit.tokens.created_at IS 'when it was made';
COMMENT ON COLUMN jit.tokens.expires_at IS 'when it ends';
COMMENT ON COLUMN jit.tokens.last_used_at IS 'when a session last began with it';
COMMENT ON COLUMN jit.tokens.revoked_at IS 'when it was revoked; NULL: it was not';
COMMENT ON COLUMN jit.tokens.revoked_by IS 'by whom';
COMMENT ON COLUMN jit.tokens.database_oid IS 'the database it was made in: a copy of that does not inherit it';

COMMENT ON VIEW jit.visible_tokens IS 'the reader''s own tokens; all for approvers, auditors and the coordinator';
COMMENT ON FUNCTION @extschema@.jit_token_create(text, text[], interval) IS
  'makes a token that acts as the caller, for some purposes and a time; shows it once';
COMMENT ON FUNCTION @extschema@.jit_token_revoke(bigint) IS 'ends a token, and at once the sessions that run by it';
COMMENT ON FUNCTION jit.token_login() IS
  'for members of jit_gateway, as the first statement: makes the session that of the owner of the token it was opened with';
COMMENT ON FUNCTION jit.session_token() IS 'the token that this session runs by; no row: none';
COMMENT ON FUNCTION jit.password_unchanged() IS
  'whether the password of the session''s own login is what it was when the session first called this';

COMMENT ON FUNCTION jit.tokens_changed() IS 'internal: ends the sessions of tokens that are revoked or gone';
COMMENT ON FUNCTION jit.require_scope(text) IS 'internal: refuses what the session''s token is not for';
COMMENT ON FUNCTION jit.may_have_tokens(oid) IS 'internal: whether the role may have tokens';
COMMENT ON FUNCTION jit.audit_detail_of_token(jit.tokens) IS 'internal: what the audit log holds of a token';
COMMENT ON FUNCTION jit.store_token(text, text[], interval, bytea) IS 'internal: behind jit_token_create';
COMMENT ON FUNCTION jit.find_token(bytea) IS 'internal: behind jit.token_login';
COMMENT ON FUNCTION jit.use_token(bigint) IS 'internal: behind jit.token_login';
COMMENT ON FUNCTION jit.end_token_holders(oid) IS 'internal: ends sessions that keep a token locked';
COMMENT ON FUNCTION jit.decide_token_revoke(bigint) IS 'internal: behind jit_token_revoke';
