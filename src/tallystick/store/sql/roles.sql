-- name: list_program_roles
-- $1 users
SELECT
  user_id,
  program_id,
  role,
  points_a_day
FROM program_role
WHERE user_id = ANY ($1::int[])
ORDER BY user_id, program_id;

-- name: delete_program_roles
-- All but those in these programs. $1 user  $2 programs
DELETE FROM program_role
WHERE user_id = $1 AND program_id <> ALL ($2::int[]);

-- name: upsert_program_roles
-- What was posted today stays, whatever the role. $1 user  $2 programs  $3 roles  $4 points a day
INSERT INTO program_role (user_id, program_id, role, points_a_day)
SELECT $1, u.program_id, u.role, u.points_a_day
FROM unnest($2::int[], $3::text[], $4::bigint[]) AS u (program_id, role, points_a_day)
ON CONFLICT ON CONSTRAINT program_role_pkey
DO UPDATE SET role = excluded.role, points_a_day = excluded.points_a_day;

-- name: delete_roles_in
-- Of everybody. $1 program
DELETE FROM program_role
WHERE program_id = $1;

-- name: list_role_members
-- Who is what anywhere, those who are not deleted; an admin is nothing else.
SELECT DISTINCT
  u.user_id,
  CASE WHEN u.is_admin THEN 'admin' ELSE r.role END AS role
FROM user_account AS u
LEFT JOIN program_role AS r ON r.user_id = u.user_id AND NOT u.is_admin
WHERE u.state <> 'deleted' AND (u.is_admin OR r.role IS NOT NULL)
ORDER BY u.user_id;

-- name: find_posters
-- What people are in programs; role is null for none. $1 users  $2 programs, pair by pair
SELECT
  u.user_id,
  asked.program_id,
  CASE WHEN u.is_admin THEN 'admin' ELSE r.role END AS role
FROM unnest($1::int[], $2::int[]) AS asked (user_id, program_id)
JOIN user_account AS u ON u.user_id = asked.user_id
LEFT JOIN program_role AS r ON r.user_id = asked.user_id AND r.program_id = asked.program_id
WHERE u.state = 'active';

-- name: lock_allowances
-- What Support may post in a day and has posted, locked until the end of the transaction. One that
-- another transaction holds is left out, so nothing here ever waits and nothing can deadlock.
-- $1 users  $2 programs, pair by pair
SELECT
  r.user_id,
  r.program_id,
  r.points_a_day,
  r.posted_points,
  r.day_from
FROM unnest($1::int[], $2::int[]) AS asked (user_id, program_id)
JOIN program_role AS r ON r.user_id = asked.user_id AND r.program_id = asked.program_id
WHERE r.role = 'support'
ORDER BY r.user_id, r.program_id
FOR NO KEY UPDATE OF r SKIP LOCKED;

-- name: find_allowance
-- The same of one person in one program, to be looked at. $1 user  $2 program
SELECT
  points_a_day,
  posted_points,
  day_from
FROM program_role
WHERE user_id = $1 AND program_id = $2 AND role = 'support';

-- name: update_allowances
-- $1 users  $2 programs  $3 posted  $4 day from, row by row
UPDATE program_role AS r
SET posted_points = u.posted_points, day_from = u.day_from
FROM unnest($1::int[], $2::int[], $3::bigint[], $4::timestamptz[])
  AS u (user_id, program_id, posted_points, day_from)
WHERE r.user_id = u.user_id AND r.program_id = u.program_id;
