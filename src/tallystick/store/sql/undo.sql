-- The undo of an import of points: what is left of its additions is staged, and taken back set by set
-- in one transaction. Members who owe points, or will, are settled by the core (services/undo.py).

-- name: find_import
-- An import of a program, with its undo if there is one. $1 program  $2 import
SELECT
  i.recorded_at,
  u.recorded_at AS undone_at,
  u.user_id AS undone_by,
  u.below_zero,
  u.amount,
  u.spent
FROM point_import AS i
LEFT JOIN import_undo AS u ON u.import_id = i.import_id
WHERE i.program_id = $1 AND i.import_id = $2;

-- name: give_room
-- An import is sorted and joined as a whole.
SELECT set_config('work_mem', '64MB', true);

-- name: create_holders
-- The members of the import, gone with the transaction.
CREATE TEMPORARY TABLE undo_holder (
  holder_id uuid NOT NULL
) ON COMMIT DROP;

-- name: stage_holders
-- The uuids of an import's transactions begin with its millisecond, so an index finds them.
-- $1 import  $2 first uuid of its millisecond  $3 last
-- slice: the whole import is asked for
INSERT INTO undo_holder (holder_id)
SELECT DISTINCT holder_id
FROM transaction_
WHERE transaction_uuid BETWEEN $2::uuid AND $3::uuid AND import_id = $1 AND of_no IS NULL;

-- name: analyze_holders
ANALYZE undo_holder;

-- name: lock_holders
-- Locks the members, waiting for those that others hold; how many there are.
SELECT count(*)
FROM (
  SELECT h.holder_id
  FROM undo_holder AS u
  JOIN holder AS h ON h.holder_id = u.holder_id
  ORDER BY h.holder_id
  FOR NO KEY UPDATE OF h
) AS locked;

-- name: create_entries
-- The additions of the import that still stand. lot_no: the lot that has the points, which is not
-- the addition's own where an activation made another. unspent: what is left of it, also where it
-- is booked ahead (planned). repaid: what has repaid debts. new_no: the number of the entry that
-- takes it back, none if there is nothing to take.
CREATE TEMPORARY TABLE undo_entry (
  holder_id uuid NOT NULL,
  at timestamptz NOT NULL,
  effective_at timestamptz NOT NULL,
  start_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  amount bigint NOT NULL,
  unspent bigint NOT NULL,
  planned bigint NOT NULL,
  repaid bigint NOT NULL,
  txn_no int NOT NULL,
  lot_no int NOT NULL,
  subledger_id int NOT NULL,
  new_no int,
  place int NOT NULL
) ON COMMIT DROP;

-- name: stage_entries
-- $1 import  $2 first uuid of its millisecond  $3 last  $4 now  $5 program
-- slice: the whole import is asked for
WITH used AS (
  SELECT
    a.holder_id,
    a.lot_no,
    coalesce(
      sum(a.amount) FILTER (WHERE a.effective_at > greatest(h.last_at, $4::timestamptz)), 0
    )::bigint AS planned,
    coalesce(
      sum(a.amount) FILTER (
        WHERE a.effective_at <= greatest(h.last_at, $4::timestamptz)
          AND (c.kind <> 2 OR c.creates_negative OR c.of_no IS NOT NULL)
      ), 0
    )::bigint AS repaid
  FROM undo_holder AS u
  JOIN holder AS h ON h.holder_id = u.holder_id
  JOIN allocation AS a ON a.holder_id = u.holder_id
  JOIN transaction_ AS c ON c.holder_id = a.holder_id AND c.txn_no = a.txn_no
  WHERE a.program_id = $5::int AND NOT a.debt
  GROUP BY a.holder_id, a.lot_no
), standing AS (
  SELECT
    t.holder_id, t.txn_no, t.amount, t.subledger_id, coalesce(b.txn_no, t.txn_no) AS lot_no
  FROM transaction_ AS t
  LEFT JOIN transaction_ AS b
    ON b.holder_id = t.holder_id AND b.of_no = t.txn_no AND b.kind = 3
  WHERE t.transaction_uuid BETWEEN $2::uuid AND $3::uuid
    AND t.import_id = $1
    AND t.of_no IS NULL
    AND NOT EXISTS (
      SELECT
      FROM transaction_ AS r
      WHERE r.holder_id = t.holder_id AND r.of_no = t.txn_no AND r.kind < 3
    )
), part AS (
  SELECT
    s.*, l.effective_at, l.start_at, l.expires_at, h.last_no,
    greatest(h.last_at, $4::timestamptz) AS at,
    l.remaining + coalesce(u.planned, 0) AS unspent,
    coalesce(u.planned, 0) AS planned,
    coalesce(u.repaid, 0) AS repaid
  FROM standing AS s
  JOIN holder AS h ON h.holder_id = s.holder_id
  JOIN lot AS l ON l.holder_id = s.holder_id AND l.lot_no = s.lot_no
  LEFT JOIN used AS u ON u.holder_id = s.holder_id AND u.lot_no = s.lot_no
)
INSERT INTO undo_entry (
  holder_id, at, effective_at, start_at, expires_at, amount, unspent, planned, repaid, txn_no,
  lot_no, subledger_id, new_no, place
)
SELECT
  holder_id, at, effective_at, start_at, expires_at, amount, unspent, planned, repaid, txn_no,
  lot_no, subledger_id,
  CASE
    WHEN unspent + repaid > 0
      THEN last_no + count(*) FILTER (WHERE unspent + repaid > 0)
        OVER (PARTITION BY holder_id ORDER BY txn_no)
  END,
  row_number() OVER (ORDER BY holder_id, txn_no)
