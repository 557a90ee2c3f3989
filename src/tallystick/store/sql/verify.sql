-- One query per promise of the books; each returns the rows that break it, so none is the good
-- answer. docs/invariants.md lists them under the same names. All read every holder.
-- $1 at most so many rows

-- name: remaining_is_amount_less_allocations
-- slice: a check of the whole database
SELECT l.holder_id, l.lot_no, l.amount, l.remaining, coalesce(a.allocated, 0) AS allocated
FROM lot AS l
LEFT JOIN (
  SELECT holder_id, lot_no, sum(amount) AS allocated
  FROM (
    SELECT holder_id, lot_no, amount
    FROM allocation
    UNION ALL
    SELECT holder_id, lot_no, -amount
    FROM reversal
  ) AS taken
  GROUP BY holder_id, lot_no
) AS a ON a.holder_id = l.holder_id AND a.lot_no = l.lot_no
WHERE l.remaining <> l.amount - coalesce(a.allocated, 0)
ORDER BY l.holder_id, l.lot_no
LIMIT $1;

-- name: every_addition_and_debt_has_its_lot
-- slice: a check of the whole database
SELECT
  coalesce(t.holder_id, l.holder_id) AS holder_id,
  coalesce(t.txn_no, l.lot_no) AS txn_no,
  t.amount AS transaction_amount,
  l.amount AS lot_amount
FROM (
  SELECT *
  FROM transaction_
  WHERE (kind = 1 AND of_no IS NULL) OR kind = 3 OR creates_negative
) AS t
FULL JOIN lot AS l ON l.holder_id = t.holder_id AND l.lot_no = t.txn_no
WHERE t.holder_id IS NULL
  OR l.holder_id IS NULL
  OR l.amount <> CASE WHEN t.creates_negative THEN -t.amount ELSE t.amount END
  OR (l.program_id, l.subledger_id, l.recorded_at, l.effective_at)
    <> (t.program_id, t.subledger_id, t.recorded_at, t.effective_at)
ORDER BY 1, 2
LIMIT $1;

-- name: every_deduction_is_allocated_in_full
-- slice: a check of the whole database
SELECT t.holder_id, t.txn_no, t.amount, coalesce(a.allocated, 0) AS allocated
FROM transaction_ AS t
LEFT JOIN (
  SELECT holder_id, txn_no, sum(amount) AS allocated
  FROM allocation
  WHERE NOT debt
  GROUP BY holder_id, txn_no
) AS a ON a.holder_id = t.holder_id AND a.txn_no = t.txn_no
WHERE t.kind = 2 AND NOT t.creates_negative AND t.of_no IS NULL
  AND t.amount <> coalesce(a.allocated, 0)
ORDER BY t.holder_id, t.txn_no
LIMIT $1;

-- name: repayments_take_what_they_repay
-- Where an import was undone, what its lots had repaid is taken back by reversals, and owed again by
-- allocations: together they are nothing in each ledger.
-- slice: a check of the whole database
SELECT holder_id, subledger_id, txn_no, undone_id, effective_at, sum(amount) AS unbalanced
FROM (
  SELECT
    a.holder_id, a.program_id, a.subledger_id, a.effective_at, a.amount,
    CASE WHEN t.of_no IS NOT NULL THEN t.import_id END AS undone_id,
    CASE WHEN t.of_no IS NULL OR t.import_id IS NULL THEN t.txn_no END AS txn_no
  FROM allocation AS a
  JOIN transaction_ AS t ON t.holder_id = a.holder_id AND t.txn_no = a.txn_no
  WHERE t.kind <> 2 OR t.creates_negative OR t.of_no IS NOT NULL
  UNION ALL
  SELECT
    r.holder_id, r.program_id, r.subledger_id, r.effective_at, r.spent, t.import_id, NULL
  FROM reversal AS r
  JOIN transaction_ AS t ON t.holder_id = r.holder_id AND t.txn_no = r.txn_no
  WHERE t.import_id IS NOT NULL
) AS repayment
GROUP BY holder_id, program_id, subledger_id, txn_no, undone_id, effective_at
HAVING sum(amount) <> 0
ORDER BY holder_id, txn_no
LIMIT $1;

