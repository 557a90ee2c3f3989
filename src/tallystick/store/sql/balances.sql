-- Balances are sums of movements at an instant, as known at another. Index-only scans of the primary
-- keys carry them.

-- part: states
-- What counts for which of the five states at the instant i.at.
coalesce(sum(m.amount) FILTER (WHERE NOT m.debt AND m.start_at > i.at AND m.expires_at > i.at), 0)
  ::bigint AS pending,
coalesce(sum(m.amount) FILTER (WHERE NOT m.debt AND m.start_at <= i.at AND m.expires_at > i.at), 0)
  ::bigint AS active,
coalesce(sum(m.spent) FILTER (WHERE NOT m.debt), 0)::bigint AS spent,
coalesce(sum(m.amount) FILTER (WHERE NOT m.debt AND m.expires_at <= i.at), 0)::bigint AS expired,
coalesce(-sum(m.amount) FILTER (WHERE m.debt), 0)::bigint AS negative

-- part: instant
-- The one instant that most of these queries are about.
CROSS JOIN (SELECT $1::timestamptz AS at) AS i

-- part: by_then
-- A movement counts when it was in effect by the instant and recorded by the one "known at", $2.
m.effective_at <= i.at AND m.recorded_at <= $2::timestamptz

-- part: changes
-- What becomes active, less what debts take of it at that moment, and what expires of the movements
-- in row_.
change AS (
  SELECT
    row_.*,
    greatest(effective_at, start_at) AS at,
    amount AS activating,
    0::bigint AS expiring
  FROM row_
  WHERE greatest(effective_at, start_at) < expires_at
  UNION ALL
  SELECT
    row_.*,
    expires_at,
    0::bigint,
    amount
  FROM row_
  WHERE greatest(effective_at, start_at) < expires_at
)

-- part: members
-- The holders $5, in that order, who ever had anything in the program, with what they have in one
-- ledger or all. A limit ends it early.
-- $3 program  $4 subledger name or null  $6 active, pending, below-zero, nothing, or null for all
FROM unnest($5::uuid[]) WITH ORDINALITY AS h (holder_id, place)
CROSS JOIN LATERAL (
  SELECT {states}
  FROM movement AS m
  {instant}
  WHERE m.holder_id = h.holder_id
    AND m.program_id = $3::int
    AND (
      $4::text IS NULL
      OR m.subledger_id = (SELECT subledger_id FROM subledger WHERE program_id = $3 AND name = $4)
    )
    AND {by_then}
  HAVING count(*) > 0
) AS b
WHERE CASE $6::text
  WHEN 'active' THEN b.active > 0
  WHEN 'pending' THEN b.pending > 0
  WHEN 'below-zero' THEN b.negative > 0
  WHEN 'nothing' THEN (b.active, b.pending, b.negative) = (0, 0, 0)
  ELSE true
END

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
  {instant}
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
-- For each instant one row per subledger in which the holder has entries, one row of nulls if there
-- are none; no row if there is no such holder.
-- $1 instants  $2 known at  $3 holder  $4 program
SELECT
  i.at,
  s.name AS subledger,
  {states}
FROM holder AS h
CROSS JOIN unnest($1::timestamptz[]) AS i (at)
LEFT JOIN movement AS m ON m.holder_id = $3 AND m.program_id = $4 AND {by_then}
LEFT JOIN subledger AS s ON s.program_id = $4 AND s.subledger_id = m.subledger_id
WHERE h.holder_id = $3
GROUP BY i.at, s.name
ORDER BY i.at, s.name;

-- name: all_balances
-- The same for every program in which the holder has entries. $1 instant  $2 known at  $3 holder
SELECT
  m.program_id,
  s.name AS subledger,
  {states}
FROM movement AS m
JOIN subledger AS s ON s.program_id = m.program_id AND s.subledger_id = m.subledger_id
{instant}
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
), {changes}
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

