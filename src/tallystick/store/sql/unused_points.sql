-- What is left of a holder's points, lot by lot.

-- name: unused_points
-- A page of a holder's lots of which something is left at an instant: `remaining`, and what is booked
-- ahead on them, which has not happened yet. Each is shown as the transaction that added its points;
-- that is not the lot's own number where an activation has made the lot.
-- $1 holder  $2 program  $3 instant  $4 active, pending or expired  $5 subledger names or null
-- $6 session ids or null  $7 transaction uuids or null
-- $8 startDate or expiryDate, with a minus sign in front for descending  $9 at most  $10 skip
WITH ahead AS (
  SELECT lot_no, sum(amount) AS amount
  FROM (
    SELECT lot_no, amount
    FROM allocation
    WHERE holder_id = $1 AND effective_at > $3::timestamptz
    UNION ALL
    SELECT lot_no, -amount
    FROM reversal
    WHERE holder_id = $1 AND effective_at > $3
  ) AS booked
  GROUP BY lot_no
), page AS (
  SELECT
    l.lot_no,
    l.subledger_id,
    (l.remaining + coalesce(a.amount, 0))::bigint AS unused,
    row_number() OVER (
      ORDER BY
        CASE $8::text WHEN 'startDate' THEN l.start_at WHEN 'expiryDate' THEN l.expires_at END,
        CASE $8 WHEN '-startDate' THEN l.start_at WHEN '-expiryDate' THEN l.expires_at END DESC,
        l.expires_at,
        l.start_at,
        l.lot_no
    ) AS place
  FROM lot AS l
  LEFT JOIN ahead AS a ON a.lot_no = l.lot_no
  WHERE l.holder_id = $1
    AND l.program_id = $2
    AND l.amount > 0
    AND l.effective_at <= $3
    AND l.remaining + coalesce(a.amount, 0) > 0
    AND CASE $4::text
      WHEN 'active' THEN l.start_at <= $3 AND l.expires_at > $3
      WHEN 'pending' THEN l.start_at > $3 AND l.expires_at > $3
      WHEN 'expired' THEN l.expires_at <= $3
    END
    AND (
      $5::text[] IS NULL
      OR l.subledger_id = ANY (
        SELECT subledger_id
        FROM subledger
        WHERE program_id = $2 AND name = ANY ($5)
      )
    )
    AND (
      ($6::text[] IS NULL AND $7::uuid[] IS NULL)
      OR l.lot_no IN (
        SELECT coalesce(b.txn_no, t.txn_no)
        FROM transaction_ AS t
        LEFT JOIN transaction_ AS b
          ON b.holder_id = t.holder_id AND b.of_no = t.txn_no AND b.kind = 3
        WHERE t.holder_id = $1
          AND ($6 IS NULL OR t.session_id = ANY ($6))
          AND ($7 IS NULL OR t.transaction_uuid = ANY ($7))
      )
    )
  ORDER BY place
  LIMIT $9::int OFFSET $10::int
)
SELECT
  t.transaction_id,
  t.transaction_uuid,
  t.recorded_at,
  t.name,
  t.session_id,
  CASE t.source WHEN 1 THEN t.user_id END AS user_id,
  t.shown_start_at,
  t.shown_expires_at,
  t.validity,
  s.name AS subledger,
  p.unused
FROM page AS p
JOIN transaction_ AS made ON made.holder_id = $1 AND made.txn_no = p.lot_no
JOIN shown_transaction AS t
  ON t.holder_id = made.holder_id AND t.txn_no = coalesce(made.of_no, made.txn_no)
JOIN subledger AS s ON s.program_id = $2 AND s.subledger_id = p.subledger_id
ORDER BY p.place;
