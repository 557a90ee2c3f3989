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

-- name: find_programs
-- Programs with their tiers, the lowest first, in the order of the ids; those that do not exist are left out. $1 program ids
SELECT
  p.program_id, p.created_at, p.name, p.title, p.description, p.timezone, p.card_based, p.sandbox,
  p.subscribed_applications, p.default_pending, p.default_validity, p.allow_subledger,
  p.join_policy, p.return_policy, p.tiers_expiration_policy, p.tier_cycle_start_date,
  p.tiers_expire_in, p.tiers_downgrade_policy, p.users_per_card_limit, p.card_valid_characters,
  p.card_coupon_pattern,
  array_agg(t.tier_id ORDER BY t.min_points) FILTER (WHERE t.tier_id IS NOT NULL) AS tier_ids,
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
