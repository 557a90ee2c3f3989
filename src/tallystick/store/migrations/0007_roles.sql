-- Who may do what, program by program. An admin is one everywhere and needs no row here.

-- points_a_day: how many points Support may add and deduct in a day. posted_points: how many they
-- have since day_from, the start of such a day; a lock on this row is the lock on that sum.
CREATE TABLE program_role (
  user_id int NOT NULL,
  program_id int NOT NULL,
  role text NOT NULL,
  points_a_day bigint,
  posted_points bigint NOT NULL DEFAULT 0,
  day_from timestamptz NOT NULL DEFAULT '1970-01-01 00:00+00',
  CONSTRAINT program_role_pkey PRIMARY KEY (user_id, program_id),
  CONSTRAINT program_role_user_fkey FOREIGN KEY (user_id) REFERENCES user_account,
  CONSTRAINT program_role_program_fkey FOREIGN KEY (program_id) REFERENCES program,
  CONSTRAINT program_role_known CHECK (role IN ('manager', 'support', 'analyst', 'viewer')),
  CONSTRAINT program_role_limits_support CHECK ((role = 'support') = (points_a_day IS NOT NULL)),
  CONSTRAINT program_role_points_in_range
    CHECK (points_a_day BETWEEN 1 AND 99999999999999 AND posted_points >= 0)
);
CREATE INDEX program_role_program_idx ON program_role (program_id);

-- Whoever was no admin was a manager of every program.
INSERT INTO program_role (user_id, program_id, role)
SELECT user_id, program_id, 'manager'
FROM user_account, program
WHERE NOT is_admin AND state <> 'deleted';
