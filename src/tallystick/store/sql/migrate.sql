-- name: create_migration
-- The list of steps that have been applied.
CREATE TABLE IF NOT EXISTS schema_migration (
  name text NOT NULL,
  applied_at timestamptz NOT NULL,
  CONSTRAINT schema_migration_pkey PRIMARY KEY (name)
);

-- name: lock_migration
-- Two processes that start at once migrate one after the other.
LOCK TABLE schema_migration IN EXCLUSIVE MODE;

-- name: limit_lock_wait
-- A step gives up rather than hold everybody up behind a lock it waits for.
SET LOCAL lock_timeout = '10s';

-- name: has_migrations
-- Whether there is such a list.
SELECT to_regclass('schema_migration') IS NOT NULL;

-- name: list_migrations
SELECT name
FROM schema_migration
ORDER BY name;

-- name: record_migration
-- $1 name  $2 now
INSERT INTO schema_migration (name, applied_at)
VALUES ($1, $2);
