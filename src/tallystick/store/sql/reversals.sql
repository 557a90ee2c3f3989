-- Entries about other entries: the activation of points that awaited it, and the taking back of all
-- that a member has in some ledgers. The holders are locked.

-- name: find_transactions
-- Which entries these uuids name. $1 program  $2 transaction uuids
-- slice: an index finds them, and their holder is what is asked for
SELECT
  holder_id,
  txn_no,
  transaction_uuid
FROM transaction_
WHERE program_id = $1 AND transaction_uuid = ANY ($2::uuid[]) AND of_no IS NULL;

-- name: find_session_transactions
-- The entries of a session. $1 program  $2 session
-- slice: an index finds them, and their holder is what is asked for
SELECT
  holder_id,
  txn_no,
  transaction_uuid
FROM transaction_
WHERE program_id = $1 AND session_id = $2 AND of_no IS NULL;

-- name: awaiting_activation
-- Those entries whose points still await it and have not expired, by member in the order of recording.
-- $1 holder ids  $2 entries, pair by pair  $3 instant
SELECT
  t.holder_id,
  t.txn_no,
  t.program_id,
  t.subledger_id,
  t.transaction_uuid,
  t.recorded_at,
  t.name,
  t.session_id,
  t.user_id,
  t.validity,
  t.shown_expires_at,
  l.start_at,
  l.expires_at,
  l.amount,
  l.remaining,
  s.name AS subledger,
  h.integration_id
FROM unnest($1::uuid[], $2::int[]) AS p (holder_id, txn_no)
JOIN transaction_ AS t ON t.holder_id = p.holder_id AND t.txn_no = p.txn_no
JOIN lot AS l ON l.holder_id = t.holder_id AND l.lot_no = t.txn_no
JOIN holder AS h ON h.holder_id = t.holder_id
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
WHERE t.shown_start_at = '9999-12-31 00:00+00' AND l.remaining > 0 AND l.expires_at > $3::timestamptz
ORDER BY t.holder_id, t.txn_no;

-- name: insert_activations
-- $1 holder ids  $2 numbers  $3 entries that are activated  $4 uuids  $5 instants
-- $6 shown expiries, row by row
INSERT INTO transaction_ AS a (
  holder_id, txn_no, of_no, transaction_uuid, recorded_at, effective_at, shown_start_at,
  shown_expires_at, program_id, subledger_id, kind, source, amount, creates_negative, name
)
SELECT
  t.holder_id, u.txn_no, u.of_no, u.transaction_uuid, u.at, u.at, u.at, u.shown_expires_at,
  t.program_id, t.subledger_id, 3, t.source, t.amount, false, t.name
FROM unnest(
  $1::uuid[], $2::int[], $3::int[], $4::uuid[], $5::timestamptz[], $6::timestamptz[]
) AS u (holder_id, txn_no, of_no, transaction_uuid, at, shown_expires_at)
JOIN transaction_ AS t ON t.holder_id = u.holder_id AND t.txn_no = u.of_no;

-- name: close_activated_lots
-- Takes the points out of the lots in which they waited.
-- $1 holder ids  $2 numbers  $3 entries that are activated  $4 instants, row by row
WITH closed AS (
  UPDATE lot AS l
  SET remaining = 0
  FROM unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[])
    AS u (holder_id, txn_no, of_no, at)
  WHERE l.holder_id = u.holder_id AND l.lot_no = u.of_no
  RETURNING l.*, u.txn_no, u.at
)
INSERT INTO reversal AS r (
  holder_id, txn_no, seq, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, spent, debt
)
SELECT
  holder_id, txn_no, 1, lot_no, program_id, subledger_id, at, at, start_at, expires_at, -amount, 0,
  false
FROM closed;

