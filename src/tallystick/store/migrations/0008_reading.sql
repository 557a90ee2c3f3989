-- What the pages of the dashboard read by.

-- Members in the order of their integration ids, and those among them who may owe points. No entry
-- changes a column of these but where debts come and go, so that updates of holders stay HOT.
CREATE INDEX holder_integration_idx ON holder (sandbox, integration_id COLLATE "C")
  WHERE erased_at IS NULL;
CREATE INDEX holder_owing_idx ON holder (sandbox, integration_id COLLATE "C")
  WHERE erased_at IS NULL AND owing_until > '1970-01-01 00:00+00';

-- A transaction by its number; numbers rise with the table, so that a coarse index will do.
CREATE INDEX transaction_number_idx ON transaction_
  USING brin (transaction_id) WITH (pages_per_range = 16, autosummarize = on);

-- As before, with the lot that a movement is about and the number of the entry that caused it.
CREATE OR REPLACE VIEW movement AS
SELECT
  holder_id, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, 0::bigint AS spent, amount < 0 AS debt, lot_no, lot_no AS txn_no
FROM lot
UNION ALL
SELECT
  holder_id, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  -amount, amount, debt, lot_no, txn_no
FROM allocation
UNION ALL
SELECT
  holder_id, program_id, subledger_id, recorded_at, effective_at, start_at, expires_at,
  amount, spent, debt, lot_no, txn_no
FROM reversal;

-- What the books said at an instant of what is ahead, so that an overview reads a row. Small: a row
-- per program that has many entries and ledger, or, as subledger -1, for all ledgers together. It is
-- worked out anew from `due_at` on. docs/decisions/0021-what-is-ahead.md says why it is stored.
-- largest_until: the end of the day before `until` on which the most points expire, if any do.
CREATE TABLE outlook (
  program_id int NOT NULL,
  subledger_id int NOT NULL,
  at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  expiring bigint NOT NULL,
  expiring_members bigint NOT NULL,
  largest bigint NOT NULL,
  largest_until timestamptz,
  activating bigint NOT NULL,
  activating_members bigint NOT NULL,
  owed bigint NOT NULL,
  owing_members bigint NOT NULL,
  CONSTRAINT outlook_pkey PRIMARY KEY (program_id, subledger_id),
  CONSTRAINT outlook_program_fkey FOREIGN KEY (program_id) REFERENCES program,
  CONSTRAINT outlook_until_after_at CHECK (until > at)
);
