-- What the role may that serves requests, if it is not the owner: see
-- docs/decisions/0025-a-role-that-cannot-rewrite.md.

-- name: find_role
-- Whether there is such a role, and whether whoever asks may do anything. $1 role
SELECT
  EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS is_there,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS asked_by_superuser;

-- name: role_statement
-- What makes the role, or gives it this password. $1 whether it is there  $2 role  $3 password
SELECT
  format(
    '%s ROLE %I LOGIN PASSWORD %L',
    CASE WHEN $1::boolean THEN 'ALTER' ELSE 'CREATE' END,
    $2::text,
    $3::text
  );

-- name: rights_statements
-- What gives the role the rights that it lacks and takes those that it should not have. A table that
-- is not listed is none of its business. $1 role
WITH wanted (table_name, rights, changed) AS (
  VALUES
    -- Written once.
    ('change', '{SELECT,INSERT}'::text[], '{}'::text[]),
    ('data_export', '{SELECT,INSERT}', '{}'),
    ('transaction_', '{SELECT,INSERT}', '{}'),
    ('allocation', '{SELECT,INSERT}', '{}'),
    ('reversal', '{SELECT,INSERT}', '{}'),
    ('idempotency', '{SELECT,INSERT}', '{}'),
    ('point_import', '{SELECT,INSERT}', '{}'),
    ('join_date_import', '{SELECT,INSERT}', '{}'),
    ('import_undo', '{SELECT,INSERT}', '{}'),
    ('approval_decision', '{SELECT,INSERT}', '{}'),
    -- Written once but for what can be worked out again.
    ('lot', '{SELECT,INSERT}', '{remaining}'),
    ('holder', '{SELECT,INSERT}', '{last_no,last_at,owing_until}'),
    ('approval', '{SELECT,INSERT}', '{waits}'),
    ('day_figures', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('day_closing', '{SELECT,INSERT,UPDATE}', '{}'),
    ('day_touch', '{SELECT,INSERT,DELETE}', '{}'),
    ('outlook', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    -- What people and systems change; the record of changes keeps what it was.
    ('program', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('tier', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('four_eyes', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('subledger', '{SELECT,INSERT,DELETE}', '{}'),
    ('profile', '{SELECT,INSERT,UPDATE}', '{}'),
    ('membership', '{SELECT,INSERT,UPDATE}', '{}'),
    ('application', '{SELECT,INSERT,UPDATE}', '{}'),
    ('user_account', '{SELECT,INSERT,UPDATE}', '{}'),
    ('user_session', '{SELECT,INSERT,DELETE}', '{seen_at,expires_at}'),
    ('program_role', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('password_link', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('second_factor', '{SELECT,INSERT,DELETE}', '{sealed_secret,begun_at,confirmed_at,last_step}'),
    ('recovery_code', '{SELECT,INSERT,DELETE}', '{}'),
    ('unfinished_sign_in', '{SELECT,INSERT,DELETE}', '{}'),
    ('identity', '{SELECT,INSERT,DELETE}', '{}'),
    ('openid_start', '{SELECT,INSERT,DELETE}', '{}'),
    ('sign_in_failure', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('api_key', '{SELECT,INSERT,DELETE}', '{used_at}'),
    -- Work that comes and goes.
    ('import_job', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('import_turn', '{SELECT,DELETE}', '{}'),
    ('export_job', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    ('kept_answer', '{SELECT,INSERT,UPDATE,DELETE}', '{}'),
    -- What only migrations write, and views.
    ('schema_migration', '{SELECT}', '{}'),
    ('movement', '{SELECT}', '{}'),
    ('shown_transaction', '{SELECT}', '{}'),
    ('join_date', '{SELECT}', '{}')
), found AS (
  SELECT
    t.relname AS table_name,
    possible.name AS right_,
    has_table_privilege($1::name, t.oid, possible.name) AS has,
    coalesce(possible.name = ANY (w.rights), false) AS should_have
  FROM pg_class AS t
  CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) AS possible (name)
  LEFT JOIN wanted AS w ON w.table_name = t.relname
  WHERE t.relkind IN ('r', 'v') AND t.relnamespace = current_schema()::regnamespace
)
SELECT format('GRANT %s ON %I TO %I', right_, table_name, $1) AS statement
FROM found
WHERE should_have AND NOT has
UNION ALL
SELECT format('REVOKE %s ON %I FROM %I', right_, table_name, $1)
FROM found
WHERE has AND NOT should_have
UNION ALL
SELECT format('GRANT UPDATE (%I) ON %I TO %I', c.name, w.table_name, $1)
FROM wanted AS w
CROSS JOIN unnest(w.changed) AS c (name)
WHERE NOT has_column_privilege($1::name, w.table_name, c.name, 'UPDATE')
UNION ALL
SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', f.oid::regprocedure, $1)
FROM pg_proc AS f
WHERE f.proname IN ('erase_holder', 'erase_records')
  AND f.pronamespace = current_schema()::regnamespace
  AND NOT has_function_privilege($1::name, f.oid, 'EXECUTE');
