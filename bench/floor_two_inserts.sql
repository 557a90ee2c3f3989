-- Casts only; the number of the row stands for the number that an entry has among its member's.
INSERT INTO floor_transaction (
  holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount,
  recorded_at, effective_at, shown_start_at, shown_expires_at, creates_negative, name, import_id
)
SELECT
  holder_id, txn_no, holder_id, 1, 0, 1, 3, amount,
  start_at, start_at, start_at, expires_at, false, reason, 1
FROM (
  SELECT
    md5(customerprofileid)::uuid AS holder_id,
    row_number() OVER () AS txn_no,
    (amount::numeric * 100)::bigint AS amount,
    startdate::timestamptz AS start_at,
    expirydate::timestamptz AS expires_at,
    reason
  FROM raw_row
) AS numbered;

INSERT INTO floor_lot (
  holder_id, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, remaining
)
SELECT
  holder_id, txn_no, 1, 0, start_at, start_at, start_at, expires_at,
  amount, amount
FROM (
  SELECT
    md5(customerprofileid)::uuid AS holder_id,
    row_number() OVER () AS txn_no,
    (amount::numeric * 100)::bigint AS amount,
    startdate::timestamptz AS start_at,
    expirydate::timestamptz AS expires_at
  FROM raw_row
) AS numbered;
