-- A deduction for every member that takes a little of each lot.
WITH locked AS (
  UPDATE holder
  SET last_no = last_no + 1, last_at = last_at + interval '120 days'
  RETURNING holder_id, last_no, last_at
), entered AS (
  INSERT INTO transaction_ (
    holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount,
    recorded_at, effective_at, shown_expires_at, creates_negative, name
  )
  SELECT
    holder_id, last_no, gen_random_uuid(), 1, 0, 2, 1, 100 * (last_no - 1),
    last_at, last_at, '9999-12-31', false, 'Voucher'
  FROM locked
)
INSERT INTO allocation (
  holder_id, txn_no, seq, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, debt
)
SELECT
  l.holder_id, k.last_no, l.lot_no, l.lot_no, 1, 0, k.last_at, k.last_at, l.start_at,
  greatest(l.expires_at, k.last_at + interval '1 day'), 100, false
FROM locked AS k
JOIN lot AS l ON l.holder_id = k.holder_id
WHERE l.start_at <= k.last_at;
