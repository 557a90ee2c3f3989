-- Figures of whole days of a program: worked out from the books, stored, and read.

-- part: lines
-- The days of a dashboard as a file has them, a line a day. Of the groups of columns those that are
-- not wanted are cut out of this text.
SELECT
  day AS "date"
  -- group: members
  , new_members AS "newMembers"
  , members AS "totalMembers"
  -- group: totals
  , (active * 0.01)::numeric(20, 2) AS "totalActivePoints"
  , (pending * 0.01)::numeric(20, 2) AS "totalPendingPoints"
  , (expired * 0.01)::numeric(20, 2) AS "totalExpiredPoints"
  -- group: earned-and-spent
  , (earned_manually * 0.01)::numeric(20, 2) AS "earnedPointsManual"
  , (earned_by_sessions * 0.01)::numeric(20, 2) AS "earnedPointsRuleEngine"
  , (spent_manually * 0.01)::numeric(20, 2) AS "spentPointsManual"
  , (spent_by_sessions * 0.01)::numeric(20, 2) AS "spentPointsRuleEngine"
  -- group: imports
  , (earned_by_imports * 0.01)::numeric(20, 2) AS "earnedPointsImport"
  , (spent_by_imports * 0.01)::numeric(20, 2) AS "spentPointsImport"
  -- end
