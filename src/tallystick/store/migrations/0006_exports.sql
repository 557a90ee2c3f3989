-- Exports as jobs. A file is asked for, written in the background into the data folder, and fetched
-- for as long as it is kept.

-- One row for each file that is written as a job; its export says who asked for what, in the words of
-- the contract. state: what happened last; `writing` is the queue: a process takes a job on for as
-- long as its lease holds, and another begins it anew when the lease has run out. wish: what is
-- written. known_at: the moment that the file speaks for. sums: of the columns of points, by name.
CREATE TABLE export_job (
  export_id int NOT NULL,
  program_id int NOT NULL,
  kind text NOT NULL,
  wish jsonb NOT NULL,
  format text NOT NULL,
  safe boolean NOT NULL,
  state text NOT NULL,
  file_name text NOT NULL,
  user_id int,
  api_key_id int,
  created_at timestamptz NOT NULL,
  begun_at timestamptz,
  ended_at timestamptz,
  rows_done bigint NOT NULL DEFAULT 0,
  bytes_done bigint NOT NULL DEFAULT 0,
  known_at timestamptz,
  file_digest bytea,
  sums jsonb,
  failure text,
  lease_owner text,
  lease_until timestamptz,
  CONSTRAINT export_job_pkey PRIMARY KEY (export_id),
  CONSTRAINT export_job_export_fkey FOREIGN KEY (export_id) REFERENCES data_export,
  CONSTRAINT export_job_program_fkey FOREIGN KEY (program_id) REFERENCES program,
  CONSTRAINT export_job_state_known CHECK (state IN ('writing', 'written', 'failed', 'expired')),
  CONSTRAINT export_job_format_known CHECK (format IN ('csv', 'parquet', 'xlsx', 'ndjson')),
  CONSTRAINT export_job_written_is_known CHECK (
    state NOT IN ('written', 'expired')
    OR (known_at IS NOT NULL AND file_digest IS NOT NULL AND sums IS NOT NULL)
  )
);
CREATE INDEX export_job_program_idx ON export_job (program_id, export_id);
CREATE INDEX export_job_queue_idx ON export_job (export_id) WHERE state = 'writing';
