-- A person's data goes, and the ledger still adds up. Everything that holds of a holder moves to one
-- whose id is drawn at random; the foreign keys are checked when the statement ends.

-- name: limit_wait
-- $1 how long to wait for locks in this transaction, like 10s
SELECT set_config('lock_timeout', $1, true);

-- name: wait_for_imports
-- While rows of an import are entered no holder may go. Erasures do not wait for one another.
LOCK TABLE point_import IN ROW EXCLUSIVE MODE;

-- name: lock_holder
-- The holder, for its row to go. $1 holder
SELECT holder_id
FROM holder
WHERE holder_id = $1
FOR UPDATE;

-- name: move_entries
-- The new holder's profile id. What names the person or their purchases stays behind.
-- $1 holder  $2 the new holder  $3 now
WITH number AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('holder', 'profile_id')) AS profile_id
), moved_profile AS (
  DELETE FROM profile AS p
  WHERE p.holder_id = $1
), moved_keys AS (
  DELETE FROM idempotency AS i
  WHERE i.holder_id = $1
), moved_transactions AS (
  UPDATE transaction_ AS t
  SET holder_id = $2, session_id = NULL, name = ''
  WHERE t.holder_id = $1
), moved_lots AS (
  UPDATE lot AS l
  SET holder_id = $2
  WHERE l.holder_id = $1
), moved_allocations AS (
  UPDATE allocation AS a
  SET holder_id = $2
  WHERE a.holder_id = $1
), moved_reversals AS (
  UPDATE reversal AS r
  SET holder_id = $2
  WHERE r.holder_id = $1
), moved_memberships AS (
  UPDATE membership AS m
  SET holder_id = $2
  WHERE m.holder_id = $1
), gone AS (
  DELETE FROM holder AS h
  WHERE h.holder_id = $1
  RETURNING h.created_at, h.last_at, h.owing_until, h.last_no, h.sandbox
)
INSERT INTO holder AS h (
  holder_id, profile_id, created_at, last_at, owing_until, last_no, sandbox, integration_id,
  erased_at
)
OVERRIDING SYSTEM VALUE
SELECT
  $2::uuid, n.profile_id, g.created_at, g.last_at, g.owing_until, g.last_no, g.sandbox,
  'erased-' || n.profile_id, $3::timestamptz
FROM gone AS g
CROSS JOIN number AS n
RETURNING h.profile_id;

-- name: erase_changes
-- Takes the person out of what was written down about changes. The parts of a path that come before
-- the profile's id say that it is one.
-- $1 the id as it stands in paths  $2 what stands there from now on
UPDATE change AS c
SET
  entity = rtrim(replace(c.entity || '/', kind.path || $1 || '/', kind.path || $2 || '/'), '/'),
  old = NULL,
  new = NULL
FROM unnest('{/profile/,/customer_profiles/,/customer_data/}'::text[]) AS kind (path)
WHERE strpos(c.entity || '/', kind.path || $1 || '/') > 0;

-- name: erase_exports
-- Takes the person out of what was written down about files. $1 integration id  $2 what is written
-- from now on
UPDATE data_export AS e
SET filter = (
  SELECT
    jsonb_object_agg(
      f.key,
      CASE WHEN f.value = to_jsonb($1::text) THEN to_jsonb($2::text) ELSE f.value END
    )
  FROM jsonb_each(e.filter) AS f
)
WHERE EXISTS (SELECT FROM jsonb_each(e.filter) AS f WHERE f.value = to_jsonb($1::text));

-- name: erase_answers
-- Forgets the answers that tell of the person; their keys still stand for their requests.
-- $1 what such an answer has in it, any of these
UPDATE kept_answer AS k
SET body = NULL
FROM unnest($1::bytea[]) AS told (text)
WHERE position(told.text IN k.body) > 0;