FROM unnest(
  $1::date[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
  $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[]
) WITH ORDINALITY AS d (
  day, new_members, members, active, pending, expired, earned_manually, earned_by_sessions,
  spent_manually, spent_by_sessions, earned_by_imports, spent_by_imports, place
)
ORDER BY place

-- part: figures
-- A row per ledger and day: what the balances of all members add up to at its end, how many members
-- there were then (holders with active or pending points in the ledger), how many became members in
-- its course, and what was earned and spent in it, by sessions and otherwise, of which imports.
-- The ledgers are the subledgers and, as -1, all of them together; $2 may name one of these. Where
-- there is only one subledger, its members are counted once, as those of all.
-- A movement is counted in the day in which it takes effect, in that in which its points start, and
-- in that in which they expire; then the days are summed up. width_bucket tells how many of the
-- boundaries an instant has reached: 0 is before the first day, 1 in it, and so on.
-- Where the program has a join policy, and for all ledgers, a holder becomes a member on the join
-- date: on the one that was set, or on the day of the first points earned or activated, as in the
-- view join_date; amount and spent together are what was added and not taken back. Else it is the
-- first day at whose end there are active or pending points. A newcomer who had entries before the
-- first of the days may have been a member on one of the days before, and is looked at day by day.
-- Ledger -2 stands for newcomers by the join policy.
-- $1 program  $2 ledger, or null  $3 boundaries: where the first day begins, then where each ends
-- $4 boundaries of the days before, since the program's first entry; the last one is $3's first
ledger AS MATERIALIZED (
  SELECT
    ledger,
    subledger_id,
    CASE WHEN count(*) FILTER (WHERE ledger = -1) OVER () = 1 THEN -1 ELSE ledger END AS counted_as
  FROM (
    SELECT -1 AS ledger, subledger_id
    FROM subledger
    WHERE program_id = $1::int
    UNION ALL
    SELECT subledger_id, subledger_id
    FROM subledger
    WHERE program_id = $1
  ) AS each_and_all
  WHERE $2::int IS NULL OR ledger = $2
), step AS MATERIALIZED (
  SELECT
    holder_id,
    subledger_id,
    debt,
    width_bucket(effective_at, $3::timestamptz[]) AS effective,
    width_bucket(greatest(effective_at, start_at), $3) AS started,
    width_bucket(greatest(effective_at, expires_at), $3) AS expired,
    sum(amount) AS amount,
    sum(spent) AS spent
  FROM movement
  WHERE program_id = $1
    AND ($2 IS NULL OR $2 IN (-1, subledger_id))
    AND effective_at < ($3)[cardinality($3)]
  GROUP BY 1, 2, 3, 4, 5, 6
), moved AS MATERIALIZED (
  SELECT
    subledger_id,
    debt,
    effective,
    started,
    expired,
    sum(amount) AS amount,
    sum(spent) AS spent
  FROM step
  GROUP BY 1, 2, 3, 4, 5
), change AS (
  SELECT
    l.ledger,
    p.day,
    sum(p.amount) FILTER (WHERE p.state = 'pending') AS pending,
    sum(p.amount) FILTER (WHERE p.state = 'active') AS active,
    sum(p.amount) FILTER (WHERE p.state = 'spent') AS spent,
    sum(p.amount) FILTER (WHERE p.state = 'expired') AS expired,
    sum(p.amount) FILTER (WHERE p.state = 'negative') AS negative
  FROM (
    SELECT subledger_id, effective AS day, 'pending' AS state, amount
    FROM moved
    WHERE NOT debt
    UNION ALL
    SELECT subledger_id, least(started, expired), 'pending', -amount
    FROM moved
    WHERE NOT debt
    UNION ALL
    SELECT subledger_id, started, 'active', amount
    FROM moved
    WHERE NOT debt AND started < expired
    UNION ALL
    SELECT subledger_id, expired, 'active', -amount
    FROM moved
    WHERE NOT debt AND started < expired
    UNION ALL
    SELECT subledger_id, expired, 'expired', amount
    FROM moved
    WHERE NOT debt
    UNION ALL
    SELECT subledger_id, effective, 'spent', spent
    FROM moved
    WHERE NOT debt
    UNION ALL
    SELECT subledger_id, effective, 'negative', -amount
    FROM moved
    WHERE debt
  ) AS p
  JOIN ledger AS l ON l.subledger_id = p.subledger_id
  GROUP BY l.ledger, p.day
), unused AS (
  SELECT
    l.ledger,
    p.holder_id,
    p.day,
    sum(p.amount) OVER (PARTITION BY l.ledger, p.holder_id ORDER BY p.day) > 0 AS is_member
  FROM (
    SELECT holder_id, subledger_id, effective AS day, amount
    FROM step
    WHERE NOT debt AND effective < expired
    UNION ALL
    SELECT holder_id, subledger_id, expired, -amount
    FROM step
    WHERE NOT debt AND effective < expired
  ) AS p
  JOIN ledger AS l ON l.subledger_id = p.subledger_id AND l.ledger = l.counted_as
), turn AS MATERIALIZED (
  SELECT ledger, holder_id, day, is_member
  FROM (
    SELECT
      ledger,
      holder_id,
      day,
      is_member,
      coalesce(
        lag(is_member) OVER (PARTITION BY ledger, holder_id ORDER BY day), false
      ) AS was_member
    FROM unused
  ) AS u
  WHERE is_member <> was_member
), membership_change AS (
  SELECT ledger, day, sum(CASE WHEN is_member THEN 1 ELSE -1 END) AS members
  FROM turn
  GROUP BY ledger, day
), policy AS MATERIALIZED (
  SELECT coalesce(join_policy, 'not_join') AS name
  FROM program
  WHERE program_id = $1
), set_date AS MATERIALIZED (
  SELECT holder_id, width_bucket(joined_at, $3) AS day
  FROM membership
  WHERE program_id = $1 AND (SELECT name FROM policy) <> 'not_join'
), newcomer AS MATERIALIZED (
  SELECT ledger, holder_id, min(day) AS day
  FROM turn
  WHERE is_member
  GROUP BY ledger, holder_id
  UNION ALL
  SELECT -2, holder_id, min(day)
  FROM (
    SELECT holder_id, effective AS day
    FROM step
    WHERE NOT debt AND (SELECT name FROM policy) = 'points_earned'
    GROUP BY holder_id, effective
    HAVING sum(amount + spent) > 0
    UNION ALL
    SELECT holder_id, started
    FROM step
    WHERE NOT debt AND (SELECT name FROM policy) = 'points_activated'
    GROUP BY holder_id, started
    HAVING sum(amount + spent) > 0
  ) AS entry
  WHERE holder_id NOT IN (SELECT holder_id FROM set_date)
  GROUP BY holder_id
), suspect AS MATERIALIZED (
  SELECT ledger, holder_id
  FROM newcomer
  WHERE day > 0 AND holder_id IN (SELECT holder_id FROM step WHERE NOT debt AND effective = 0)
), past AS (
  SELECT s.ledger, s.holder_id, p.day, sum(p.points) AS points
  FROM suspect AS s
  CROSS JOIN policy
  CROSS JOIN LATERAL (
    SELECT
      width_bucket(effective_at, $4::timestamptz[]) AS effective,
      width_bucket(greatest(effective_at, start_at), $4) AS started,
      width_bucket(greatest(effective_at, expires_at), $4) AS expired,
      amount,
      spent
    FROM movement AS m
    WHERE m.holder_id = s.holder_id
      AND m.program_id = $1
      AND (s.ledger < 0 OR m.subledger_id = s.ledger)
      AND NOT m.debt
  ) AS m
  CROSS JOIN LATERAL (
    VALUES
      ('not_join', m.effective, m.amount),
      ('not_join', m.expired, -m.amount),
      ('points_earned', m.effective, m.amount + m.spent),
      ('points_activated', m.started, m.amount + m.spent)
  ) AS p (what, day, points)
  WHERE p.what = CASE WHEN s.ledger = -2 THEN policy.name ELSE 'not_join' END
    AND p.day < cardinality($4)
  GROUP BY s.ledger, s.holder_id, p.day
), returned AS MATERIALIZED (
  SELECT ledger, holder_id
  FROM (
    SELECT
      ledger,
      holder_id,
      points,
      sum(points) OVER (PARTITION BY ledger, holder_id ORDER BY day) AS unused
    FROM past
  ) AS p
  GROUP BY ledger, holder_id
  HAVING bool_or(CASE WHEN ledger = -2 THEN points > 0 ELSE unused > 0 END)
), joined AS (
  SELECT ledger, day, count(*) AS new_members
  FROM (
    SELECT ledger, day
    FROM newcomer
    WHERE (ledger, holder_id) NOT IN (SELECT ledger, holder_id FROM returned)
    UNION ALL
    SELECT -2, day
    FROM set_date
  ) AS each_one
  GROUP BY ledger, day
), course AS (
  SELECT
    l.ledger,
    c.day,
    sum(c.amount) FILTER (WHERE c.kind = 1 AND c.source <> 2) AS earned_manually,
    sum(c.amount) FILTER (WHERE c.kind = 1 AND c.source = 3) AS earned_by_imports,
    sum(c.amount) FILTER (WHERE c.kind = 1 AND c.source = 2) AS earned_by_sessions,
    sum(c.amount) FILTER (WHERE c.kind = 2 AND c.source <> 2) AS spent_manually,
    sum(c.amount) FILTER (WHERE c.kind = 2 AND c.source = 3) AS spent_by_imports,
    sum(c.amount) FILTER (WHERE c.kind = 2 AND c.source = 2) AS spent_by_sessions
  FROM (
    SELECT subledger_id, kind, source, width_bucket(recorded_at, $3) AS day, sum(amount) AS amount
    FROM shown_transaction
    WHERE program_id = $1
      AND ($2 IS NULL OR $2 IN (-1, subledger_id))
      AND recorded_at >= ($3)[1]
      AND recorded_at < ($3)[cardinality($3)]
      AND NOT creates_negative
    GROUP BY 1, 2, 3, 4
  ) AS c
  JOIN ledger AS l ON l.subledger_id = c.subledger_id
  GROUP BY l.ledger, c.day
), so_far AS (
  SELECT
    l.ledger,
    CASE WHEN l.ledger = -1 AND p.name <> 'not_join' THEN -2 ELSE l.counted_as END AS joined_as,
    d.day,
    sum(c.pending) OVER total AS pending,
    sum(c.active) OVER total AS active,
    sum(c.spent) OVER total AS spent,
    sum(c.expired) OVER total AS expired,
    sum(c.negative) OVER total AS negative,
    sum(m.members) OVER total AS members
  FROM (SELECT DISTINCT ledger, counted_as FROM ledger) AS l
  CROSS JOIN policy AS p
  CROSS JOIN generate_series(0, cardinality($3) - 1) AS d (day)
  LEFT JOIN change AS c ON c.ledger = l.ledger AND c.day = d.day
  LEFT JOIN membership_change AS m ON m.ledger = l.counted_as AND m.day = d.day
  WINDOW total AS (PARTITION BY l.ledger ORDER BY d.day)
), figures AS (
  SELECT
    f.ledger,
    f.day,
    coalesce(f.pending, 0)::bigint AS pending,
    coalesce(f.active, 0)::bigint AS active,
    coalesce(f.spent, 0)::bigint AS spent,
    coalesce(f.expired, 0)::bigint AS expired,
    coalesce(f.negative, 0)::bigint AS negative,
    coalesce(f.members, 0)::bigint AS members,
    coalesce(j.new_members, 0)::bigint AS new_members,
    coalesce(e.earned_manually, 0)::bigint AS earned_manually,
    coalesce(e.earned_by_imports, 0)::bigint AS earned_by_imports,
    coalesce(e.earned_by_sessions, 0)::bigint AS earned_by_sessions,
    coalesce(e.spent_manually, 0)::bigint AS spent_manually,
    coalesce(e.spent_by_imports, 0)::bigint AS spent_by_imports,
    coalesce(e.spent_by_sessions, 0)::bigint AS spent_by_sessions
  FROM so_far AS f
  LEFT JOIN joined AS j ON j.ledger = f.joined_as AND j.day = f.day
  LEFT JOIN course AS e ON e.ledger = f.ledger AND e.day = f.day
  WHERE f.day > 0
)

-- name: figures_of_days
-- A row per day of one ledger, in order, worked out from the books.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 ledger  $3 boundaries  $4 those of the days before
WITH {figures}
SELECT
  pending,
  active,
  spent,
  expired,
  negative,
  members,
  new_members,
  earned_manually,
  earned_by_imports,
  earned_by_sessions,
  spent_manually,
  spent_by_imports,
  spent_by_sessions
FROM figures
ORDER BY day;

-- name: close_days
-- Works out the days in all ledgers and stores them; those that are there are written anew.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 null  $3 boundaries  $4 those of the days before
WITH {figures}
INSERT INTO day_figures AS s (
  program_id, subledger_id, starts_at, ends_at, pending, active, spent, expired, negative, members,
  new_members, earned_manually, earned_by_imports, earned_by_sessions, spent_manually,
  spent_by_imports, spent_by_sessions
)
SELECT
  $1, ledger, ($3)[day], ($3)[day + 1], pending, active, spent, expired, negative, members,
  new_members, earned_manually, earned_by_imports, earned_by_sessions, spent_manually,
  spent_by_imports, spent_by_sessions
FROM figures
ON CONFLICT (program_id, subledger_id, starts_at) DO UPDATE
SET
  ends_at = excluded.ends_at,
  pending = excluded.pending,
  active = excluded.active,
  spent = excluded.spent,
  expired = excluded.expired,
  negative = excluded.negative,
  members = excluded.members,
  new_members = excluded.new_members,
  earned_manually = excluded.earned_manually,
  earned_by_imports = excluded.earned_by_imports,
  earned_by_sessions = excluded.earned_by_sessions,
  spent_manually = excluded.spent_manually,
  spent_by_imports = excluded.spent_by_imports,
  spent_by_sessions = excluded.spent_by_sessions;

-- name: first_entry
-- When the first entry of a program was recorded. $1 program
-- slice: an index by program is probed
SELECT min(recorded_at)
FROM transaction_
WHERE program_id = $1;

-- name: stored_days
-- A row per day of one ledger, in order, with its figures if they are known without reading the
-- books: they are stored and nothing has touched them, or the day was over before the program's
-- first entry; then there is nothing but join dates that were set. A subledger that is not there, or
-- that had nothing when the day was closed, has nothing in it.
-- The limits make it probe the key day by day, whatever is known of how many days there are.
-- slice: two indexes by program are probed
-- $1 program  $2 ledger, none if it is not there  $3 beginnings of the days  $4 their ends
WITH first_entry AS MATERIALIZED (
  SELECT min(recorded_at) AS at
  FROM transaction_
  WHERE program_id = $1::int
), touched AS MATERIALIZED (
  SELECT min(from_at) AS at
  FROM day_touch
  WHERE program_id = $1
)
SELECT
  coalesce(a.ends_at <= coalesce(t.at, 'infinity'), false)
    OR d.ends_at <= coalesce(e.at, 'infinity') AS is_known,
  coalesce(f.pending, 0) AS pending,
  coalesce(f.active, 0) AS active,
  coalesce(f.spent, 0) AS spent,
  coalesce(f.expired, 0) AS expired,
  coalesce(f.negative, 0) AS negative,
  coalesce(f.members, 0) AS members,
  CASE
    WHEN d.ends_at > coalesce(e.at, 'infinity') THEN coalesce(f.new_members, 0)
    WHEN $2::int <> -1 THEN 0
    ELSE (
      SELECT count(*)
      FROM membership AS m
      JOIN program AS p ON p.program_id = m.program_id AND p.join_policy <> 'not_join'
      WHERE m.program_id = $1 AND m.joined_at >= d.starts_at AND m.joined_at < d.ends_at
    )
  END AS new_members,
  coalesce(f.earned_manually, 0) AS earned_manually,
  coalesce(f.earned_by_imports, 0) AS earned_by_imports,
  coalesce(f.earned_by_sessions, 0) AS earned_by_sessions,
  coalesce(f.spent_manually, 0) AS spent_manually,
  coalesce(f.spent_by_imports, 0) AS spent_by_imports,
  coalesce(f.spent_by_sessions, 0) AS spent_by_sessions
FROM unnest($3::timestamptz[], $4::timestamptz[])
  WITH ORDINALITY AS d (starts_at, ends_at, place)
CROSS JOIN first_entry AS e
CROSS JOIN touched AS t
LEFT JOIN LATERAL (
  SELECT ends_at
  FROM day_figures
  WHERE program_id = $1 AND subledger_id = -1 AND starts_at = d.starts_at AND ends_at = d.ends_at
  LIMIT 1
) AS a ON true
LEFT JOIN LATERAL (
  SELECT *
  FROM day_figures
  WHERE program_id = $1 AND subledger_id = $2 AND starts_at = d.starts_at AND ends_at = a.ends_at
  LIMIT 1
) AS f ON true
ORDER BY d.place;

-- name: ledgers_of_day
-- A row per ledger of a program, the main ledger first, then by name, with what it held at the end
-- of a day if that is known, as in stored_days.
-- slice: two indexes by program are probed, and the stored figures of one day
-- $1 program  $2 beginning of the day  $3 its end
WITH is_known AS MATERIALIZED (
  SELECT
    $3::timestamptz <= coalesce(min(t.recorded_at), 'infinity')
    OR EXISTS (
      SELECT
      FROM day_figures
      WHERE program_id = $1::int AND subledger_id = -1 AND starts_at = $2 AND ends_at = $3
    ) AND NOT EXISTS (
      SELECT
      FROM day_touch
      WHERE program_id = $1 AND from_at < $3
    ) AS answer
  FROM transaction_ AS t
  WHERE t.program_id = $1
)
SELECT
  s.name,
  k.answer AS is_known,
  coalesce(f.active, 0) AS active,
  coalesce(f.pending, 0) AS pending,
  coalesce(f.members, 0) AS members
FROM subledger AS s
CROSS JOIN is_known AS k
LEFT JOIN day_figures AS f
  ON f.program_id = s.program_id AND f.subledger_id = s.subledger_id
  AND f.starts_at = $2 AND f.ends_at = $3
WHERE s.program_id = $1
ORDER BY s.subledger_id <> 0, s.name;

-- name: copy_dashboard
-- For COPY.
-- $1 dates  $2 new members  $3 members  $4 active  $5 pending  $6 expired  $7 earned manually
-- $8 earned by sessions  $9 spent manually  $10 spent by sessions  $11 earned by imports
-- $12 spent by imports, day by day
{lines};

-- name: copy_dashboard_json
-- The same, a JSON object a line.
-- $1 dates  $2 new members  $3 members  $4 active  $5 pending  $6 expired  $7 earned manually
-- $8 earned by sessions  $9 spent manually  $10 spent by sessions  $11 earned by imports
-- $12 spent by imports, day by day
SELECT to_json(r) FROM ({lines}) AS r;