-- name: allocations_repeat_their_lot
-- slice: a check of the whole database
SELECT a.holder_id, a.txn_no, a.seq, a.lot_no, a.effective_at, l.start_at, l.expires_at
FROM allocation AS a
LEFT JOIN lot AS l ON l.holder_id = a.holder_id AND l.lot_no = a.lot_no
LEFT JOIN transaction_ AS t ON t.holder_id = a.holder_id AND t.txn_no = a.txn_no
WHERE l.holder_id IS NULL
  OR t.holder_id IS NULL
  OR (a.program_id, a.subledger_id, a.start_at, a.expires_at, a.debt)
    <> (l.program_id, l.subledger_id, l.start_at, l.expires_at, l.amount < 0)
  OR (a.program_id, a.subledger_id, a.recorded_at)
    <> (t.program_id, t.subledger_id, t.recorded_at)
  OR a.effective_at < l.effective_at
ORDER BY a.holder_id, a.txn_no, a.seq
LIMIT $1;

-- name: soonest_expiry_is_spent_first
-- For each deduction, lots that were active, sooner in line than the last lot it took from, and not
-- used up by then.
-- slice: a check of the whole database
SELECT d.holder_id, d.txn_no, l.lot_no AS sooner_lot_no, l.expires_at, d.expires_at AS taken_until
FROM (
  SELECT DISTINCT ON (a.holder_id, a.txn_no)
    a.holder_id, a.txn_no, a.program_id, a.subledger_id, a.effective_at, a.expires_at, a.start_at,
    a.lot_no
  FROM allocation AS a
  JOIN transaction_ AS t ON t.holder_id = a.holder_id AND t.txn_no = a.txn_no
  WHERE t.kind = 2 AND NOT t.creates_negative
  ORDER BY a.holder_id, a.txn_no, a.expires_at DESC, a.start_at DESC, a.lot_no DESC
) AS d
JOIN lot AS l
  ON l.holder_id = d.holder_id
  AND l.program_id = d.program_id
  AND l.subledger_id = d.subledger_id
  AND l.amount > 0
  AND l.lot_no < d.txn_no
  AND l.start_at <= d.effective_at
  AND l.expires_at > d.effective_at
  AND (l.expires_at, l.start_at, l.lot_no) < (d.expires_at, d.start_at, d.lot_no)
LEFT JOIN LATERAL (
  SELECT sum(a.amount) AS allocated
  FROM allocation AS a
  WHERE a.holder_id = d.holder_id AND a.lot_no = l.lot_no AND a.txn_no <= d.txn_no
) AS used ON true
WHERE l.amount > coalesce(used.allocated, 0)
  AND NOT EXISTS (
    SELECT
    FROM reversal AS r
    WHERE r.holder_id = l.holder_id AND r.lot_no = l.lot_no AND r.txn_no < d.txn_no
  )
ORDER BY d.holder_id, d.txn_no, l.lot_no
LIMIT $1;

-- name: what_was_taken_back_is_closed
-- slice: a check of the whole database
SELECT r.holder_id, r.lot_no, l.remaining, r.txn_no
FROM reversal AS r
LEFT JOIN lot AS l ON l.holder_id = r.holder_id AND l.lot_no = r.lot_no
LEFT JOIN transaction_ AS t ON t.holder_id = r.holder_id AND t.txn_no = r.txn_no
WHERE l.holder_id IS NULL OR t.holder_id IS NULL OR l.remaining <> 0
ORDER BY r.holder_id, r.lot_no
LIMIT $1;

-- name: entries_about_another_match_it
-- An activation, the opposite, or what was taken back of an addition in part: each at most once, in
-- the same ledger, and of the same points or, in part, of no more.
-- slice: a check of the whole database
SELECT t.holder_id, t.txn_no, t.of_no, t.kind, o.kind AS of_kind, t.amount, o.amount AS of_amount
FROM transaction_ AS t
LEFT JOIN transaction_ AS o ON o.holder_id = t.holder_id AND o.txn_no = t.of_no
LEFT JOIN transaction_ AS twin
  ON twin.holder_id = t.holder_id
  AND twin.of_no = t.of_no
  AND twin.txn_no <> t.txn_no
  AND twin.kind = t.kind
