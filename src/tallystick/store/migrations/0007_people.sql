-- Who may do what, and how people come in: roles, links, sessions, and guesses at passwords.

-- Roles, program by program. An admin is one everywhere and needs no row here.

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

-- What a person chose for themselves. timezone: null is that of the program they look at.
ALTER TABLE user_account
  ADD COLUMN theme text NOT NULL DEFAULT 'system',
  ADD COLUMN timezone text,
  ADD COLUMN locale text NOT NULL DEFAULT 'en',
  ADD CONSTRAINT user_account_theme_known CHECK (theme IN ('system', 'light', 'dark')),
  DROP CONSTRAINT user_account_state_known,
  ADD CONSTRAINT user_account_state_known
    CHECK (state IN ('invited', 'active', 'deactivated', 'deleted'));

-- A link by which somebody sets a password, once: an invitation, or the way back in. A new one takes
-- the place of the one before.
CREATE TABLE password_link (
  user_id int NOT NULL,
  token_digest bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT password_link_pkey PRIMARY KEY (user_id),
  CONSTRAINT password_link_digest_key UNIQUE (token_digest),
  CONSTRAINT password_link_user_fkey FOREIGN KEY (user_id) REFERENCES user_account
);

-- kind: a browser's session ends when it is not used, a bearer's does not. seen_at is written once a
-- minute at most.
ALTER TABLE user_session
  ADD COLUMN session_id int GENERATED ALWAYS AS IDENTITY,
  ADD COLUMN kind text NOT NULL DEFAULT 'bearer',
  ADD COLUMN seen_at timestamptz,
  ADD COLUMN address text,
  ADD COLUMN user_agent text NOT NULL DEFAULT '',
  ADD CONSTRAINT user_session_id_key UNIQUE (session_id),
  ADD CONSTRAINT user_session_kind_known CHECK (kind IN ('bearer', 'browser'));
UPDATE user_session SET seen_at = created_at;
ALTER TABLE user_session ALTER COLUMN seen_at SET NOT NULL;

-- Wrong passwords, by a keyed digest of the e-mail address or the network address they came with: what
-- is typed there may be anything. An attempt counts as wrong until it was right.
CREATE TABLE sign_in_failure (
  subject_digest bytea NOT NULL,
  failures int NOT NULL,
  last_at timestamptz NOT NULL,
  refused_until timestamptz NOT NULL,
  CONSTRAINT sign_in_failure_pkey PRIMARY KEY (subject_digest),
  CONSTRAINT sign_in_failure_not_negative CHECK (failures >= 0)
);
CREATE INDEX sign_in_failure_last_idx ON sign_in_failure (last_at);
