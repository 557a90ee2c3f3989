-- The same addition as in pgbench_transaction.sql, squeezed into one statement and one round trip.
\set member random(1, :members)
WITH locked AS (
  UPDATE holder
  SET last_no = last_no + 1, last_at = now()
  WHERE holder_id = md5(:member::text)::uuid
  RETURNING holder_id, last_no
), entered AS (
  INSERT INTO transaction_ (
    holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount,
    recorded_at, effective_at, shown_expires_at, creates_negative, name
  )
  SELECT
    holder_id, last_no, gen_random_uuid(), 1, 0, 1, 1, 1000,
    now(), now(), now() + interval '1 year', false, 'Bench'
  FROM locked
)
INSERT INTO lot (
  holder_id, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, remaining
)
SELECT
  holder_id, last_no, 1, 0, now(), now(), now(), now() + interval '1 year',
  1000, 1000
FROM locked;
