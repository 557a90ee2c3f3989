-- One program's members for the bench of exports, of ids that need not be worked out. They buy one
-- after the other, a month long.
INSERT INTO holder (holder_id, created_at, last_at, last_no, sandbox, integration_id)
SELECT
  md5(n::text)::uuid,
  '2024-12-01 00:00+00',
  '2024-12-01 00:00+00'::timestamptz + n * (interval '30 days' / :members),
  0,
  false,
  'member-' || n
FROM generate_series(1, :members) AS n;
