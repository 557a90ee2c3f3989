-- What will expire and what will become active, day by day.

-- part: lines
-- Each movement tells of two changes: when its points become active and when they expire. Both are
-- less what is spent already and what debts will take, because allocations are movements, too; so
-- the sums of a day are those of holder_days. A day is the position of its beginning in $6.
SELECT
  $2::int AS "loyaltyProgramID",
  nullif(s.name, '') AS "loyaltySubledger",
  h.integration_id AS "profileIntegrationID",
  ($7::text[])[c.day] AS date,
  (c.expiring * 0.01)::numeric(20, 2) AS "expiringPoints",
  (c.activating * 0.01)::numeric(20, 2) AS "activatingPoints"
FROM (
  SELECT
    m.holder_id,
    m.subledger_id,
    width_bucket(x.at, $6::timestamptz[]) AS day,
    sum(x.activating)::bigint AS activating,
    sum(x.expiring)::bigint AS expiring
  FROM movement AS m
  CROSS JOIN LATERAL (
    VALUES
      (greatest(m.effective_at, m.start_at), m.amount, 0::bigint),
      (m.expires_at, 0::bigint, m.amount)
  ) AS x (at, activating, expiring)
  WHERE m.program_id = $2
    AND m.holder_id BETWEEN $3::uuid AND $4::uuid
    AND NOT m.debt
    AND m.recorded_at <= $1::timestamptz
    AND greatest(m.effective_at, m.start_at) < m.expires_at
    AND m.expires_at >= ($6::timestamptz[])[1]
    AND x.at > $1
    AND x.at >= ($6::timestamptz[])[1]
    AND x.at < $8::timestamptz
  GROUP BY m.holder_id, m.subledger_id, day
) AS c
JOIN holder AS h ON h.holder_id = c.holder_id
JOIN subledger AS s ON s.program_id = $2 AND s.subledger_id = c.subledger_id
WHERE (c.activating, c.expiring) <> (0, 0)
  AND h.holder_id BETWEEN $3 AND $4
  AND ($5::text IS NULL OR s.name = $5)
ORDER BY h.integration_id COLLATE "C", h.holder_id, s.name COLLATE "C", c.day

-- name: copy_expiring
-- A line per member, subledger and day on which anything changes, by member; for COPY.
-- slice: it reads many holders, as many as the caller says
-- $1 instant from which on, as known then  $2 program  $3 first holder  $4 last holder
-- $5 subledger name or null  $6 beginnings of days, rising  $7 their names  $8 end of the last day
{lines};

-- name: copy_expiring_json
-- The same, a JSON object a line.
-- slice: it reads many holders, as many as the caller says
-- $1 instant from which on, as known then  $2 program  $3 first holder  $4 last holder
-- $5 subledger name or null  $6 beginnings of days, rising  $7 their names  $8 end of the last day
SELECT to_json(r) FROM ({lines}) AS r;
