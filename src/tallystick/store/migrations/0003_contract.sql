-- What the whole of the contract needs: taking back and activating points, profiles, join dates,
-- applications, and a record of who did what.

-- The journal. of_no names the entry that this one is about; such entries are not shown by
-- themselves. kind 3: the points of entry of_no, which awaited activation, became a lot that starts
-- at recorded_at and has the number of this entry. kind 1 or 2 with of_no: the opposite of entry
-- of_no, which takes it back as if it had never been.
ALTER TABLE transaction_
  ADD COLUMN of_no int,
  DROP CONSTRAINT transaction_kind_known,
  ADD CONSTRAINT transaction_kind_known CHECK (kind IN (1, 2, 3)),
  ADD CONSTRAINT transaction_activates_another CHECK (kind <> 3 OR of_no IS NOT NULL),
  ADD CONSTRAINT transaction_of_an_earlier_one CHECK (of_no < txn_no);
CREATE INDEX transaction_of_idx ON transaction_ (holder_id, of_no) WHERE of_no IS NOT NULL;

-- Append-only. What entry txn_no takes back of a lot and its allocations: `amount` goes to the window
-- it names (below zero it leaves it), `spent` to what has been spent. It is in effect from when the
-- things it takes back were, or, for an activation, from then on. A lot named here is closed.
CREATE TABLE reversal (
  holder_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  effective_at timestamptz NOT NULL,
  start_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  amount bigint NOT NULL,
  spent bigint NOT NULL,
  lot_no int NOT NULL,
  txn_no int NOT NULL,
  seq int NOT NULL,
  program_id int NOT NULL,
  subledger_id int NOT NULL,
  debt boolean NOT NULL,
  CONSTRAINT reversal_pkey PRIMARY KEY (holder_id, txn_no, seq),
  CONSTRAINT reversal_not_empty CHECK (amount <> 0 OR spent <> 0),
  CONSTRAINT reversal_lot_fkey FOREIGN KEY (holder_id, lot_no) REFERENCES lot,
  CONSTRAINT reversal_transaction_fkey FOREIGN KEY (holder_id, txn_no) REFERENCES transaction_
);
CREATE INDEX reversal_lot_idx ON reversal (holder_id, lot_no);
CREATE INDEX reversal_recorded_idx ON reversal USING brin (recorded_at);

-- The one place that says what a balance is the sum of.
CREATE VIEW movement AS
SELECT
  holder_id, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, 0::bigint AS spent, amount < 0 AS debt
FROM lot
UNION ALL
SELECT
  holder_id, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  -amount, amount, debt
FROM allocation
UNION ALL
SELECT
  holder_id, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, spent, debt
FROM reversal;

-- The transactions as people see them: without those that were taken back, and with the start and
-- expiry that an activation has given.
CREATE VIEW shown_transaction AS
SELECT
  t.holder_id, t.txn_no, t.transaction_id, t.transaction_uuid, t.recorded_at, t.effective_at,
  t.program_id, t.subledger_id, t.kind, t.source, t.amount, t.creates_negative, t.name,
  t.session_id, t.user_id, t.import_id,
  coalesce(a.recorded_at, t.shown_start_at) AS shown_start_at,
  CASE WHEN a.holder_id IS NULL THEN t.shown_expires_at ELSE a.shown_expires_at END
    AS shown_expires_at,
  CASE WHEN a.holder_id IS NULL THEN t.validity END AS validity
FROM transaction_ AS t
LEFT JOIN transaction_ AS a
  ON a.holder_id = t.holder_id AND a.of_no = t.txn_no AND a.kind = 3
WHERE t.of_no IS NULL
  AND NOT EXISTS (
    SELECT
    FROM transaction_ AS r
    WHERE r.holder_id = t.holder_id AND r.of_no = t.txn_no AND r.kind <> 3
  );

-- The whole program's list reads backwards; single entries are found by what names them.
CREATE INDEX transaction_program_idx
  ON transaction_ (program_id, recorded_at, transaction_id);
CREATE INDEX transaction_uuid_idx ON transaction_ (transaction_uuid);
CREATE INDEX transaction_session_idx ON transaction_ (session_id) WHERE session_id IS NOT NULL;

-- Profiles. What is known of a person stands apart from the holder, whose row changes with every
-- entry. A holder without a row here was made by an import. erased_at: the person's data is gone,
-- and the holder's id no longer follows from an integration id.
ALTER TABLE holder
  ADD COLUMN erased_at timestamptz;
CREATE UNIQUE INDEX holder_profile_key ON holder (profile_id);

CREATE TABLE profile (
  holder_id uuid NOT NULL,
  modified_at timestamptz NOT NULL,
  attributes jsonb NOT NULL,
  CONSTRAINT profile_pkey PRIMARY KEY (holder_id),
  CONSTRAINT profile_holder_fkey FOREIGN KEY (holder_id) REFERENCES holder
);
CREATE INDEX profile_attributes_idx ON profile USING gin (attributes jsonb_path_ops);

-- Join dates that were set, by hand or by a file.
CREATE TABLE membership (
  holder_id uuid NOT NULL,
  program_id int NOT NULL,
  joined_at timestamptz NOT NULL,
  CONSTRAINT membership_pkey PRIMARY KEY (holder_id, program_id),
  CONSTRAINT membership_holder_fkey FOREIGN KEY (holder_id) REFERENCES holder,
  CONSTRAINT membership_program_fkey FOREIGN KEY (program_id) REFERENCES program
);

