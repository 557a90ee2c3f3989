-- Lists read shown_transaction, a view: transactions as people see them. Each page is planned for the
-- values at hand (store/pages.py), so that a filter that is null costs nothing and the index that
-- has the order is read no further than the page needs.

-- part: log
-- The transaction log in the contract's 18 columns, in the order of recording.
SELECT
  h.integration_id AS customerprofileid,
  t.session_id AS customersessionid,
  NULL::int AS rulesetid,
  NULL::text AS rulename,
  t.program_id AS programid,
  CASE t.kind WHEN 1 THEN 'addition' ELSE 'subtraction' END AS type,
  nullif(t.name, '') AS name,
  nullif(s.name, '') AS subledgerid,
  CASE
    WHEN t.shown_start_at IS NULL THEN 'immediate'
    WHEN t.shown_start_at = '9999-12-31 00:00+00' THEN 'on_action'
    ELSE to_char(t.shown_start_at AT TIME ZONE 'UTC', $5::text)
  END AS startdate,
  CASE
    WHEN t.shown_expires_at = '9999-12-31 00:00+00' THEN 'unlimited'
    ELSE to_char(t.shown_expires_at AT TIME ZONE 'UTC', $5)
  END AS expirydate,
  t.transaction_id AS id,
  to_char(t.recorded_at AT TIME ZONE 'UTC', $5) AS created,
  (t.amount * 0.01)::numeric(20, 2) AS amount,
  'false'::json AS archived,
  NULL::int AS campaignid,
  CASE WHEN t.creates_negative THEN 'createsNegativeBalance' END AS flags,
  t.transaction_uuid AS transactionuuid,
  t.validity AS validityduration
FROM shown_transaction AS t
JOIN holder AS h ON h.holder_id = t.holder_id
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
WHERE t.program_id = $1
  AND ($2::uuid[] IS NULL OR t.holder_id = ANY ($2))
  AND ($3::timestamptz IS NULL OR t.recorded_at >= $3)
  AND t.recorded_at <= $4::timestamptz
  AND ($6::smallint IS NULL OR t.kind = $6)
  AND ($7::smallint IS NULL OR t.source = $7)
  AND ($8::text IS NULL OR s.name = $8)
  AND ($9::int IS NULL OR t.import_id = $9)
ORDER BY t.recorded_at, t.transaction_id

-- name: holder_transactions
-- A page of a holder's transactions in a program, the newest first: numbers rise with the moment of
-- recording, so the primary key carries it, read backwards, and no more than the page is joined.
-- $1 holder  $2 program  $3 subledger name or null  $4 source or null  $5 from, inclusive, or null
-- $6 to, inclusive, or null  $7 only awaiting activation at this instant, or null
-- $8 session ids or null  $9 transaction uuids or null  $10 at most  $11 skip
SELECT
  t.transaction_id,
  t.transaction_uuid,
  t.recorded_at,
  t.amount,
  t.kind,
  t.source,
  t.shown_start_at,
  t.shown_expires_at,
  t.creates_negative,
  t.validity,
  t.name,
  t.session_id,
  t.user_id,
  t.import_id,
  s.name AS subledger
FROM (
  SELECT *
  FROM shown_transaction
  WHERE holder_id = $1
    AND program_id = $2
    AND (
      $3::text IS NULL
      OR subledger_id = (SELECT subledger_id FROM subledger WHERE program_id = $2 AND name = $3)
    )
    AND ($4::smallint IS NULL OR source = $4)
    AND ($5::timestamptz IS NULL OR recorded_at >= $5)
    AND ($6::timestamptz IS NULL OR recorded_at <= $6)
    AND (
      $7::timestamptz IS NULL
      OR (shown_start_at = '9999-12-31 00:00+00' AND shown_expires_at > $7)
    )
    AND ($8::text[] IS NULL OR session_id = ANY ($8))
    AND ($9::uuid[] IS NULL OR transaction_uuid = ANY ($9))
  ORDER BY txn_no DESC
  LIMIT $10::int OFFSET $11::int
) AS t
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
ORDER BY t.txn_no DESC;