WHERE t.of_no IS NOT NULL
  AND (
    o.holder_id IS NULL
    OR o.of_no IS NOT NULL
    OR twin.holder_id IS NOT NULL
    OR (t.program_id, t.subledger_id) <> (o.program_id, o.subledger_id)
    OR (t.kind <> 4 AND t.amount <> o.amount)
    OR (t.kind = 4 AND (t.amount > o.amount OR o.kind <> 1))
    OR (t.kind = 3 AND o.shown_start_at IS DISTINCT FROM '9999-12-31 00:00+00'::timestamptz)
    OR (t.kind < 3 AND t.kind + o.kind <> 3)
  )
ORDER BY t.holder_id, t.txn_no
LIMIT $1;

-- name: nothing_is_active_while_points_are_owed
-- Wherever debts are, at every instant at which something changes: active and owed, neither below
-- zero, not both above it.
-- slice: a check of the whole database
WITH wallet AS (
  SELECT DISTINCT holder_id, program_id, subledger_id
  FROM lot
  WHERE amount < 0
), moment AS (
  SELECT DISTINCT e.holder_id, e.program_id, e.subledger_id, x.at
  FROM wallet AS w
  JOIN movement AS e USING (holder_id, program_id, subledger_id)
  CROSS JOIN LATERAL (
    VALUES (e.effective_at), (greatest(e.effective_at, e.start_at)),
      (greatest(e.effective_at, e.expires_at))
  ) AS x (at)
)
SELECT
  m.holder_id,
  m.program_id,
  m.subledger_id,
  m.at,
  coalesce(sum(e.amount) FILTER (
    WHERE NOT e.debt AND e.start_at <= m.at AND e.expires_at > m.at
  ), 0) AS active,
  coalesce(-sum(e.amount) FILTER (WHERE e.debt), 0) AS owed
FROM moment AS m
JOIN movement AS e
  ON e.holder_id = m.holder_id
  AND e.program_id = m.program_id
  AND e.subledger_id = m.subledger_id
  AND e.effective_at <= m.at
GROUP BY m.holder_id, m.program_id, m.subledger_id, m.at
HAVING
  coalesce(sum(e.amount) FILTER (
    WHERE NOT e.debt AND e.start_at <= m.at AND e.expires_at > m.at
  ), 0) < 0
  OR coalesce(-sum(e.amount) FILTER (WHERE e.debt), 0) < 0
  OR (
    coalesce(-sum(e.amount) FILTER (WHERE e.debt), 0) > 0
    AND coalesce(sum(e.amount) FILTER (
      WHERE NOT e.debt AND e.start_at <= m.at AND e.expires_at > m.at
    ), 0) > 0
  )
ORDER BY m.holder_id, m.at
LIMIT $1;

-- name: holders_know_their_last_entry
-- slice: a check of the whole database
SELECT h.holder_id, h.last_no, t.last_no AS entered_no, h.last_at, t.last_at AS entered_at
FROM transaction_ AS last_
JOIN (
  SELECT holder_id, max(txn_no) AS last_no, max(recorded_at) AS last_at
  FROM transaction_
  GROUP BY holder_id
) AS t ON t.holder_id = last_.holder_id AND t.last_no = last_.txn_no
LEFT JOIN holder AS h ON h.holder_id = t.holder_id
WHERE h.holder_id IS NULL OR h.last_no < t.last_no OR h.last_at < t.last_at
ORDER BY h.holder_id
LIMIT $1;

-- name: numbers_rise_with_the_moment_of_recording
-- slice: a check of the whole database
SELECT holder_id, txn_no, recorded_at, before_at
FROM (
  SELECT
    holder_id, txn_no, recorded_at,
    lag(recorded_at) OVER (PARTITION BY holder_id ORDER BY txn_no) AS before_at
  FROM transaction_
) AS t
WHERE before_at > recorded_at
ORDER BY holder_id, txn_no
LIMIT $1;