-- name: holder_changes
-- The same, lot by lot and in the order in which it happens: each with the transaction that added the
-- points, as it is shown; with nulls, should that have been taken back.
-- $1 holder  $2 program  $3 instant  $4 until, exclusive  $5 subledger name or null
WITH row_ AS (
  SELECT subledger_id, lot_no, effective_at, start_at, expires_at, amount
  FROM movement
  WHERE holder_id = $1 AND program_id = $2 AND NOT debt AND recorded_at <= $3::timestamptz
), {changes}
SELECT
  c.at,
  c.activating,
  c.expiring,
  s.name AS subledger,
  t.transaction_id,
  t.transaction_uuid,
  t.kind,
  t.source,
  t.name,
  t.session_id,
  t.import_id
FROM (
  SELECT
    subledger_id,
    lot_no,
    at,
    sum(activating)::bigint AS activating,
    sum(expiring)::bigint AS expiring
  FROM change
  WHERE at > $3::timestamptz AND at < $4::timestamptz
  GROUP BY subledger_id, lot_no, at
  HAVING (sum(activating), sum(expiring)) <> (0, 0)
) AS c
JOIN subledger AS s ON s.program_id = $2 AND s.subledger_id = c.subledger_id
JOIN transaction_ AS made ON made.holder_id = $1 AND made.txn_no = c.lot_no
LEFT JOIN shown_transaction AS t
  ON t.holder_id = $1 AND t.txn_no = coalesce(made.of_no, made.txn_no)
WHERE $5::text IS NULL OR s.name = $5
ORDER BY c.at, c.lot_no;

-- name: list_members
-- Those of the holders who are members, with what they have at an instant, since when they belong to
-- the program, what expires next if nothing is spent, as holder_days counts it, and when anything was
-- last recorded.
-- $1 instant  $2 known at  $3 program  $4 subledger name or null  $5 holders  $6 state or null
-- $7 at most
SELECT
  p.holder_id,
  o.integration_id,
  p.active,
  p.pending,
  p.spent,
  p.expired,
  p.negative,
  coalesce(a.attributes, '{}')::text AS attributes,
  (
    SELECT j.joined_at
    FROM join_date AS j
    WHERE j.holder_id = p.holder_id AND j.program_id = $3 AND (NOT j.derived OR j.joined_at <= $1)
  ) AS joined_at,
  n.expires_at AS next_expiry_at,
  coalesce(n.amount, 0) AS next_expiry,
  (
    SELECT t.recorded_at
    FROM shown_transaction AS t
    WHERE t.holder_id = p.holder_id AND t.program_id = $3
    ORDER BY t.txn_no DESC
    LIMIT 1
  ) AS last_at
FROM (
  SELECT h.holder_id, h.place, b.*
  {members}
  ORDER BY h.place
  LIMIT $7::int
) AS p
JOIN holder AS o ON o.holder_id = p.holder_id
LEFT JOIN profile AS a ON a.holder_id = p.holder_id
LEFT JOIN LATERAL (
  SELECT m.expires_at, sum(m.amount)::bigint AS amount
  FROM movement AS m
  WHERE m.holder_id = p.holder_id
    AND m.program_id = $3
    AND (
      $4 IS NULL
      OR m.subledger_id = (SELECT subledger_id FROM subledger WHERE program_id = $3 AND name = $4)
    )
    AND NOT m.debt
    AND m.recorded_at <= $1
    AND m.expires_at > $1
    AND m.expires_at < '9999-12-31 00:00+00'
    AND greatest(m.effective_at, m.start_at) < m.expires_at
  GROUP BY m.expires_at
  HAVING sum(m.amount) > 0
  ORDER BY m.expires_at
  LIMIT 1
) AS n ON true
ORDER BY p.place;

-- name: count_members
-- How many of the holders are members. $1 instant  $2 known at  $3 program
-- $4 subledger name or null  $5 holders  $6 state or null
SELECT count(*)
{members};

-- name: member_totals
-- How many of the holders have active or pending points, and how many points of those are active.
-- $1 instant  $2 known at  $3 program  $4 null  $5 holders  $6 null
SELECT
  count(*) FILTER (WHERE b.active > 0 OR b.pending > 0) AS members,
  coalesce(sum(b.active), 0)::bigint AS active
{members};

-- name: program_totals
-- The sums over all members and subledgers.
-- slice: the whole program is asked for, so it reads every holder
-- $1 instant  $2 known at  $3 program
SELECT
  {states}
FROM movement AS m
{instant}
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