-- name: take_back_transactions
-- Writes the opposite of everything that is shown of these ledgers, numbered in the same order; how
-- many there were. $1 holder  $2 program  $3 subledgers, null for all  $4 now  $5 user
-- $6 the first 24 hexadecimal digits of the uuids
WITH taken AS MATERIALIZED (
  SELECT
    t.*,
    (h.last_no + row_number() OVER (ORDER BY t.txn_no))::int AS new_no,
    greatest(h.last_at, $4::timestamptz) AS at
  FROM transaction_ AS t
  JOIN holder AS h ON h.holder_id = t.holder_id
  WHERE t.holder_id = $1::uuid
    AND t.program_id = $2
    AND ($3::int[] IS NULL OR t.subledger_id = ANY ($3))
    AND t.of_no IS NULL
    AND NOT EXISTS (
      SELECT
      FROM transaction_ AS r
      WHERE r.holder_id = t.holder_id AND r.of_no = t.txn_no AND r.kind < 3
    )
), entered AS (
  INSERT INTO transaction_ AS r (
    holder_id, txn_no, of_no, transaction_uuid, recorded_at, effective_at, shown_start_at,
    shown_expires_at, program_id, subledger_id, kind, source, amount, creates_negative, name, user_id
  )
  SELECT
    holder_id, new_no, txn_no, ($6::text || lpad(to_hex(new_no), 8, '0'))::uuid, at, effective_at,
    NULL, '9999-12-31 00:00+00', program_id, subledger_id, 3 - kind, source, amount, false, name,
    $5::int
  FROM taken
)
UPDATE holder AS h
SET last_no = counted.last_no, last_at = counted.at
FROM (
  SELECT holder_id, max(new_no) AS last_no, max(at) AS at
  FROM taken
  GROUP BY holder_id
) AS counted
WHERE h.holder_id = counted.holder_id
RETURNING h.last_no;

-- name: take_back_lots
-- Closes the lots of what was just taken back, and those of its activations: what is left of each,
-- and what was allocated, sums up to nothing at every instant.
-- $1 holder  $2 first number of the opposites  $3 last
WITH opposite AS (
  SELECT r.txn_no, r.of_no, r.recorded_at
  FROM transaction_ AS r
  WHERE r.holder_id = $1::uuid AND r.txn_no BETWEEN $2::int AND $3::int
), closed AS MATERIALIZED (
  SELECT o.of_no AS lot_no, o.txn_no, o.recorded_at
  FROM opposite AS o
  UNION ALL
  SELECT a.txn_no, o.txn_no, o.recorded_at
  FROM opposite AS o
  JOIN transaction_ AS a ON a.holder_id = $1 AND a.of_no = o.of_no AND a.kind = 3
), movement_ AS (
  SELECT lot_no, program_id, subledger_id, effective_at, start_at, expires_at, amount, 0 AS spent,
    amount < 0 AS debt
  FROM lot
  WHERE holder_id = $1
  UNION ALL
  SELECT lot_no, program_id, subledger_id, effective_at, start_at, expires_at, -amount, amount, debt
  FROM allocation
  WHERE holder_id = $1
  UNION ALL
  SELECT lot_no, program_id, subledger_id, effective_at, start_at, expires_at, amount, spent, debt
  FROM reversal
  WHERE holder_id = $1
), net AS (
  SELECT
    c.txn_no, c.recorded_at, m.lot_no, m.program_id, m.subledger_id, m.effective_at, m.start_at,
    m.expires_at, m.debt, sum(m.amount)::bigint AS amount, sum(m.spent)::bigint AS spent
  FROM closed AS c
  JOIN movement_ AS m ON m.lot_no = c.lot_no
  GROUP BY c.txn_no, c.recorded_at, m.lot_no, m.program_id, m.subledger_id, m.effective_at,
    m.start_at, m.expires_at, m.debt
), emptied AS (
  UPDATE lot AS l
  SET remaining = 0
  FROM closed AS c
  WHERE l.holder_id = $1 AND l.lot_no = c.lot_no
)
INSERT INTO reversal AS r (
  holder_id, txn_no, seq, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, spent, debt
)
SELECT
  $1, txn_no, row_number() OVER (PARTITION BY txn_no ORDER BY lot_no, effective_at)::int, lot_no,
  program_id, subledger_id, recorded_at, effective_at, start_at, expires_at, -amount, -spent, debt
FROM net
WHERE amount <> 0 OR spent <> 0;
