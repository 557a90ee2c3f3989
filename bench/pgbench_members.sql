-- Members for pgbench: as many as the writer has, each with a lot, of ids that pgbench can work out.

INSERT INTO holder (holder_id, created_at, last_at, last_no, sandbox, integration_id)
SELECT
  md5(n::text)::uuid,
  now(),
  now(),
  1,
  false,
  'pgbench-' || n
FROM generate_series(1, 50000) AS n;

INSERT INTO transaction_ (
  holder_id, txn_no, transaction_uuid, program_id, subledger_id, kind, source, amount, recorded_at,
  effective_at, shown_expires_at, creates_negative, name
)
SELECT
  md5(n::text)::uuid, 1, gen_random_uuid(), 1, 0, 1, 3, 100000, now(),
  now(), '9999-12-31', false, 'Opening'
FROM generate_series(1, 50000) AS n;

INSERT INTO lot (
  holder_id, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, remaining
)
SELECT
  md5(n::text)::uuid, 1, 1, 0, now(), now(), now(), '9999-12-31',
  100000, 100000
FROM generate_series(1, 50000) AS n;