-- The one place that says since when somebody belongs to a program: the date that was set, or else
-- what the program's join policy makes of the additions. A date that is derived may lie ahead.
-- What was taken back does not count; a lot of an activation is about the addition it activates.
CREATE VIEW join_date AS
SELECT holder_id, program_id, joined_at, false AS derived
FROM membership
UNION ALL
SELECT
  l.holder_id,
  l.program_id,
  min(
    CASE p.join_policy
      WHEN 'points_earned' THEN l.recorded_at
      ELSE greatest(l.effective_at, l.start_at)
    END
  ),
  true
FROM lot AS l
JOIN program AS p ON p.program_id = l.program_id
JOIN transaction_ AS t ON t.holder_id = l.holder_id AND t.txn_no = l.lot_no
WHERE l.amount > 0
  AND (
    p.join_policy = 'points_earned'
    OR (p.join_policy = 'points_activated' AND greatest(l.effective_at, l.start_at) < l.expires_at)
  )
  AND NOT EXISTS (
    SELECT
    FROM transaction_ AS r
    WHERE r.holder_id = t.holder_id AND r.of_no = coalesce(t.of_no, t.txn_no) AND r.kind <> 3
  )
  AND NOT EXISTS (
    SELECT
    FROM membership AS m
    WHERE m.holder_id = l.holder_id AND m.program_id = l.program_id
  )
GROUP BY l.holder_id, l.program_id;

-- Append-only. The files of join dates that were imported.
CREATE TABLE join_date_import (
  import_id int GENERATED ALWAYS AS IDENTITY,
  program_id int NOT NULL,
  user_id int,
  recorded_at timestamptz NOT NULL,
  file_name text NOT NULL,
  file_digest bytea NOT NULL,
  row_count bigint NOT NULL,
  CONSTRAINT join_date_import_pkey PRIMARY KEY (import_id),
  CONSTRAINT join_date_import_program_fkey FOREIGN KEY (program_id) REFERENCES program,
  CONSTRAINT join_date_import_count_not_negative CHECK (row_count >= 0)
);

-- The account.

CREATE TABLE application (
  application_id int GENERATED ALWAYS AS IDENTITY,
  created_at timestamptz NOT NULL,
  modified_at timestamptz NOT NULL,
  name text NOT NULL,
  description text NOT NULL,
  timezone text NOT NULL,
  currency text NOT NULL,
  case_sensitivity text NOT NULL,
  sandbox boolean NOT NULL,
  CONSTRAINT application_pkey PRIMARY KEY (application_id),
  CONSTRAINT application_name_key UNIQUE (name),
  CONSTRAINT application_name_filled CHECK (name <> ''),
  CONSTRAINT application_case_sensitivity_known
    CHECK (case_sensitivity IN ('sensitive', 'insensitive-uppercase', 'insensitive-lowercase'))
);

-- application_id: an integration key of one application; without one it is of its environment.
-- endpoints and allowed_application_ids: what a management key opens; null opens everything.
ALTER TABLE api_key
  ADD COLUMN application_id int,
  ADD COLUMN user_id int,
  ADD COLUMN endpoints jsonb,
  ADD COLUMN allowed_application_ids int[],
  ADD CONSTRAINT api_key_application_fkey FOREIGN KEY (application_id) REFERENCES application,
  ADD CONSTRAINT api_key_user_fkey FOREIGN KEY (user_id) REFERENCES user_account,
  ADD CONSTRAINT api_key_binds_its_kind CHECK (
    CASE kind
      WHEN 'integration' THEN endpoints IS NULL AND allowed_application_ids IS NULL
      ELSE application_id IS NULL
    END
  );
CREATE INDEX api_key_application_idx ON api_key (application_id) WHERE application_id IS NOT NULL;

-- A person who is gone stays as the one who once acted.
ALTER TABLE user_account
  ADD COLUMN modified_at timestamptz,
  ADD COLUMN signed_in_at timestamptz,
  ADD COLUMN state text NOT NULL DEFAULT 'active',
  ADD CONSTRAINT user_account_state_known CHECK (state IN ('active', 'deactivated', 'deleted'));
CREATE INDEX user_session_user_idx ON user_session (user_id);
DROP INDEX user_account_email_key;
CREATE UNIQUE INDEX user_account_email_key ON user_account (lower(email)) WHERE state <> 'deleted';

-- Append-only. Who changed what; entity is the path of the thing in the API.
CREATE TABLE change (
  change_id bigint GENERATED ALWAYS AS IDENTITY,
  recorded_at timestamptz NOT NULL,
  user_id int,
  api_key_id int,
  application_id int,
  entity text NOT NULL,
  old jsonb,
  new jsonb,
  CONSTRAINT change_pkey PRIMARY KEY (change_id)
);
CREATE INDEX change_recorded_idx ON change (recorded_at);

-- Append-only. Which files were taken out, by whom, and what was asked for.
CREATE TABLE data_export (
  export_id int GENERATED ALWAYS AS IDENTITY,
  recorded_at timestamptz NOT NULL,
  user_id int,
  api_key_id int,
  program_id int,
  entity text NOT NULL,
  filter jsonb NOT NULL,
  CONSTRAINT data_export_pkey PRIMARY KEY (export_id)
);

-- A write that came with an Idempotency-Key and has no member to keep it with. owner: whose key it
-- is. Without a status the first request is still running, or ended without telling.
CREATE TABLE kept_answer (
  owner text NOT NULL,
  key text NOT NULL,
  recorded_at timestamptz NOT NULL,
  fingerprint bytea NOT NULL,
  status int,
  body bytea,
  CONSTRAINT kept_answer_pkey PRIMARY KEY (owner, key),
  CONSTRAINT kept_answer_key_length CHECK (length(key) BETWEEN 1 AND 255)
);
CREATE INDEX kept_answer_recorded_idx ON kept_answer (recorded_at);
