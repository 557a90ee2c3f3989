-- Four eyes: changes that wait for a second person's approval.

-- What waits in a program; a program without a row lets nothing wait. imports_wait: imports and
-- undos. points_from: changes by hand from so many points on, null for none.
CREATE TABLE four_eyes (
  program_id int NOT NULL,
  imports_wait boolean NOT NULL,
  points_from bigint,
  CONSTRAINT four_eyes_pkey PRIMARY KEY (program_id),
  CONSTRAINT four_eyes_program_fkey FOREIGN KEY (program_id) REFERENCES program,
  CONSTRAINT four_eyes_points_in_range CHECK (points_from BETWEEN 1 AND 99999999999999)
);

-- Written once but for `waits`, which says whether it has no decision. wish: exactly what is to be
-- done. asked_by: the person, for a key whoever made it; 0 if nobody is known.
CREATE TABLE approval (
  approval_id int GENERATED ALWAYS AS IDENTITY,
  program_id int NOT NULL,
  kind text NOT NULL,
  wish jsonb NOT NULL,
  asked_by int NOT NULL,
  api_key_id int,
  asked_at timestamptz NOT NULL,
  waits boolean NOT NULL DEFAULT true,
  CONSTRAINT approval_pkey PRIMARY KEY (approval_id, asked_by),  -- so that a decision names who asked
  CONSTRAINT approval_id_key UNIQUE (approval_id),
  CONSTRAINT approval_program_fkey FOREIGN KEY (program_id) REFERENCES program,
  CONSTRAINT approval_kind_known
    CHECK (kind IN ('import', 'undo', 'add', 'deduct', 'activate', 'settings')),
  CONSTRAINT approval_of_somebody CHECK (asked_by <> 0 OR api_key_id IS NOT NULL),
  CONSTRAINT approval_of_keys_is_of_files
    CHECK (api_key_id IS NULL OR kind IN ('import', 'undo'))
);
CREATE INDEX approval_program_idx ON approval (program_id, approval_id);
CREATE INDEX approval_waiting_idx ON approval (program_id, approval_id) WHERE waits;

-- Append-only, one for a request: it is decided once. Whoever has asked can withdraw, and nobody else
-- can; only somebody else can approve or reject.
CREATE TABLE approval_decision (
  approval_id int NOT NULL,
  asked_by int NOT NULL,
  decided_by int NOT NULL,
  verdict text NOT NULL,
  note text NOT NULL,
  decided_at timestamptz NOT NULL,
  transaction_uuids uuid[] NOT NULL,
  CONSTRAINT approval_decision_pkey PRIMARY KEY (approval_id),
  CONSTRAINT approval_decision_approval_fkey
    FOREIGN KEY (approval_id, asked_by) REFERENCES approval (approval_id, asked_by),
  CONSTRAINT approval_decision_verdict_known
    CHECK (verdict IN ('approved', 'rejected', 'withdrawn')),
  CONSTRAINT approval_decision_takes_four_eyes
    CHECK ((verdict = 'withdrawn') = (decided_by = asked_by)),
  CONSTRAINT approval_decision_posts_if_approved
    CHECK (verdict = 'approved' OR transaction_uuids = '{}')
);
CREATE INDEX approval_decision_transaction_idx ON approval_decision USING gin (transaction_uuids);

-- The request by which an import waits to be imported or undone; no work is done on it meanwhile but
-- a check.
ALTER TABLE import_job
  ADD COLUMN approval_id int,
  ADD CONSTRAINT import_job_approval_fkey FOREIGN KEY (approval_id) REFERENCES approval (approval_id),
  ADD CONSTRAINT import_job_waits_or_is_done
    CHECK (approval_id IS NULL OR state NOT IN ('importing', 'undoing'));

-- As before; what was asked about the person is forgotten as well.
CREATE OR REPLACE FUNCTION erase_records (segment text, name text, new_name text)
RETURNS void
LANGUAGE sql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
UPDATE change AS c
SET
  entity = rtrim(replace(c.entity || '/', kind.path || $1 || '/', kind.path || $3 || '/'), '/'),
  old = NULL,
  new = NULL
FROM unnest('{/profile/,/customer_profiles/,/customer_data/}'::text[]) AS kind (path)
WHERE strpos(c.entity || '/', kind.path || $1 || '/') > 0;

UPDATE data_export AS e
SET filter = (
  SELECT
    jsonb_object_agg(
      f.key,
      CASE WHEN f.value = to_jsonb($2) THEN to_jsonb($3) ELSE f.value END
    )
  FROM jsonb_each(e.filter) AS f
)
WHERE EXISTS (SELECT FROM jsonb_each(e.filter) AS f WHERE f.value = to_jsonb($2));

UPDATE approval_decision AS d
SET note = ''
FROM approval AS a
WHERE a.approval_id = d.approval_id AND a.wish ->> 'integration_id' = $2;

UPDATE approval AS a
SET wish = a.wish
  || jsonb_build_object('integration_id', $3)
  || CASE WHEN a.wish ? 'name' THEN '{"name": ""}'::jsonb ELSE '{}' END
WHERE a.wish ->> 'integration_id' = $2;
$$;