-- name: holders_know_until_when_they_owe
-- A debt that was taken back is owed no more, and what was booked ahead on it does not come.
-- slice: a check of the whole database
SELECT h.holder_id, h.owing_until, due.owing_until AS should_be_at_least
FROM (
  SELECT holder_id, max(owing_until) AS owing_until
  FROM (
    SELECT holder_id, '9999-12-31 00:00+00'::timestamptz AS owing_until
    FROM lot
    WHERE amount < 0 AND remaining < 0
    UNION ALL
    SELECT holder_id, effective_at
    FROM allocation AS a
    WHERE debt
      AND effective_at > recorded_at
      AND NOT EXISTS (
        SELECT
        FROM reversal AS r
        WHERE r.holder_id = a.holder_id AND r.lot_no = a.lot_no
      )
    GROUP BY holder_id, lot_no, effective_at
    HAVING sum(amount) <> 0
  ) AS owed
  GROUP BY holder_id
) AS due
JOIN holder AS h ON h.holder_id = due.holder_id
WHERE h.owing_until < due.owing_until AND due.owing_until > h.last_at
ORDER BY h.holder_id
LIMIT $1;

-- name: transactions_belong_to_a_program_and_subledger
-- slice: a check of the whole database
SELECT t.holder_id, t.txn_no, t.program_id, t.subledger_id
FROM transaction_ AS t
LEFT JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
WHERE s.program_id IS NULL
ORDER BY t.holder_id, t.txn_no
LIMIT $1;

-- name: imports_are_entered_in_full
-- slice: a check of the whole database
SELECT i.import_id, i.row_count, i.amount, coalesce(t.row_count, 0) AS entered_count, t.entered
FROM point_import AS i
LEFT JOIN (
  SELECT import_id, count(*) AS row_count, sum(amount) AS entered
  FROM transaction_
  WHERE import_id IS NOT NULL AND of_no IS NULL
  GROUP BY import_id
) AS t ON t.import_id = i.import_id
WHERE i.row_count <> coalesce(t.row_count, 0) OR i.amount <> coalesce(t.entered, 0)
ORDER BY i.import_id
LIMIT $1;

-- name: undone_imports_are_taken_back_in_full
-- What an undo says of itself is what its entries took back, and nothing is left in the import's lots.
-- slice: a check of the whole database
SELECT u.import_id, u.row_count, u.amount, t.row_count AS entered_count, t.entered, l.left_over
FROM import_undo AS u
LEFT JOIN (
  SELECT import_id, count(*) AS row_count, sum(amount) AS entered
  FROM transaction_
  WHERE import_id IS NOT NULL AND of_no IS NOT NULL
  GROUP BY import_id
) AS t ON t.import_id = u.import_id
LEFT JOIN (
  SELECT e.import_id, sum(l.remaining) AS left_over
  FROM transaction_ AS e
  LEFT JOIN transaction_ AS a ON a.holder_id = e.holder_id AND a.of_no = e.txn_no AND a.kind = 3
  JOIN lot AS l ON l.holder_id = e.holder_id AND l.lot_no = coalesce(a.txn_no, e.txn_no)
  WHERE e.import_id IS NOT NULL AND e.of_no IS NULL
  GROUP BY e.import_id
) AS l ON l.import_id = u.import_id
WHERE (u.row_count, u.amount) <> (coalesce(t.row_count, 0), coalesce(t.entered, 0))
  OR l.left_over <> 0
ORDER BY u.import_id
LIMIT $1;

-- name: transaction_uuids_are_unique
-- slice: a check of the whole database
SELECT transaction_uuid, count(*) AS holders
FROM transaction_
GROUP BY transaction_uuid
HAVING count(*) > 1
ORDER BY transaction_uuid
LIMIT $1;

-- name: remembered_answers_are_in_the_books
-- slice: a check of the whole database
SELECT i.holder_id, i.key, told.transaction_uuid
FROM idempotency AS i
CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(i.answer -> 'transactions', '[]'))
  AS told (transaction_uuid)
LEFT JOIN transaction_ AS t
  ON t.holder_id = i.holder_id AND t.transaction_uuid = told.transaction_uuid::uuid
WHERE t.holder_id IS NULL
ORDER BY i.holder_id, i.key
LIMIT $1;
