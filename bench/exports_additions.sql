-- One more addition for every member, a month after the last; every fifth of them starts late.
WITH locked AS (
  UPDATE holder
  SET last_no = last_no + 1, last_at = last_at + interval '30 days'
  RETURNING holder_id, last_no, last_at
), entered AS (
  INSERT INTO transaction_ (
    holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount,
    recorded_at, effective_at, shown_expires_at, creates_negative, name
  )
  SELECT
    holder_id, last_no, gen_random_uuid(), 1, 0, 1, 1, 1000 + last_no,
    last_at, last_at, last_at + interval '400 days', false, 'Purchase ' || last_no
  FROM locked
)
INSERT INTO lot (
  holder_id, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, remaining
)
SELECT
  holder_id, last_no, 1, 0, last_at, last_at,
  last_at + CASE WHEN last_no % 5 = 0 THEN interval '90 days' ELSE interval '0' END,
  last_at + interval '400 days', 1000 + last_no, 900 + last_no
FROM locked;
