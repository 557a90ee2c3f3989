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

-- part: columns
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

-- part: wanted
-- Only what people can see of t: $1 program  $7 kind or null  $8 hand, api, import, or null
-- $9 subledger name or null  $10 import or null  $11 part of the reason, empty for any
t.of_no IS NULL
  AND ($7::smallint IS NULL OR t.kind = $7)
  AND CASE $8::text
    WHEN 'hand' THEN t.source = 1 AND t.user_id IS NOT NULL
    WHEN 'api' THEN t.source = 2 OR (t.source = 1 AND t.user_id IS NULL)
    WHEN 'import' THEN t.source = 3
    ELSE true
  END
  AND (
    $9::text IS NULL
    OR t.subledger_id = (
      SELECT subledger_id
      FROM subledger
      WHERE program_id = $1::int AND name = $9
    )
  )
  AND ($10::int IS NULL OR t.import_id = $10)
  AND strpos(lower(t.name), lower($11::text)) > 0

-- part: holder_log
-- $2 holder  $3 from, inclusive, or null  $4 to, inclusive, or null
FROM transaction_ AS t
JOIN shown_transaction AS shown ON shown.holder_id = t.holder_id AND shown.txn_no = t.txn_no
WHERE t.holder_id = $2::uuid
  AND t.program_id = $1
  AND {wanted}
  AND ($3::timestamptz IS NULL OR t.recorded_at >= $3)
  AND ($4::timestamptz IS NULL OR t.recorded_at <= $4)

-- part: log_columns
-- With the points that were active in the transaction's ledger right after it: those that it and the
-- entries before it left active at the moment of its recording.
SELECT
  {columns},
  t.txn_no,
  (
    SELECT coalesce(sum(m.amount), 0)::bigint
    FROM movement AS m
    WHERE m.holder_id = $2
      AND m.program_id = $1
      AND m.subledger_id = t.subledger_id
      AND m.txn_no <= t.txn_no
      AND NOT m.debt
      AND m.effective_at <= t.recorded_at
      AND m.start_at <= t.recorded_at
      AND m.expires_at > t.recorded_at
  ) AS balance_after

-- part: walked
-- The entries of a program from one on, as many as are looked at.
-- $2 holders or null  $3 from, inclusive, or null  $4 to, inclusive, or null
FROM transaction_
WHERE program_id = $1::int
  AND ($2::uuid[] IS NULL OR holder_id = ANY ($2))
  AND ($3::timestamptz IS NULL OR recorded_at >= $3)
  AND ($4::timestamptz IS NULL OR recorded_at <= $4)

-- part: program_columns
SELECT
  {columns},
  h.integration_id,
  u.email AS user_email

-- part: program_details
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
JOIN holder AS h ON h.holder_id = t.holder_id
LEFT JOIN user_account AS u ON u.user_id = t.user_id

-- name: holder_transactions
-- A page of a holder's transactions in a program, the newest first: numbers rise with the moment of
-- recording, so the primary key carries it, read backwards, and no more than the page is joined.
-- $1 holder  $2 program  $3 subledger name or null  $4 source or null  $5 from, inclusive, or null
-- $6 to, inclusive, or null  $7 only awaiting activation at this instant, or null
-- $8 session ids or null  $9 transaction uuids or null  $10 at most  $11 skip
SELECT
  {columns}
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
{program_columns}
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
{program_details}
ORDER BY t.recorded_at DESC, t.transaction_id DESC;

-- name: holder_log_after
-- A page of a member's transactions, the newest first, each with the balance after it.
-- $1 program  $2 holder  $3 from, inclusive, or null  $4 to, inclusive, or null
-- $5 number to go on from, or null  $6 at most  $7 kind or null  $8 hand, api, import, or null
-- $9 subledger name or null  $10 import or null  $11 part of the reason, empty for any
{log_columns}
FROM (
  SELECT shown.*
  {holder_log}
    AND ($5::int IS NULL OR t.txn_no < $5)
  ORDER BY t.txn_no DESC
  LIMIT $6::int
) AS t
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
ORDER BY t.txn_no DESC;

-- name: holder_log_before
-- The same, backwards.
-- $1 program  $2 holder  $3 from, inclusive, or null  $4 to, inclusive, or null
-- $5 number to go on from, or null  $6 at most  $7 kind or null  $8 hand, api, import, or null
-- $9 subledger name or null  $10 import or null  $11 part of the reason, empty for any
{log_columns}
FROM (
  SELECT shown.*
  {holder_log}
    AND ($5::int IS NULL OR t.txn_no > $5)
  ORDER BY t.txn_no
  LIMIT $6::int
) AS t
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
ORDER BY t.txn_no;

