-- What is ahead of a program, as known at an instant.

-- part: figures
-- A row per ledger that has anything ahead or owes, and as -1 one for all together. What becomes
-- active and expires is what holder_days of balances.sql says, member by member.
-- $1 program  $2 holders or null  $3 instant  $4 ends of days, rising; the last ends what is ahead
row_ AS (
  SELECT
    holder_id,
    subledger_id,
    debt,
    effective_at,
    greatest(effective_at, start_at) AS starts_at,
    expires_at,
    amount
  FROM movement
  WHERE program_id = $1::int
    AND ($2::uuid[] IS NULL OR holder_id = ANY ($2))
    AND recorded_at <= $3::timestamptz
    AND (
      (debt AND effective_at <= $3)
      OR (
        NOT debt
        AND greatest(effective_at, start_at) < expires_at
        AND expires_at > $3
        AND (
          greatest(effective_at, start_at) > $3
          OR expires_at < ($4::timestamptz[])[cardinality($4)]
        )
      )
    )
), entry AS MATERIALIZED (
  SELECT
    holder_id,
    subledger_id,
    CASE
      WHEN NOT debt AND expires_at < ($4)[cardinality($4)] THEN width_bucket(expires_at, $4)
    END AS day,
    sum(amount) FILTER (WHERE NOT debt AND expires_at < ($4)[cardinality($4)]) AS expiring,
    sum(amount) FILTER (
      WHERE NOT debt AND starts_at > $3 AND starts_at < ($4)[cardinality($4)]
    ) AS activating,
    -sum(amount) FILTER (WHERE debt) AS owed
  FROM row_
  GROUP BY 1, 2, 3
), had AS (
  SELECT
    coalesce(subledger_id, -1) AS ledger,
    sum(expiring) AS expiring,
    sum(activating) AS activating,
    sum(owed) AS owed
  FROM entry
  GROUP BY GROUPING SETS ((holder_id), (holder_id, subledger_id))
), largest AS (
  SELECT DISTINCT ON (ledger) ledger, day, expiring
  FROM (
    SELECT coalesce(subledger_id, -1) AS ledger, day, sum(expiring) AS expiring
    FROM entry
    WHERE day IS NOT NULL
    GROUP BY GROUPING SETS ((day), (subledger_id, day))
  ) AS each_day
  WHERE expiring > 0
  ORDER BY ledger, expiring DESC, day
), figures AS (
  SELECT
    had.ledger,
    coalesce(sum(had.expiring), 0)::bigint AS expiring,
    count(*) FILTER (WHERE had.expiring > 0) AS expiring_members,
    coalesce(max(largest.expiring), 0)::bigint AS largest,
    ($4)[max(largest.day) + 1] AS largest_until,
    coalesce(sum(had.activating), 0)::bigint AS activating,
    count(*) FILTER (WHERE had.activating > 0) AS activating_members,
    coalesce(sum(had.owed), 0)::bigint AS owed,
    count(*) FILTER (WHERE had.owed > 0) AS owing_members
  FROM had
  LEFT JOIN largest ON largest.ledger = had.ledger
  GROUP BY had.ledger
)

-- name: work_out
-- The row of a ledger, none if it has nothing.
-- slice: the holders are given
-- $1 program  $2 holders  $3 instant  $4 ends of days  $5 subledger name, null for all ledgers
WITH {figures}
SELECT
  expiring,
  expiring_members,
  largest,
  largest_until,
  activating,
  activating_members,
  owed,
  owing_members
FROM figures
WHERE ledger = CASE
  WHEN $5::text IS NULL THEN -1
  ELSE (SELECT subledger_id FROM subledger WHERE program_id = $1 AND name = $5)
END;

-- name: store_outlook
-- All rows of a program, worked out, and one for all ledgers together even if there is nothing.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 null  $3 instant  $4 ends of days
WITH {figures}
INSERT INTO outlook (
  program_id, subledger_id, at, until, due_at, expiring, expiring_members, largest, largest_until,
  activating, activating_members, owed, owing_members
)
SELECT
  $1,
  l.ledger,
  $3,
  ($4)[cardinality($4)],
  $3,
  coalesce(f.expiring, 0),
  coalesce(f.expiring_members, 0),
  coalesce(f.largest, 0),
  f.largest_until,
  coalesce(f.activating, 0),
  coalesce(f.activating_members, 0),
  coalesce(f.owed, 0),
  coalesce(f.owing_members, 0)
FROM (
  SELECT -1 AS ledger
  UNION ALL
  SELECT subledger_id
  FROM subledger
  WHERE program_id = $1
) AS l
LEFT JOIN figures AS f ON f.ledger = l.ledger;

-- name: forget_outlook
-- $1 program
DELETE FROM outlook
WHERE program_id = $1;

-- name: postpone
-- $1 program  $2 when it is due again
UPDATE outlook
SET due_at = $2
WHERE program_id = $1;

-- name: list_due
-- The programs whose outlook is not stored or is due, and that have more than a few entries, with
-- their time zones.
-- slice: one probe per program of the index by program
-- $1 now  $2 how many entries are a few
SELECT
  p.program_id,
  p.timezone
FROM program AS p
WHERE NOT EXISTS (
    SELECT
    FROM outlook AS o
    WHERE o.program_id = p.program_id AND o.due_at > $1::timestamptz
  )
  AND EXISTS (
    SELECT
    FROM transaction_ AS t
    WHERE t.program_id = p.program_id
    ORDER BY t.recorded_at, t.transaction_id
    OFFSET $2::int
    LIMIT 1
  )
ORDER BY p.program_id;

-- name: find_outlook
-- What is stored of a ledger; of one that is new since, that it had nothing.
-- $1 program  $2 subledger name, null for all ledgers
SELECT
  a.at,
  a.until,
  coalesce(o.expiring, 0) AS expiring,
  coalesce(o.expiring_members, 0) AS expiring_members,
  coalesce(o.largest, 0) AS largest,
  o.largest_until,
  coalesce(o.activating, 0) AS activating,
  coalesce(o.activating_members, 0) AS activating_members,
  coalesce(o.owed, 0) AS owed,
  coalesce(o.owing_members, 0) AS owing_members
FROM outlook AS a
LEFT JOIN outlook AS o
  ON o.program_id = a.program_id
  AND o.subledger_id = CASE
    WHEN $2::text IS NULL THEN -1
    ELSE (SELECT subledger_id FROM subledger WHERE program_id = $1 AND name = $2)
  END
WHERE a.program_id = $1 AND a.subledger_id = -1;
