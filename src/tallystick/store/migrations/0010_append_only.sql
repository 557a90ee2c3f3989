-- What the role that serves requests cannot do by itself, so that it needs no right to change or
-- delete what is written once. `sql/rights.sql` says what it may.

-- Nobody reads or writes it: whoever enters an import locks it. It stands for point_import, which
-- only those may lock who may change its rows.
CREATE TABLE import_turn (
  import_id int NOT NULL,
  CONSTRAINT import_turn_pkey PRIMARY KEY (import_id)
);

-- Takes a person out and keeps the entries, as of a new holder without a name, whose profile id comes
-- back. What names the person or their purchases stays behind. The holder is locked before.
CREATE FUNCTION erase_holder (old_id uuid, new_id uuid, erased_at timestamptz)
RETURNS bigint
LANGUAGE sql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
WITH number AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('holder', 'profile_id')) AS profile_id
), moved_profile AS (
  DELETE FROM profile AS p
  WHERE p.holder_id = $1
), moved_keys AS (
  DELETE FROM idempotency AS i
  WHERE i.holder_id = $1
), moved_transactions AS (
  UPDATE transaction_ AS t
  SET holder_id = $2, session_id = NULL, name = ''
  WHERE t.holder_id = $1
), moved_lots AS (
  UPDATE lot AS l
  SET holder_id = $2
  WHERE l.holder_id = $1
), moved_allocations AS (
  UPDATE allocation AS a
  SET holder_id = $2
  WHERE a.holder_id = $1
), moved_reversals AS (
  UPDATE reversal AS r
  SET holder_id = $2
  WHERE r.holder_id = $1
), moved_memberships AS (
  UPDATE membership AS m
  SET holder_id = $2
  WHERE m.holder_id = $1
), gone AS (
  DELETE FROM holder AS h
  WHERE h.holder_id = $1
  RETURNING h.created_at, h.last_at, h.owing_until, h.last_no, h.sandbox
)
INSERT INTO holder AS h (
  holder_id, profile_id, created_at, last_at, owing_until, last_no, sandbox, integration_id,
  erased_at
)
OVERRIDING SYSTEM VALUE
SELECT
  $2, n.profile_id, g.created_at, g.last_at, g.owing_until, g.last_no, g.sandbox,
  'erased-' || n.profile_id, $3
FROM gone AS g
CROSS JOIN number AS n
RETURNING h.profile_id;
$$;

-- Takes a person out of what was written down about changes and files. segment: the integration id
-- as it stands in paths, after the parts that say that it is one; name: the same, in clear.
CREATE FUNCTION erase_records (segment text, name text, new_name text)
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
$$;

REVOKE ALL ON FUNCTION erase_holder, erase_records FROM PUBLIC;