FROM part;

-- name: analyze_entries
ANALYZE undo_entry (holder_id, txn_no, lot_no, new_no);

-- name: create_wallets
-- The wallets of which something was spent or repaid, or whose members owe points or will.
CREATE TEMPORARY TABLE undo_wallet (
  holder_id uuid NOT NULL,
  subledger_id int NOT NULL,
  at timestamptz NOT NULL,
  last_no int,
  active bigint NOT NULL,
  repaid bigint NOT NULL,
  spent bigint NOT NULL,
  PRIMARY KEY (holder_id, subledger_id)
) ON COMMIT DROP;

-- name: stage_wallets
-- last_no: the last entry that takes something back. active, repaid, spent: of the import's points.
INSERT INTO undo_wallet (holder_id, subledger_id, at, last_no, active, repaid, spent)
SELECT
  holder_id,
  subledger_id,
  max(at),
  max(new_no),
  coalesce(sum(unspent) FILTER (WHERE start_at <= at AND expires_at > at), 0),
  sum(repaid),
  sum(amount - unspent - repaid)
FROM undo_entry
GROUP BY holder_id, subledger_id
HAVING sum(amount - unspent) > 0
  OR bool_or(planned <> 0)
  OR (SELECT h.owing_until FROM holder AS h WHERE h.holder_id = undo_entry.holder_id) > max(at);

-- name: sum_entries
-- What the undo takes back, by the state in which it is, and what it leaves.
SELECT
  count(*) AS row_count,
  count(new_no) AS taken_count,
  count(DISTINCT holder_id) AS member_count,
  coalesce(sum(unspent) FILTER (WHERE start_at > at AND expires_at > at), 0)::bigint AS pending,
  coalesce(sum(unspent) FILTER (WHERE start_at <= at AND expires_at > at), 0)::bigint AS active,
  coalesce(sum(unspent) FILTER (WHERE expires_at <= at), 0)::bigint AS expired,
  coalesce(sum(repaid), 0)::bigint AS repaid,
  coalesce(sum(amount - unspent - repaid), 0)::bigint AS spent
FROM undo_entry;

-- name: list_below_zero
-- Who would owe more than today if what was spent of the import were deducted, the most first, with
-- how many there are and how much that is in all. $1 program  $2 at most
WITH owed AS (
  SELECT
    w.holder_id,
    w.subledger_id,
    greatest(
      coalesce(-sum(m.amount) FILTER (WHERE m.debt), 0) + w.repaid + w.spent
      - coalesce(sum(m.amount) FILTER (
        WHERE NOT m.debt AND m.start_at <= w.at AND m.expires_at > w.at
      ), 0) + w.active,
      0
    ) - coalesce(-sum(m.amount) FILTER (WHERE m.debt), 0) AS points
  FROM undo_wallet AS w
  JOIN movement AS m
    ON m.holder_id = w.holder_id
    AND m.program_id = $1::int
    AND m.subledger_id = w.subledger_id
    AND m.effective_at <= w.at
  WHERE w.spent > 0
  GROUP BY w.holder_id, w.subledger_id, w.at, w.active, w.repaid, w.spent
)
SELECT
  h.integration_id,
  s.name AS subledger,
  o.points::bigint AS points,
  count(*) OVER () AS in_all,
  (sum(o.points) OVER ())::bigint AS points_in_all
FROM owed AS o
JOIN holder AS h ON h.holder_id = o.holder_id
JOIN subledger AS s ON s.program_id = $1 AND s.subledger_id = o.subledger_id
WHERE o.points > 0
ORDER BY o.points DESC, h.integration_id, s.name
LIMIT $2::int;