-- name: program_transactions
-- A page of all transactions of a program, the newest first, each with its member, and with the
-- user who made it by hand.
-- slice: the whole program is asked for
-- $1 program  $2 subledger name or null  $3 source or null  $4 from, inclusive, or null
-- $5 to, inclusive, or null  $6 only awaiting activation at this instant, or null
-- $7 session ids or null  $8 transaction uuids or null  $9 at most  $10 skip
SELECT
  t.transaction_id,
  t.transaction_uuid,
  t.recorded_at,
  t.amount,
  t.kind,
  t.source,
  t.shown_start_at,
  t.shown_expires_at,
  t.creates_negative,
  t.validity,
  t.name,
  t.session_id,
  t.user_id,
  t.import_id,
  s.name AS subledger,
  h.integration_id,
  u.email AS user_email
FROM (
  SELECT *
  FROM shown_transaction
  WHERE program_id = $1
    AND (
      $2::text IS NULL
      OR subledger_id = (SELECT subledger_id FROM subledger WHERE program_id = $1 AND name = $2)
    )
    AND ($3::smallint IS NULL OR source = $3)
    AND ($4::timestamptz IS NULL OR recorded_at >= $4)
    AND ($5::timestamptz IS NULL OR recorded_at <= $5)
    AND (
      $6::timestamptz IS NULL
      OR (shown_start_at = '9999-12-31 00:00+00' AND shown_expires_at > $6)
    )
    AND ($7::text[] IS NULL OR session_id = ANY ($7))
    AND ($8::uuid[] IS NULL OR transaction_uuid = ANY ($8))
  ORDER BY recorded_at DESC, transaction_id DESC
  LIMIT $9::int OFFSET $10::int
) AS t
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
JOIN holder AS h ON h.holder_id = t.holder_id
LEFT JOIN user_account AS u ON u.user_id = t.user_id
ORDER BY t.recorded_at DESC, t.transaction_id DESC;

-- name: find_holder
-- The holder, if there is one. $1 holder
SELECT holder_id
FROM holder
WHERE holder_id = $1;

-- name: copy_transactions
-- The transaction log, for COPY.
-- slice: the whole program is asked for unless holders are given
-- $1 program  $2 holders or null  $3 from, inclusive, or null  $4 to, inclusive  $5 pattern of
-- instants for to_char  $6 kind or null  $7 source or null  $8 subledger name or null
-- $9 import or null
{log};

-- name: copy_transactions_json
-- The same, a JSON object a line.
-- slice: the whole program is asked for unless holders are given
-- $1 program  $2 holders or null  $3 from, inclusive, or null  $4 to, inclusive  $5 pattern of
-- instants for to_char  $6 kind or null  $7 source or null  $8 subledger name or null
-- $9 import or null
SELECT to_json(r) FROM ({log}) AS r;

-- name: recorded_bounds
-- The instants of recording that part the transactions of all programs into a hundred parts of about
-- the same size, as the planner knows them. Nothing for a table that is small, or not analysed yet.
-- slice: it looks at what the planner knows of the table alone
SELECT histogram_bounds::text::timestamptz[]
FROM pg_stats
WHERE schemaname = current_schema()
  AND tablename = 'transaction_'
  AND attname = 'recorded_at'
  AND pg_relation_size('transaction_') > $1;

-- name: first_holders
-- Whom the first entries of a program are about, and how many entries were looked at.
-- slice: an index by program is read no further than asked
-- $1 program  $2 entries to look at, at most
SELECT
  array_agg(DISTINCT holder_id) AS holder_ids,
  count(*) AS entries
FROM (
  SELECT holder_id
  FROM transaction_
  WHERE program_id = $1
  ORDER BY recorded_at, transaction_id
  LIMIT $2::int
) AS t;
