-- The statements of a batch of postings, in the order in which they run. Each names holder_id, takes
-- all its values as parameters, and works for one posting or a thousand.

-- name: lock_holders
-- The holders that exist and are free, locked until the end of the transaction. A holder that
-- another transaction holds is left out, so nothing here ever waits and nothing can deadlock.
-- $1 holder ids
SELECT
  holder_id,
  last_no,
  last_at,
  owing_until
FROM holder
WHERE holder_id = ANY ($1::uuid[])
ORDER BY holder_id
FOR NO KEY UPDATE SKIP LOCKED;

-- name: limit_wait
-- $1 how long to wait for locks in this transaction, like 10s
SELECT set_config('lock_timeout', $1, true);

-- name: wait_for_holders
-- The same holders, waiting for those that others hold, one after the other. $1 holder ids
SELECT
  holder_id,
  last_no,
  last_at,
  owing_until
FROM holder
WHERE holder_id = ANY ($1::uuid[])
ORDER BY holder_id
FOR NO KEY UPDATE;

-- name: find_holders
-- Those of the holders that exist, locked or not. $1 holder ids
SELECT holder_id
FROM holder
WHERE holder_id = ANY ($1::uuid[]);

-- name: find_answers
-- What these keys were answered before. $1 holder ids  $2 keys, pair by pair
SELECT
  i.holder_id,
  i.key,
  i.fingerprint,
  i.answer
FROM unnest($1::uuid[], $2::text[]) AS asked (holder_id, key)
JOIN idempotency AS i ON i.holder_id = asked.holder_id AND i.key = asked.key;

-- name: reachable_lots
-- For each wallet the active lots, soonest expiry first, that deductions of `reach` points in all
-- can touch; `active` is the wallet's sum over all its active lots, also those that are left out.
-- $1 holder ids  $2 programs  $3 subledgers  $4 instants  $5 reaches, wallet by wallet
SELECT
  holder_id,
  program_id,
  subledger_id,
  lot_no,
  start_at,
  expires_at,
  amount,
  remaining,
  active
FROM (
  SELECT
    l.holder_id,
    l.program_id,
    l.subledger_id,
    l.lot_no,
    l.start_at,
    l.expires_at,
    l.amount,
    l.remaining,
    w.reach,
    (sum(l.remaining) OVER wallet)::bigint AS active,
    sum(l.remaining) OVER (wallet ORDER BY l.expires_at, l.start_at, l.lot_no) - l.remaining
      AS sooner
  FROM unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[], $5::bigint[])
    AS w (holder_id, program_id, subledger_id, at, reach)
  JOIN lot AS l
    ON l.holder_id = w.holder_id
    AND l.program_id = w.program_id
    AND l.subledger_id = w.subledger_id
  WHERE l.remaining > 0 AND l.start_at <= w.at AND l.expires_at > w.at
  WINDOW wallet AS (PARTITION BY l.holder_id, l.program_id, l.subledger_id)
) AS reachable
WHERE sooner < reach
ORDER BY holder_id, expires_at, start_at, lot_no;

-- name: whole_lots
-- For each holder all lots of all wallets that are open or have an allocation ahead, in redemption
-- order. $1 holder ids  $2 instants, holder by holder
SELECT
  l.holder_id,
  l.program_id,
  l.subledger_id,
  l.lot_no,
  l.start_at,
  l.expires_at,
  l.amount,
  l.remaining
FROM unnest($1::uuid[], $2::timestamptz[]) AS h (holder_id, at)
JOIN lot AS l ON l.holder_id = h.holder_id
LEFT JOIN (
  SELECT DISTINCT
    a.holder_id,
    a.lot_no
  FROM unnest($1::uuid[], $2::timestamptz[]) AS p (holder_id, at)
  JOIN allocation AS a ON a.holder_id = p.holder_id
  WHERE a.effective_at > p.at
    AND NOT EXISTS (
      SELECT
      FROM reversal AS r
      WHERE r.holder_id = a.holder_id AND r.lot_no = a.lot_no
    )
) AS planned ON planned.holder_id = l.holder_id AND planned.lot_no = l.lot_no
WHERE l.expires_at > h.at AND (l.remaining <> 0 OR planned.lot_no IS NOT NULL)
ORDER BY l.holder_id, l.expires_at, l.start_at, l.lot_no;