-- name: program_log_after
-- A page of a program's transactions, the newest first, of so many entries that are looked at.
-- slice: the whole program is asked for, and read no further than asked
-- $1 program  $2 holders or null  $3 from, inclusive, or null  $4 to, inclusive, or null
-- $5 instant and  $6 id to go on from, or null  $7 kind or null  $8 hand, api, import, or null
-- $9 subledger name or null  $10 import or null  $11 part of the reason, empty for any
-- $12 look at most  $13 beginning of the member's id  $14 at most
{program_columns}
FROM (
  SELECT shown.*
  FROM (
    SELECT *
    {walked}
      AND ($5::timestamptz IS NULL OR (recorded_at, transaction_id) < ($5, $6::bigint))
    ORDER BY recorded_at DESC, transaction_id DESC
    LIMIT $12::int
  ) AS t
  JOIN shown_transaction AS shown ON shown.holder_id = t.holder_id AND shown.txn_no = t.txn_no
  JOIN holder AS member ON member.holder_id = t.holder_id
  WHERE {wanted} AND member.integration_id COLLATE "C" ^@ $13::text
  ORDER BY t.recorded_at DESC, t.transaction_id DESC
  LIMIT $14::int
) AS t
{program_details}
ORDER BY t.recorded_at DESC, t.transaction_id DESC;

-- name: program_log_before
-- The same, backwards.
-- slice: the whole program is asked for, and read no further than asked
-- $1 program  $2 holders or null  $3 from, inclusive, or null  $4 to, inclusive, or null
-- $5 instant and  $6 id to go on from, or null  $7 kind or null  $8 hand, api, import, or null
-- $9 subledger name or null  $10 import or null  $11 part of the reason, empty for any
-- $12 look at most  $13 beginning of the member's id  $14 at most
{program_columns}
FROM (
  SELECT shown.*
  FROM (
    SELECT *
    {walked}
      AND ($5::timestamptz IS NULL OR (recorded_at, transaction_id) > ($5, $6::bigint))
    ORDER BY recorded_at, transaction_id
    LIMIT $12::int
  ) AS t
  JOIN shown_transaction AS shown ON shown.holder_id = t.holder_id AND shown.txn_no = t.txn_no
  JOIN holder AS member ON member.holder_id = t.holder_id
  WHERE {wanted} AND member.integration_id COLLATE "C" ^@ $13::text
  ORDER BY t.recorded_at, t.transaction_id
  LIMIT $14::int
) AS t
{program_details}
ORDER BY t.recorded_at, t.transaction_id;

-- name: log_end_after
-- The last of the entries that were looked at for a page, if there are so many.
-- slice: the whole program is asked for, and read no further than asked
-- $1 program  $2 holders or null  $3 from, inclusive, or null  $4 to, inclusive, or null
-- $5 instant and  $6 id to go on from, or null  $7 how many
SELECT
  recorded_at,
  transaction_id
{walked}
  AND ($5::timestamptz IS NULL OR (recorded_at, transaction_id) < ($5, $6::bigint))
ORDER BY recorded_at DESC, transaction_id DESC
OFFSET $7::int - 1
LIMIT 1;

-- name: log_end_before
-- The same, backwards.
-- slice: the whole program is asked for, and read no further than asked
-- $1 program  $2 holders or null  $3 from, inclusive, or null  $4 to, inclusive, or null
-- $5 instant and  $6 id to go on from, or null  $7 how many
SELECT
  recorded_at,
  transaction_id
{walked}
  AND ($5::timestamptz IS NULL OR (recorded_at, transaction_id) > ($5, $6::bigint))
ORDER BY recorded_at, transaction_id
OFFSET $7::int - 1
LIMIT 1;

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

-- name: find_transaction
-- A transaction of a program by what names it, as it is shown, or as it was recorded if it is no
-- longer. An entry that is about another one stands for that.
-- $1 program  $2 uuid or null  $3 id or null
SELECT
  t.holder_id,
  t.txn_no,
  t.transaction_id,
  t.transaction_uuid,
  t.recorded_at,
  coalesce(shown.amount, t.amount) AS amount,
  t.kind,
  t.source,
  CASE WHEN shown.holder_id IS NULL THEN t.shown_start_at ELSE shown.shown_start_at END
    AS shown_start_at,
  coalesce(shown.shown_expires_at, t.shown_expires_at) AS shown_expires_at,
  t.creates_negative,
  CASE WHEN shown.holder_id IS NULL THEN t.validity ELSE shown.validity END AS validity,
  t.name,
  t.session_id,
  t.user_id,
  t.import_id,
  s.name AS subledger,
  shown.holder_id IS NOT NULL AS is_shown,
  h.integration_id,
  u.email AS user_email,
  u.name AS user_name,
  j.file_name AS import_file,
  (
    SELECT k.key
    FROM idempotency AS k
    WHERE k.holder_id = t.holder_id AND k.answer -> 'transactions' ? t.transaction_uuid::text
    LIMIT 1
  ) AS idempotency_key
FROM transaction_ AS named
JOIN transaction_ AS t
  ON t.holder_id = named.holder_id AND t.txn_no = coalesce(named.of_no, named.txn_no)
JOIN holder AS h ON h.holder_id = t.holder_id
JOIN subledger AS s ON s.program_id = t.program_id AND s.subledger_id = t.subledger_id
LEFT JOIN shown_transaction AS shown ON shown.holder_id = t.holder_id AND shown.txn_no = t.txn_no
LEFT JOIN user_account AS u ON u.user_id = t.user_id
LEFT JOIN import_job AS j ON j.import_id = t.import_id
WHERE named.program_id = $1
  AND ($2::uuid IS NULL OR named.transaction_uuid = $2)
  AND ($3::bigint IS NULL OR named.transaction_id = $3);

