-- Balances are sums of movements at an instant, as known at another: the function movement_at says
-- what counts for which state. Index-only scans of the primary keys carry them.

-- name: holder_balances
-- One row per subledger in which the holder has entries, one row of nulls if there are none, no row
-- if there is no such holder.
-- $1 holder  $2 program  $3 instant  $4 known at
SELECT
  s.name AS subledger,
  coalesce(sum(m.pending), 0)::bigint AS pending,
  coalesce(sum(m.active), 0)::bigint AS active,
  coalesce(sum(m.spent), 0)::bigint AS spent,
  coalesce(sum(m.expired), 0)::bigint AS expired,
  coalesce(sum(m.negative), 0)::bigint AS negative
FROM holder AS h
LEFT JOIN movement_at($3, $4) AS m ON m.holder_id = h.holder_id AND m.program_id = $2
LEFT JOIN subledger AS s ON s.program_id = $2 AND s.subledger_id = m.subledger_id
WHERE h.holder_id = $1
GROUP BY s.name
ORDER BY s.name;

-- name: holder_days
-- What changes after an instant, cumulated at the ends of the days asked for, per subledger: points
-- that became active (less what debts take of them at that moment) and points that expired, all as
-- known at the instant.
-- $1 holder  $2 program  $3 instant  $4 ends of days, rising and exclusive
WITH row_ AS (
  SELECT subledger_id, effective_at, start_at, expires_at, amount
  FROM movement
  WHERE holder_id = $1 AND program_id = $2 AND NOT debt AND recorded_at <= $3::timestamptz
), change AS (
  SELECT
    subledger_id,
    greatest(effective_at, start_at) AS at,
    amount AS activating,
    0::bigint AS expiring
  FROM row_
  WHERE greatest(effective_at, start_at) < expires_at
  UNION ALL
  SELECT
    subledger_id,
    expires_at,
    0::bigint,
    amount
  FROM row_
  WHERE greatest(effective_at, start_at) < expires_at
)
SELECT
  s.name AS subledger,
  day.ends_at,
  coalesce(sum(c.activating), 0)::bigint AS activating,
  coalesce(sum(c.expiring), 0)::bigint AS expiring
FROM unnest($4::timestamptz[]) AS day (ends_at)
CROSS JOIN (SELECT DISTINCT subledger_id FROM row_) AS used
JOIN subledger AS s ON s.program_id = $2 AND s.subledger_id = used.subledger_id
LEFT JOIN change AS c
  ON c.subledger_id = used.subledger_id AND c.at > $3::timestamptz AND c.at < day.ends_at
GROUP BY s.name, day.ends_at
ORDER BY s.name, day.ends_at;

-- name: program_totals
-- The sums over all members and subledgers.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 instant  $3 known at
SELECT
  coalesce(sum(pending), 0)::bigint AS pending,
  coalesce(sum(active), 0)::bigint AS active,
  coalesce(sum(spent), 0)::bigint AS spent,
  coalesce(sum(expired), 0)::bigint AS expired,
  coalesce(sum(negative), 0)::bigint AS negative
FROM movement_at($2, $3)
WHERE program_id = $1;

-- name: copy_balances
-- The balances file of the contract, for COPY: a line per member and subledger in which the books
-- have anything, by member. Columns that were not asked for are there and empty, but the negative
-- balance, which the contract does not list, is a column only in the next query.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 instant  $3 known at  $4 only this holder, or null  $5 names of columns with values
SELECT
  $1::int AS "loyaltyProgramID",
  nullif(s.name, '') AS "loyaltySubledger",
  h.integration_id AS "profileIntegrationID",
  (b.active * 0.01)::numeric(20, 2) AS "currentBalance",
  CASE WHEN 'pendingBalance' = ANY ($5::text[]) THEN (b.pending * 0.01)::numeric(20, 2) END
    AS "pendingBalance",
  CASE WHEN 'expiredBalance' = ANY ($5) THEN (b.expired * 0.01)::numeric(20, 2) END
    AS "expiredBalance",
  CASE WHEN 'spentBalance' = ANY ($5) THEN (b.spent * 0.01)::numeric(20, 2) END AS "spentBalance",
  NULL::text AS "currentTier"
FROM (
  SELECT
    holder_id,
    subledger_id,
    coalesce(sum(pending), 0) AS pending,
    coalesce(sum(active), 0) AS active,
    coalesce(sum(spent), 0) AS spent,
    coalesce(sum(expired), 0) AS expired,
    coalesce(sum(negative), 0) AS negative
  FROM movement_at($2, $3)
  WHERE program_id = $1 AND ($4::uuid IS NULL OR holder_id = $4)
  GROUP BY holder_id, subledger_id
) AS b
JOIN holder AS h ON h.holder_id = b.holder_id
JOIN subledger AS s ON s.program_id = $1 AND s.subledger_id = b.subledger_id
WHERE (b.active, b.pending, b.expired, b.spent, b.negative) <> (0, 0, 0, 0, 0)
ORDER BY h.integration_id COLLATE "C", h.holder_id, s.name COLLATE "C";

-- name: copy_balances_and_debts
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 instant  $3 known at  $4 only this holder, or null  $5 names of columns with values
SELECT
  $1::int AS "loyaltyProgramID",
  nullif(s.name, '') AS "loyaltySubledger",
  h.integration_id AS "profileIntegrationID",
  (b.active * 0.01)::numeric(20, 2) AS "currentBalance",
  CASE WHEN 'pendingBalance' = ANY ($5::text[]) THEN (b.pending * 0.01)::numeric(20, 2) END
    AS "pendingBalance",
  CASE WHEN 'expiredBalance' = ANY ($5) THEN (b.expired * 0.01)::numeric(20, 2) END
    AS "expiredBalance",
  CASE WHEN 'spentBalance' = ANY ($5) THEN (b.spent * 0.01)::numeric(20, 2) END AS "spentBalance",
  (b.negative * 0.01)::numeric(20, 2) AS "negativeBalance",
  NULL::text AS "currentTier"
FROM (
  SELECT
    holder_id,
    subledger_id,
    coalesce(sum(pending), 0) AS pending,
    coalesce(sum(active), 0) AS active,
    coalesce(sum(spent), 0) AS spent,
    coalesce(sum(expired), 0) AS expired,
    coalesce(sum(negative), 0) AS negative
  FROM movement_at($2, $3)
  WHERE program_id = $1 AND ($4::uuid IS NULL OR holder_id = $4)
  GROUP BY holder_id, subledger_id
) AS b
JOIN holder AS h ON h.holder_id = b.holder_id
JOIN subledger AS s ON s.program_id = $1 AND s.subledger_id = b.subledger_id
WHERE (b.active, b.pending, b.expired, b.spent, b.negative) <> (0, 0, 0, 0, 0)
ORDER BY h.integration_id COLLATE "C", h.holder_id, s.name COLLATE "C";