-- name: planned_allocations
-- What is booked ahead, net per lot and instant; nothing is on lots that were closed. $1 holder ids  $2 instants, holder by holder
SELECT
  a.holder_id,
  a.program_id,
  a.subledger_id,
  a.lot_no,
  a.effective_at,
  sum(a.amount)::bigint AS amount
FROM unnest($1::uuid[], $2::timestamptz[]) AS h (holder_id, at)
JOIN allocation AS a ON a.holder_id = h.holder_id
WHERE a.effective_at > h.at
  AND NOT EXISTS (
    SELECT
    FROM reversal AS r
    WHERE r.holder_id = a.holder_id AND r.lot_no = a.lot_no
  )
GROUP BY a.holder_id, a.program_id, a.subledger_id, a.lot_no, a.effective_at
HAVING sum(a.amount) <> 0
ORDER BY a.holder_id, a.lot_no, a.effective_at;

-- name: update_holders
-- $1 holder ids  $2 last numbers  $3 last instants  $4 owing until, holder by holder
UPDATE holder AS h
SET last_no = u.last_no, last_at = u.last_at, owing_until = u.owing_until
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[])
  AS u (holder_id, last_no, last_at, owing_until)
WHERE h.holder_id = u.holder_id;

-- name: insert_transactions
-- One array per column, row by row.
INSERT INTO transaction_ AS t (
  holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount,
  recorded_at, effective_at, shown_start_at, shown_expires_at, creates_negative, validity,
  name, user_id, session_id
)
SELECT
  holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount,
  recorded_at, recorded_at, shown_start_at, shown_expires_at, creates_negative, validity,
  name, user_id, session_id
FROM unnest(
  $1::uuid[], $2::int[], $3::uuid[], $4::int[], $5::int[], $6::smallint[], $7::smallint[],
  $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::boolean[],
  $13::text[], $14::text[], $15::int[], $16::text[]
) AS u (
  holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source,
  amount, recorded_at, shown_start_at, shown_expires_at, creates_negative,
  validity, name, user_id, session_id
);

-- name: insert_lots
-- One array per column, row by row.
INSERT INTO lot AS l (
  holder_id, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, remaining
)
SELECT
  holder_id, lot_no, program_id, subledger_id, recorded_at, recorded_at, start_at, expires_at,
  amount, remaining
FROM unnest(
  $1::uuid[], $2::int[], $3::int[], $4::int[], $5::timestamptz[], $6::timestamptz[],
  $7::timestamptz[], $8::bigint[], $9::bigint[]
) AS u (
  holder_id, lot_no, program_id, subledger_id, recorded_at, start_at, expires_at, amount, remaining
);

-- name: insert_allocations
-- One array per column, row by row.
INSERT INTO allocation AS a (
  holder_id, lot_no, txn_no, seq, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, debt
)
SELECT
  holder_id, lot_no, txn_no, seq, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, debt
FROM unnest(
  $1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::timestamptz[],
  $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::boolean[]
) AS u (
  holder_id, lot_no, txn_no, seq, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, debt
);

-- name: update_lots
-- $1 holder ids  $2 lots  $3 remaining, lot by lot; the holders are locked
UPDATE lot AS l
SET remaining = u.remaining
FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS u (holder_id, lot_no, remaining)
WHERE l.holder_id = u.holder_id AND l.lot_no = u.lot_no;

-- name: insert_answers
-- $1 holder ids  $2 keys  $3 now  $4 fingerprints  $5 answers, row by row
INSERT INTO idempotency AS i (holder_id, key, recorded_at, fingerprint, answer)
SELECT
  holder_id,
  key,
  $3::timestamptz,
  fingerprint,
  answer::jsonb
FROM unnest($1::uuid[], $2::text[], $4::bytea[], $5::text[])
  AS u (holder_id, key, fingerprint, answer);