-- name: find_named
-- Transactions of any of these programs by what names them; an entry that is about another one stands
-- for that. $1 programs  $2 uuid or null  $3 id or null
-- slice: the indexes by uuid and by id are probed
SELECT
  t.program_id,
  h.integration_id,
  t.transaction_id,
  t.transaction_uuid,
  t.kind,
  t.source,
  t.name,
  t.session_id,
  t.import_id
FROM transaction_ AS named
JOIN transaction_ AS t
  ON t.holder_id = named.holder_id AND t.txn_no = coalesce(named.of_no, named.txn_no)
JOIN holder AS h ON h.holder_id = t.holder_id
WHERE named.program_id = ANY ($1::int[])
  AND ($2::uuid IS NULL OR named.transaction_uuid = $2)
  AND ($3::bigint IS NULL OR named.transaction_id = $3);

-- name: find_memberships
-- In which of these programs holders have entries. $1 holders  $2 programs
SELECT DISTINCT
  l.holder_id,
  l.program_id
FROM lot AS l
WHERE l.holder_id = ANY ($1::uuid[]) AND l.program_id = ANY ($2::int[])
ORDER BY l.holder_id, l.program_id;

-- name: list_amendments
-- The entries that are about another one, in order. $1 holder  $2 number of that
SELECT
  t.kind,
  t.recorded_at,
  t.amount,
  u.email AS user_email
FROM transaction_ AS t
LEFT JOIN user_account AS u ON u.user_id = t.user_id
WHERE t.holder_id = $1 AND t.of_no = $2
ORDER BY t.txn_no;

-- name: find_lot
-- The lot that an entry made, or the one that an activation has put into its place, with what is left
-- of it at an instant. $1 holder  $2 number of the entry  $3 instant
WITH own AS (
  SELECT txn_no
  FROM transaction_
  WHERE holder_id = $1 AND (txn_no = $2 OR (of_no = $2 AND kind = 3))
)
SELECT
  l.amount,
  l.start_at,
  l.expires_at,
  (
    SELECT coalesce(sum(m.amount), 0)::bigint
    FROM movement AS m
    WHERE m.holder_id = $1
      AND m.lot_no IN (SELECT txn_no FROM own)
      AND m.debt = (l.amount < 0)
      AND m.effective_at <= $3::timestamptz
  ) AS remains
FROM lot AS l
WHERE l.holder_id = $1 AND l.lot_no IN (SELECT txn_no FROM own)
ORDER BY l.lot_no DESC
LIMIT 1;

-- name: list_takings
-- What entries took from lots, net, of which either the entry or the lot is of the transaction: that
-- made it, or was activated. In the order of effect. $1 holder  $2 number of the transaction
WITH own AS (
  SELECT txn_no
  FROM transaction_
  WHERE holder_id = $1 AND (txn_no = $2 OR (of_no = $2 AND kind = 3))
)
SELECT
  a.points,
  a.effective_at,
  a.start_at,
  a.expires_at,
  a.debt,
  lot_of.transaction_id AS lot_of_transaction_id,
  lot_of.transaction_uuid AS lot_of_transaction_uuid,
  lot_of.kind AS lot_of_kind,
  lot_of.source AS lot_of_source,
  lot_of.name AS lot_of_name,
  lot_of.session_id AS lot_of_session_id,
  lot_of.import_id AS lot_of_import_id,
  taker.transaction_id,
  taker.transaction_uuid,
  taker.kind,
  taker.source,
  taker.name,
  taker.session_id,
  taker.import_id
FROM (
  SELECT
    lot_no,
    txn_no,
    effective_at,
    start_at,
    expires_at,
    debt,
    sum(CASE WHEN debt THEN -amount ELSE amount END)::bigint AS points
  FROM allocation
  WHERE holder_id = $1
    AND (txn_no IN (SELECT txn_no FROM own) OR lot_no IN (SELECT txn_no FROM own))
  GROUP BY lot_no, txn_no, effective_at, start_at, expires_at, debt
  HAVING sum(amount) <> 0
) AS a
JOIN transaction_ AS made ON made.holder_id = $1 AND made.txn_no = a.lot_no
JOIN transaction_ AS lot_of
  ON lot_of.holder_id = $1 AND lot_of.txn_no = coalesce(made.of_no, made.txn_no)
JOIN transaction_ AS entry ON entry.holder_id = $1 AND entry.txn_no = a.txn_no
JOIN transaction_ AS taker
  ON taker.holder_id = $1 AND taker.txn_no = coalesce(entry.of_no, entry.txn_no)
ORDER BY a.effective_at, a.txn_no, a.expires_at, a.start_at, a.lot_no;

-- name: is_long_log
-- slice: it looks at the size of the table alone
-- $1 bytes
SELECT pg_relation_size('transaction_') > $1::bigint;
