-- The balances file of the contract, for COPY: a line per member and subledger, by member. Columns
-- that were not asked for are there and empty, but the negative balance, which the contract does not
-- list, is a column only in the second.

-- name: copy_balances
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
    coalesce(sum(amount) FILTER (WHERE NOT debt AND start_at > $2 AND expires_at > $2), 0)
      AS pending,
    coalesce(sum(amount) FILTER (WHERE NOT debt AND start_at <= $2 AND expires_at > $2), 0)
      AS active,
    coalesce(sum(spent) FILTER (WHERE NOT debt), 0) AS spent,
    coalesce(sum(amount) FILTER (WHERE NOT debt AND expires_at <= $2), 0) AS expired
  FROM movement
  WHERE program_id = $1 AND effective_at <= $2::timestamptz AND recorded_at <= $3::timestamptz
    AND ($4::uuid IS NULL OR holder_id = $4)
  GROUP BY holder_id, subledger_id
) AS b
JOIN holder AS h ON h.holder_id = b.holder_id
JOIN subledger AS s ON s.program_id = $1 AND s.subledger_id = b.subledger_id
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
ORDER BY h.integration_id COLLATE "C", h.holder_id, s.name COLLATE "C";
