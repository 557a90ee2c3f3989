-- The closing of days: which are stored, and what has changed under them since.

-- name: touch_days
-- Notes from when on closed days are not what the books say any more; what is later than all of them
-- leaves nothing. Holds off whoever wants to close further days until the end of the transaction.
-- $1 programs  $2 instants, program by program
INSERT INTO day_touch (program_id, from_at)
SELECT
  c.program_id,
  u.from_at
FROM unnest($1::int[], $2::timestamptz[]) AS u (program_id, from_at)
JOIN day_closing AS c ON c.program_id = u.program_id
WHERE u.from_at < c.closed_until;

-- name: touch_taken_back
-- The same for entries of a holder that were just taken back. $1 holder  $2 first number of the
-- opposites  $3 last
INSERT INTO day_touch (program_id, from_at)
SELECT
  c.program_id,
  min(t.effective_at)
FROM transaction_ AS t
JOIN day_closing AS c ON c.program_id = t.program_id
WHERE t.holder_id = $1 AND t.txn_no BETWEEN $2::int AND $3::int AND t.effective_at < c.closed_until
GROUP BY c.program_id;

-- name: list_programs
-- The programs whose days are closed, those in which anything was ever posted: their time zones, when
-- the first entry was recorded, up to when days were closed, and whether any were touched since.
-- slice: one probe per program of the index by program
SELECT
  p.program_id,
  p.timezone,
  e.first_at,
  c.closed_until,
  EXISTS (
    SELECT
    FROM day_touch AS t
    WHERE t.program_id = p.program_id
  ) AS is_touched
FROM program AS p
CROSS JOIN LATERAL (
  SELECT min(recorded_at) AS first_at
  FROM transaction_ AS t
  WHERE t.program_id = p.program_id
) AS e
LEFT JOIN day_closing AS c ON c.program_id = p.program_id
WHERE NOT p.card_based AND e.first_at IS NOT NULL
ORDER BY p.program_id;

-- name: insert_closing
-- $1 program
INSERT INTO day_closing (program_id, closed_until)
VALUES ($1, '1900-01-01 00:00+00')
ON CONFLICT (program_id) DO NOTHING;

-- name: take_closing
-- Up to when days of the program may have been closed; locked, and no row if it is locked already.
-- $1 program
SELECT closed_until
FROM day_closing
WHERE program_id = $1
FOR UPDATE SKIP LOCKED;

-- name: limit_wait
-- $1 how long to wait for locks in this transaction, like 1s
SELECT set_config('lock_timeout', $1, true);

-- name: wait_for_entries
-- Waits for every transaction that has looked at closed days, and holds off those that will.
LOCK TABLE day_touch IN SHARE ROW EXCLUSIVE MODE;

-- name: announce
-- $1 program  $2 up to when days are closed from now on
UPDATE day_closing
SET closed_until = greatest(closed_until, $2::timestamptz)
WHERE program_id = $1;

-- name: forget_touches
-- Takes out what was noted; the instants. $1 program
DELETE FROM day_touch
WHERE program_id = $1
RETURNING from_at;

-- name: forget_days
-- Takes out the days that end after an instant. $1 program  $2 instant
DELETE FROM day_figures
WHERE program_id = $1 AND ends_at > $2::timestamptz;

-- name: list_stored
-- The days that are stored, in order. $1 program
SELECT
  starts_at,
  ends_at
FROM day_figures
WHERE program_id = $1 AND subledger_id = -1
ORDER BY starts_at;

-- name: give_room
-- Members are sorted and counted by the million.
SELECT set_config('work_mem', '64MB', true);
