-- name: insert_program
-- The new program's id. One parameter per column, in this order.
INSERT INTO program (
  created_at, name, title, description, timezone, card_based, sandbox, subscribed_applications,
  default_pending, default_validity, allow_subledger, join_policy, return_policy,
  tiers_expiration_policy, tier_cycle_start_date, tiers_expire_in, tiers_downgrade_policy,
  users_per_card_limit, card_valid_characters, card_coupon_pattern
)
VALUES (
  $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20
)
RETURNING program_id;

-- name: insert_main_ledger
-- Each program has the main ledger from the start. $1 program
INSERT INTO subledger (program_id, subledger_id, name)
VALUES ($1, 0, '');

-- name: insert_tiers
-- $1 program  $2 now  $3 names  $4 least points, tier by tier
INSERT INTO tier (program_id, created_at, name, min_points)
SELECT
  $1::int,
  $2::timestamptz,
  name,
  min_points
FROM unnest($3::text[], $4::bigint[]) AS u (name, min_points);

-- name: lock_program
-- The program, if there is one, locked against other changes; who posts is not hindered. $1 program
SELECT program_id
FROM program
WHERE program_id = $1
FOR NO KEY UPDATE;

-- name: limit_wait
-- $1 how long to wait for locks in this transaction, like 1s
SELECT set_config('lock_timeout', $1, true);

-- name: lock_all_programs
-- Whoever has read a program in a transaction is waited for, and nobody reads one until ours ends.
LOCK TABLE program IN ACCESS EXCLUSIVE MODE;

-- name: update_program
-- One parameter per column that can change, in this order, after $1 program.
UPDATE program
SET
  title = $2, description = $3, subscribed_applications = $4, default_pending = $5,
  default_validity = $6, allow_subledger = $7, join_policy = $8, return_policy = $9,
  tiers_expiration_policy = $10, tier_cycle_start_date = $11, tiers_expire_in = $12,
  tiers_downgrade_policy = $13, users_per_card_limit = $14, card_valid_characters = $15,
  card_coupon_pattern = $16
WHERE program_id = $1;

-- name: delete_tiers
-- $1 program
DELETE FROM tier
WHERE program_id = $1;

-- name: insert_kept_tiers
-- Tiers that have been there before. $1 program  $2 ids  $3 instants of making  $4 names
-- $5 least points, tier by tier
INSERT INTO tier (program_id, tier_id, created_at, name, min_points)
OVERRIDING SYSTEM VALUE
SELECT
  $1::int,
  tier_id,
  created_at,
  name,
  min_points
FROM unnest($2::int[], $3::timestamptz[], $4::text[], $5::bigint[])
  AS u (tier_id, created_at, name, min_points);

-- name: delete_subledgers
-- $1 program
DELETE FROM subledger
WHERE program_id = $1;

-- name: delete_exports
-- The files of a program in which nothing was recorded say nothing; what lies in the folder is
-- removed with other files that no job knows. $1 program
DELETE FROM export_job
WHERE program_id = $1;

-- name: delete_program
-- $1 program
DELETE FROM program
WHERE program_id = $1;

-- name: programs_with_transactions
-- Those of the programs that have any. $1 programs
-- slice: one probe per program of the index by program
SELECT program_id
FROM unnest($1::int[]) AS asked (program_id)
WHERE EXISTS (
    SELECT
    FROM transaction_ AS t
    WHERE t.program_id = asked.program_id
  );

-- name: find_use
-- What a program is needed by. $1 program
-- slice: one probe of the index by program
SELECT
  EXISTS (
    SELECT
    FROM transaction_
    WHERE program_id = $1
  ) AS transactions,
  EXISTS (
    SELECT
    FROM membership
    WHERE program_id = $1
  ) AS members,
  EXISTS (
    SELECT
    FROM import_job
    WHERE program_id = $1
  ) AS imports,
  EXISTS (
    SELECT
    FROM approval
    WHERE program_id = $1
  ) AS approvals;

-- name: find_applications
-- Those of the applications that exist, kept from being deleted meanwhile. $1 application ids
SELECT
  application_id,
  sandbox
FROM application
WHERE application_id = ANY ($1::int[])
FOR KEY SHARE;

-- name: find_programs
-- Programs with their tiers, the lowest first, in the order of the ids; those that do not exist are left out. $1 program ids
SELECT
  p.program_id, p.created_at, p.name, p.title, p.description, p.timezone, p.card_based, p.sandbox,
  p.subscribed_applications, p.default_pending, p.default_validity, p.allow_subledger,
  p.join_policy, p.return_policy, p.tiers_expiration_policy, p.tier_cycle_start_date,
  p.tiers_expire_in, p.tiers_downgrade_policy, p.users_per_card_limit, p.card_valid_characters,
  p.card_coupon_pattern,
  array_agg(t.tier_id ORDER BY t.min_points) FILTER (WHERE t.tier_id IS NOT NULL) AS tier_ids,
  array_agg(t.created_at ORDER BY t.min_points) FILTER (WHERE t.tier_id IS NOT NULL) AS tier_made,
  array_agg(t.name ORDER BY t.min_points) FILTER (WHERE t.tier_id IS NOT NULL) AS tier_names,
  array_agg(t.min_points ORDER BY t.min_points) FILTER (WHERE t.tier_id IS NOT NULL) AS tier_points
FROM program AS p
LEFT JOIN tier AS t ON t.program_id = p.program_id
WHERE p.program_id = ANY ($1::int[])
GROUP BY p.program_id
ORDER BY p.program_id;

-- name: list_program_ids
SELECT program_id
FROM program
ORDER BY program_id;

-- name: find_program_id
-- $1 name
SELECT program_id
FROM program
WHERE name = $1;

-- name: find_subledgers
-- The ids of those that exist. $1 programs  $2 names, pair by pair
SELECT
  s.program_id,
  s.name,
  s.subledger_id
FROM unnest($1::int[], $2::text[]) AS asked (program_id, name)
JOIN subledger AS s ON s.program_id = asked.program_id AND s.name = asked.name;

-- name: insert_subledgers
-- Makes those that are missing; one that another transaction makes at this moment is waited for.
-- $1 programs  $2 names, pair by pair, sorted
INSERT INTO subledger (program_id, name)
SELECT
  program_id,
  name
FROM unnest($1::int[], $2::text[]) AS u (program_id, name)
ON CONFLICT (program_id, name) DO NOTHING;