-- name: enter_opposites
-- Takes back each addition, or of one that was spent or has repaid debts what is to be had of it.
-- $1 import  $2 program  $3 user  $4 the first 24 hexadecimal digits of the uuids
INSERT INTO transaction_ AS t (
  holder_id, txn_no, of_no, transaction_uuid, recorded_at, effective_at, shown_expires_at,
  program_id, subledger_id, kind, source, amount, creates_negative, name, user_id, import_id
)
SELECT
  holder_id,
  new_no,
  txn_no,
  ($4::text || lpad(to_hex(place), 8, '0'))::uuid,
  at,
  at,
  '9999-12-31 00:00+00',
  $2::int,
  subledger_id,
  CASE WHEN unspent = amount THEN 2 ELSE 4 END,
  3,
  unspent + repaid,
  false,
  '',
  $3::int,
  $1::int
FROM undo_entry
WHERE new_no IS NOT NULL;

-- name: number_holders
UPDATE holder AS h
SET last_no = counted.last_no, last_at = counted.at
FROM (
  SELECT
    holder_id,
    max(new_no) AS last_no,
    max(at) AS at
  FROM undo_entry
  WHERE new_no IS NOT NULL
  GROUP BY holder_id
) AS counted
WHERE h.holder_id = counted.holder_id;

-- name: take_back_unspent
-- What is left has never been.
-- $1 program
INSERT INTO reversal AS r (
  holder_id, txn_no, seq, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, spent, debt
)
SELECT
  holder_id, new_no, 1, lot_no, $1::int, subledger_id, at, effective_at, start_at, expires_at,
  -unspent, 0, false
FROM undo_entry
WHERE unspent > 0;

-- name: take_back_more
-- What has repaid debts is taken back from now on, what would repay them from when it would; and
-- where an activation made the lot, its points have never waited either. $1 program
INSERT INTO reversal AS r (
  holder_id, txn_no, seq, lot_no, program_id, subledger_id, recorded_at, effective_at, start_at,
  expires_at, amount, spent, debt
)
SELECT
  e.holder_id, e.new_no, 2, e.lot_no, $1::int, e.subledger_id, e.at, e.at, e.start_at, e.expires_at,
  0, -e.repaid, false
FROM undo_entry AS e
WHERE e.repaid > 0
UNION ALL
SELECT
  e.holder_id, e.new_no, 3, e.lot_no, $1, e.subledger_id, e.at, e.start_at, e.start_at, e.expires_at,
  e.planned, -e.planned, false
FROM undo_entry AS e
WHERE e.planned > 0
UNION ALL
SELECT
  e.holder_id, e.new_no, x.seq, e.txn_no, $1, e.subledger_id, e.at, x.effective_at, w.start_at,
  w.expires_at, x.amount, 0, false
FROM undo_entry AS e
JOIN lot AS w ON w.holder_id = e.holder_id AND w.lot_no = e.txn_no
CROSS JOIN LATERAL (
  VALUES (4, w.effective_at, -e.unspent), (5, e.effective_at, e.unspent)
) AS x (seq, effective_at, amount)
WHERE e.lot_no <> e.txn_no AND e.unspent > 0;

-- name: close_lots
UPDATE lot AS l
SET remaining = 0
FROM undo_entry AS e
WHERE l.holder_id = e.holder_id AND l.lot_no = e.lot_no AND l.remaining <> 0;

-- name: next_wallets
-- The wallets of the next members for the core to settle. $1 after this holder  $2 members at most
SELECT
  w.holder_id,
  w.subledger_id,
  w.at,
  w.last_no AS newest_no,
  w.repaid,
  w.spent,
  h.last_no
FROM undo_wallet AS w
JOIN holder AS h ON h.holder_id = w.holder_id
WHERE w.holder_id IN (
  SELECT DISTINCT n.holder_id
  FROM undo_wallet AS n
  WHERE n.holder_id > $1::uuid
  ORDER BY n.holder_id
  LIMIT $2::int
)
ORDER BY w.holder_id, w.subledger_id;

-- name: repaid_debts
-- Debts that are repaid in full and were not taken back. $1 holder ids  $2 program
SELECT
  l.holder_id,
  l.program_id,
  l.subledger_id,
  l.lot_no,
  l.start_at,
  l.expires_at,
  l.amount,
  l.remaining
FROM lot AS l
WHERE l.holder_id = ANY ($1::uuid[])
  AND l.program_id = $2
  AND l.amount < 0
  AND l.remaining = 0
  AND NOT EXISTS (
    SELECT
    FROM reversal AS r
    WHERE r.holder_id = l.holder_id AND r.lot_no = l.lot_no
  )
ORDER BY l.holder_id, l.lot_no;

-- name: insert_undo
-- $1 import  $2 now  $3 user  $4 key  $5 rows  $6 amount  $7 of which repaid  $8 spent  $9 below zero
INSERT INTO import_undo (
  import_id, recorded_at, user_id, api_key_id, row_count, amount, repaid, spent, below_zero
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
