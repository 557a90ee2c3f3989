-- Balances are sums of movements at an instant, as known at another. Index-only scans of the primary
-- keys carry them.

-- part: states
-- What counts for which of the five states at the instant $1.
coalesce(sum(m.amount) FILTER (WHERE NOT m.debt AND m.start_at > $1 AND m.expires_at > $1), 0)
  ::bigint AS pending,
coalesce(sum(m.amount) FILTER (WHERE NOT m.debt AND m.start_at <= $1 AND m.expires_at > $1), 0)
  ::bigint AS active,
coalesce(sum(m.spent) FILTER (WHERE NOT m.debt), 0)::bigint AS spent,
coalesce(sum(m.amount) FILTER (WHERE NOT m.debt AND m.expires_at <= $1), 0)::bigint AS expired,
coalesce(-sum(m.amount) FILTER (WHERE m.debt), 0)::bigint AS negative

-- part: by_then
-- A movement counts when it was in effect by the instant and recorded by the one "known at", $2.
m.effective_at <= $1::timestamptz AND m.recorded_at <= $2::timestamptz

-- part: file_columns
-- The columns of the balances file up to what the contract does not list. Columns that were not
-- asked for are there and empty.
$3::int AS "loyaltyProgramID",
  nullif(s.name, '') AS "loyaltySubledger",
  h.integration_id AS "profileIntegrationID",
  (b.active * 0.01)::numeric(20, 2) AS "currentBalance",
  CASE WHEN 'pendingBalance' = ANY ($6::text[]) THEN (b.pending * 0.01)::numeric(20, 2) END
    AS "pendingBalance",
  CASE WHEN 'expiredBalance' = ANY ($6) THEN (b.expired * 0.01)::numeric(20, 2) END
    AS "expiredBalance",
  CASE WHEN 'spentBalance' = ANY ($6) THEN (b.spent * 0.01)::numeric(20, 2) END AS "spentBalance"

-- part: file_lines
-- A line per member and subledger in which the books have anything, of a slice of the holders.
FROM (
  SELECT
    m.holder_id,
    m.subledger_id,
    {states}
  FROM movement AS m
  WHERE m.program_id = $3 AND {by_then} AND m.holder_id BETWEEN $4::uuid AND $5::uuid
  GROUP BY m.holder_id, m.subledger_id
) AS b
JOIN holder AS h ON h.holder_id = b.holder_id
JOIN subledger AS s ON s.program_id = $3 AND s.subledger_id = b.subledger_id

-- part: file_order
WHERE (b.active, b.pending, b.expired, b.spent, b.negative) <> (0, 0, 0, 0, 0)
  AND h.holder_id BETWEEN $4 AND $5
ORDER BY h.integration_id COLLATE "C", h.holder_id, s.name COLLATE "C"

-- part: contract_file
SELECT
  {file_columns},
  NULL::text AS "currentTier"
{file_lines}
{file_order}

-- part: file_with_debts
-- The negative balance is no column of the contract's file unless it is asked for.
SELECT
  {file_columns},
  (b.negative * 0.01)::numeric(20, 2) AS "negativeBalance",
  NULL::text AS "currentTier"
{file_lines}
{file_order}

-- part: file_with_details
-- Ours: what expires next after the instant if nothing is spent, as holder_days counts it, by what
-- had happened by the instant; and since when the member belongs to the program.
SELECT
  {file_columns},
  (b.negative * 0.01)::numeric(20, 2) AS "negativeBalance",
  NULL::text AS "currentTier",
  to_char(n.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "nextExpiry",
  (n.amount * 0.01)::numeric(20, 2) AS "nextExpiryPoints",
  to_char(j.joined_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "joinDate"
{file_lines}
LEFT JOIN (
  SELECT DISTINCT ON (m.holder_id, m.subledger_id)
    m.holder_id,
    m.subledger_id,
    m.expires_at,
    sum(m.amount)::bigint AS amount
  FROM movement AS m
  WHERE m.program_id = $3
    AND NOT m.debt
    AND m.recorded_at <= $2
    AND (m.effective_at <= $1 OR m.recorded_at <= $1)
    AND m.expires_at > $1
    AND m.expires_at < '9999-12-31 00:00+00'
    AND greatest(m.effective_at, m.start_at) < m.expires_at
    AND m.holder_id BETWEEN $4 AND $5
  GROUP BY m.holder_id, m.subledger_id, m.expires_at
  HAVING sum(m.amount) > 0
  ORDER BY m.holder_id, m.subledger_id, m.expires_at
) AS n ON n.holder_id = b.holder_id AND n.subledger_id = b.subledger_id
LEFT JOIN join_date AS j
  ON j.holder_id = b.holder_id
  AND j.holder_id BETWEEN $4 AND $5
  AND j.program_id = $3
  AND (NOT j.derived OR j.joined_at <= $1)
{file_order}

-- name: holder_balances
-- One row per subledger in which the holder has entries, one row of nulls if there are none, no row
-- if there is no such holder.
-- $1 instant  $2 known at  $3 holder  $4 program
SELECT
  s.name AS subledger,
  {states}
FROM holder AS h
LEFT JOIN (
  SELECT m.*
  FROM movement AS m
  WHERE m.holder_id = $3 AND m.program_id = $4 AND {by_then}
) AS m ON m.holder_id = h.holder_id
LEFT JOIN subledger AS s ON s.program_id = $4 AND s.subledger_id = m.subledger_id
WHERE h.holder_id = $3
GROUP BY s.name
ORDER BY s.name;

-- name: all_balances
-- The same for every program in which the holder has entries. $1 instant  $2 known at  $3 holder
SELECT
  m.program_id,
  s.name AS subledger,
  {states}
FROM movement AS m
JOIN subledger AS s ON s.program_id = m.program_id AND s.subledger_id = m.subledger_id
WHERE m.holder_id = $3 AND {by_then}
GROUP BY m.program_id, s.name
ORDER BY m.program_id, s.name;

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
-- $1 instant  $2 known at  $3 program
SELECT
  {states}
FROM movement AS m
WHERE m.program_id = $3 AND {by_then};

-- name: copy_balances
-- The balances file of the contract, for COPY: a line per member and subledger, by member.
-- slice: it reads many holders, as many as the caller says
-- $1 instant  $2 known at  $3 program  $4 first holder  $5 last holder  $6 columns with values
{contract_file};

-- name: copy_balances_json
-- The same, a JSON object a line.
-- slice: it reads many holders, as many as the caller says
-- $1 instant  $2 known at  $3 program  $4 first holder  $5 last holder  $6 columns with values
SELECT to_json(r) FROM ({contract_file}) AS r;

-- name: copy_balances_and_debts
-- slice: it reads many holders, as many as the caller says
-- $1 instant  $2 known at  $3 program  $4 first holder  $5 last holder  $6 columns with values
{file_with_debts};

-- name: copy_balances_and_debts_json
-- slice: it reads many holders, as many as the caller says
-- $1 instant  $2 known at  $3 program  $4 first holder  $5 last holder  $6 columns with values
SELECT to_json(r) FROM ({file_with_debts}) AS r;

-- name: copy_balances_and_details
-- slice: it reads many holders, as many as the caller says
-- $1 instant  $2 known at  $3 program  $4 first holder  $5 last holder  $6 columns with values
{file_with_details};

-- name: copy_balances_and_details_json
-- slice: it reads many holders, as many as the caller says
-- $1 instant  $2 known at  $3 program  $4 first holder  $5 last holder  $6 columns with values
SELECT to_json(r) FROM ({file_with_details}) AS r;
