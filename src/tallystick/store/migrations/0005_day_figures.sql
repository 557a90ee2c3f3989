-- The figures of days that are over, so that a dashboard reads a row a day. Small tables, one copy
-- per node. docs/decisions/0014-stored-days.md says why what is stored is what the books say.

-- A day of a program, in one subledger or, as -1, in all ledgers together; a day that has the row of
-- all is closed. The key is the day's first instant and not its date, so that a time zone whose
-- rules have changed finds nothing under the old ones. What a day has is told by figures_of_days.
CREATE TABLE day_figures (
  program_id int NOT NULL,
  subledger_id int NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  pending bigint NOT NULL,
  active bigint NOT NULL,
  spent bigint NOT NULL,
  expired bigint NOT NULL,
  negative bigint NOT NULL,
  members bigint NOT NULL,
  new_members bigint NOT NULL,
  earned_manually bigint NOT NULL,
  earned_by_imports bigint NOT NULL,
  earned_by_sessions bigint NOT NULL,
  spent_manually bigint NOT NULL,
  spent_by_imports bigint NOT NULL,
  spent_by_sessions bigint NOT NULL,
  CONSTRAINT day_figures_pkey PRIMARY KEY (program_id, subledger_id, starts_at),
  CONSTRAINT day_figures_program_fkey FOREIGN KEY (program_id) REFERENCES program,
  CONSTRAINT day_figures_end_after_start CHECK (ends_at > starts_at)
);

-- Up to when days of a program may have been closed; whoever closes them locks the row.
CREATE TABLE day_closing (
  program_id int NOT NULL,
  closed_until timestamptz NOT NULL,
  CONSTRAINT day_closing_pkey PRIMARY KEY (program_id),
  CONSTRAINT day_closing_program_fkey FOREIGN KEY (program_id) REFERENCES program
);

-- From this instant on the closed days of a program are not what the books say any more.
CREATE TABLE day_touch (
  touch_id bigint GENERATED ALWAYS AS IDENTITY,
  program_id int NOT NULL,
  from_at timestamptz NOT NULL,
  CONSTRAINT day_touch_pkey PRIMARY KEY (touch_id),
  CONSTRAINT day_touch_program_fkey FOREIGN KEY (program_id) REFERENCES program
);

-- Join dates of days before a program's first entry.
CREATE INDEX membership_joined_idx ON membership (program_id, joined_at);
