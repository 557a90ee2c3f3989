-- Balances are sums of movements (a view: lots, allocations, and what was taken back) split by window.
-- A movement counts when it was in effect by the instant asked for and recorded by the instant "as
-- known at". Index-only scans of the primary keys carry them.

-- name: holder_balances
-- One row per subledger in which the holder has entries, one row of nulls if there are none, no row
-- if there is no such holder.
-- $1 holder  $2 program  $3 instant  $4 known at
SELECT
  s.name AS subledger,
  coalesce(sum(e.amount) FILTER (WHERE NOT e.debt AND e.start_at > $3 AND e.expires_at > $3), 0)
    ::bigint AS pending,
  coalesce(sum(e.amount) FILTER (WHERE NOT e.debt AND e.start_at <= $3 AND e.expires_at > $3), 0)
    ::bigint AS active,
  coalesce(sum(e.spent) FILTER (WHERE NOT e.debt), 0)::bigint AS spent,
  coalesce(sum(e.amount) FILTER (WHERE NOT e.debt AND e.expires_at <= $3), 0)::bigint AS expired,
  coalesce(-sum(e.amount) FILTER (WHERE e.debt), 0)::bigint AS negative
FROM holder AS h
LEFT JOIN (
  SELECT holder_id, subledger_id, start_at, expires_at, amount, spent, debt
  FROM movement
  WHERE holder_id = $1 AND program_id = $2
    AND effective_at <= $3::timestamptz AND recorded_at <= $4::timestamptz
) AS e ON e.holder_id = h.holder_id
LEFT JOIN subledger AS s ON s.program_id = $2 AND s.subledger_id = e.subledger_id
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
  coalesce(sum(amount) FILTER (WHERE NOT debt AND start_at > $2 AND expires_at > $2), 0)
    ::bigint AS pending,
  coalesce(sum(amount) FILTER (WHERE NOT debt AND start_at <= $2 AND expires_at > $2), 0)
    ::bigint AS active,
  coalesce(sum(spent) FILTER (WHERE NOT debt), 0)::bigint AS spent,
  coalesce(sum(amount) FILTER (WHERE NOT debt AND expires_at <= $2), 0)::bigint AS expired,
  coalesce(-sum(amount) FILTER (WHERE debt), 0)::bigint AS negative
FROM movement
WHERE program_id = $1 AND effective_at <= $2::timestamptz AND recorded_at <= $3::timestamptz;

-- name: copy_balances
-- A line per member and subledger in which anything is left in the books, by member, in the columns of the contract's balances file with
-- the negative balance; for COPY.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 instant  $3 known at  $4 only this holder, or null
SELECT
  $1::int AS "loyaltyProgramID",
  nullif(s.name, '') AS "loyaltySubledger",
  h.integration_id AS "profileIntegrationID",
  (b.active * 0.01)::numeric(20, 2) AS "currentBalance",
  (b.pending * 0.01)::numeric(20, 2) AS "pendingBalance",
  (b.expired * 0.01)::numeric(20, 2) AS "expiredBalance",
  (b.spent * 0.01)::numeric(20, 2) AS "spentBalance",
  (b.negative * 0.01)::numeric(20, 2) AS "negativeBalance",
  NULL::text AS "currentTier"
FROM (
  SELECT
    holder_id,
    subledger_id,
    coalesce(sum(amount) FILTER (WHERE NOT debt AND start_at > $2 AND expires_at > $2), 0)
      AS pending,
    coalesce(sum(amount) FILTER (WHERE NOT debt AND start_at <= $2 AND expires_at > $2), 0)
      AS active,
    coalesce(sum(spent) FILTER (WHERE NOT debt), 0) AS spent,
    coalesce(sum(amount) FILTER (WHERE NOT debt AND expires_at <= $2), 0) AS expired,
    coalesce(-sum(amount) FILTER (WHERE debt), 0) AS negative
  FROM movement
  WHERE program_id = $1 AND effective_at <= $2::timestamptz AND recorded_at <= $3::timestamptz
    AND ($4::uuid IS NULL OR holder_id = $4)
  GROUP BY holder_id, subledger_id
) AS b
JOIN holder AS h ON h.holder_id = b.holder_id
JOIN subledger AS s ON s.program_id = $1 AND s.subledger_id = b.subledger_id
WHERE (b.active, b.pending, b.expired, b.spent, b.negative) <> (0, 0, 0, 0, 0)
ORDER BY h.integration_id COLLATE "C", s.name COLLATE "C";
