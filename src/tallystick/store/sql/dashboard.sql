-- Figures of whole days of a program.

-- name: figures_of_days
-- A row per day, in order: what the balances of all members add up to at its end, how many members
-- there were then (holders with active or pending points in any ledger), how many became members in
-- its course, and what was earned and spent in it, by sessions and otherwise.
-- A movement is counted in the day in which it takes effect, in that in which its points start, and
-- in that in which they expire; then the days are summed up. width_bucket tells how many of the
-- boundaries an instant has reached: 0 is before the first day, 1 in it, and so on.
-- Where the program has a join policy, and all ledgers are asked for, a holder becomes a member on the
-- join date: on the one that was set, or on the day of the first points earned or activated, as in the
-- view join_date; amount and spent together are what was added and not taken back. Else it is the
-- first day at whose end there are active or pending points.
-- slice: the whole program is asked for, so it reads every holder
-- $1 program  $2 subledger name, or null for all
-- $3 boundaries: where the first day begins, then where each day ends
WITH step AS MATERIALIZED (
  SELECT
    holder_id,
    debt,
    width_bucket(effective_at, $3::timestamptz[]) AS effective,
    width_bucket(greatest(effective_at, start_at), $3) AS started,
    width_bucket(greatest(effective_at, expires_at), $3) AS expired,
    sum(amount) AS amount,
    sum(spent) AS spent
  FROM movement
  WHERE program_id = $1
    AND (
      $2::text IS NULL
      OR subledger_id = (SELECT subledger_id FROM subledger WHERE program_id = $1 AND name = $2)
    )
    AND effective_at < ($3)[cardinality($3)]
  GROUP BY 1, 2, 3, 4, 5
), change AS (
  SELECT
    day,
    sum(amount) FILTER (WHERE state = 'pending') AS pending,
    sum(amount) FILTER (WHERE state = 'active') AS active,
    sum(amount) FILTER (WHERE state = 'spent') AS spent,
    sum(amount) FILTER (WHERE state = 'expired') AS expired,
    sum(amount) FILTER (WHERE state = 'negative') AS negative
  FROM (
    SELECT effective AS day, 'pending' AS state, amount
    FROM step
    WHERE NOT debt
    UNION ALL
    SELECT least(started, expired), 'pending', -amount
    FROM step
    WHERE NOT debt
    UNION ALL
    SELECT started, 'active', amount
    FROM step
    WHERE NOT debt AND started < expired
    UNION ALL
    SELECT expired, 'active', -amount
    FROM step
    WHERE NOT debt AND started < expired
    UNION ALL
    SELECT expired, 'expired', amount
    FROM step
    WHERE NOT debt
    UNION ALL
    SELECT effective, 'spent', spent
    FROM step
    WHERE NOT debt
    UNION ALL
    SELECT effective, 'negative', -amount
    FROM step
    WHERE debt
  ) AS part
  GROUP BY day
), unused AS (
  SELECT
    holder_id,
    day,
    sum(sum(amount)) OVER (PARTITION BY holder_id ORDER BY day) > 0 AS is_member
  FROM (
    SELECT holder_id, effective AS day, amount
    FROM step
    WHERE NOT debt AND effective < expired
    UNION ALL
    SELECT holder_id, expired, -amount
    FROM step
    WHERE NOT debt AND effective < expired
  ) AS part
  GROUP BY holder_id, day
), turn AS MATERIALIZED (
  SELECT
    holder_id,
    day,
    is_member,
    coalesce(lag(is_member) OVER (PARTITION BY holder_id ORDER BY day), false) AS was_member
  FROM unused
), membership_change AS (
  SELECT day, sum(is_member::int - was_member::int) AS members
  FROM turn
  GROUP BY day
), policy AS MATERIALIZED (
  SELECT CASE WHEN $2 IS NULL THEN coalesce(join_policy, 'not_join') ELSE 'not_join' END AS name
  FROM program
  WHERE program_id = $1
), set_date AS MATERIALIZED (
  SELECT holder_id, width_bucket(joined_at, $3) AS day
  FROM membership
  WHERE program_id = $1 AND (SELECT name FROM policy) <> 'not_join'
), joined AS (
  SELECT day, count(*) AS new_members
  FROM (
    SELECT day
    FROM set_date
    UNION ALL
    SELECT min(day)
    FROM (
      SELECT holder_id, day
      FROM turn
      WHERE is_member AND (SELECT name FROM policy) = 'not_join'
      UNION ALL
      SELECT holder_id, effective
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
  ) AS newcomer
  GROUP BY day
), course AS (
  SELECT
    width_bucket(recorded_at, $3) AS day,
    sum(amount) FILTER (WHERE kind = 1 AND source <> 2) AS earned_manually,
    sum(amount) FILTER (WHERE kind = 1 AND source = 2) AS earned_by_sessions,
    sum(amount) FILTER (WHERE kind = 2 AND source <> 2) AS spent_manually,
    sum(amount) FILTER (WHERE kind = 2 AND source = 2) AS spent_by_sessions
  FROM shown_transaction
  WHERE program_id = $1
    AND (
      $2 IS NULL
      OR subledger_id = (SELECT subledger_id FROM subledger WHERE program_id = $1 AND name = $2)
    )
    AND recorded_at >= ($3)[1]
    AND recorded_at < ($3)[cardinality($3)]
    AND NOT creates_negative
  GROUP BY 1
), so_far AS (
  SELECT
    d.day,
    sum(c.pending) OVER total AS pending,
    sum(c.active) OVER total AS active,
    sum(c.spent) OVER total AS spent,
    sum(c.expired) OVER total AS expired,
    sum(c.negative) OVER total AS negative,
    sum(m.members) OVER total AS members
  FROM generate_series(0, cardinality($3) - 1) AS d (day)
  LEFT JOIN change AS c ON c.day = d.day
  LEFT JOIN membership_change AS m ON m.day = d.day
  WINDOW total AS (ORDER BY d.day)
)
SELECT
  coalesce(f.pending, 0)::bigint AS pending,
  coalesce(f.active, 0)::bigint AS active,
  coalesce(f.spent, 0)::bigint AS spent,
  coalesce(f.expired, 0)::bigint AS expired,
  coalesce(f.negative, 0)::bigint AS negative,
  coalesce(f.members, 0)::bigint AS members,
  coalesce(j.new_members, 0)::bigint AS new_members,
  coalesce(e.earned_manually, 0)::bigint AS earned_manually,
  coalesce(e.earned_by_sessions, 0)::bigint AS earned_by_sessions,
  coalesce(e.spent_manually, 0)::bigint AS spent_manually,
  coalesce(e.spent_by_sessions, 0)::bigint AS spent_by_sessions
FROM so_far AS f
LEFT JOIN joined AS j ON j.day = f.day
LEFT JOIN course AS e ON e.day = f.day
WHERE f.day > 0
ORDER BY f.day;
