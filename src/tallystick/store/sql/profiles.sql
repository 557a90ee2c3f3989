-- Profiles: a holder, and what is known of the person. Every holder is a profile; a holder without a
-- row of its own in `profile` was made by an import, and no application has seen it yet.

-- part: named
-- $1 sandbox  $2 holders or null  $3 beginning of the ids  $4 owing after this instant, or null
sandbox = $1
  AND erased_at IS NULL
  AND ($2::uuid[] IS NULL OR holder_id = ANY ($2))
  AND integration_id COLLATE "C" ^@ $3::text
  AND (
    $4::timestamptz IS NULL
    OR (owing_until > '1970-01-01 00:00+00' AND owing_until > $4)
  )

-- name: hold_holders
-- Those that exist; they do not go before the end of the transaction. One that is being erased is
-- waited for. $1 holder ids
SELECT holder_id
FROM holder
WHERE holder_id = ANY ($1::uuid[])
ORDER BY holder_id
FOR KEY SHARE;

-- name: insert_holders
-- Makes those that are missing; one that another transaction makes at this moment is waited for.
-- $1 holder ids  $2 integration ids, pair by pair, by holder id  $3 now  $4 sandbox
INSERT INTO holder AS h (holder_id, created_at, last_at, sandbox, integration_id)
SELECT
  holder_id,
  $3::timestamptz,
  $3::timestamptz,
  $4::boolean,
  integration_id
FROM unnest($1::uuid[], $2::text[]) AS u (holder_id, integration_id)
ON CONFLICT (holder_id) DO NOTHING;

-- name: merge_attributes
-- Attributes that are given take the place of those of the same name; the others stay.
-- $1 holder ids  $2 attributes, pair by pair, by holder id  $3 now
INSERT INTO profile AS p (holder_id, modified_at, attributes)
SELECT
  holder_id,
  $3::timestamptz,
  attributes::jsonb
FROM unnest($1::uuid[], $2::text[]) AS u (holder_id, attributes)
ON CONFLICT (holder_id) DO UPDATE
SET
  modified_at = greatest(p.modified_at, excluded.modified_at),
  attributes = p.attributes || excluded.attributes;

-- name: lock_attributes
-- What they are until now, of those that have a profile; nobody else changes them until the end.
-- $1 holder ids
SELECT
  holder_id,
  attributes::text AS attributes
FROM profile
WHERE holder_id = ANY ($1::uuid[])
ORDER BY holder_id
FOR UPDATE;

-- name: drop_nulls
-- An attribute that is null is none. $1 holder ids
UPDATE profile AS p
SET attributes = (
  SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
  FROM jsonb_each(p.attributes) AS a
  WHERE a.value <> 'null'
)
WHERE p.holder_id = ANY ($1::uuid[]);

-- name: find_profiles
-- By profile id. $1 holder ids
SELECT
  h.profile_id,
  h.holder_id,
  h.integration_id,
  h.created_at,
  h.sandbox,
  coalesce(p.modified_at, h.created_at) AS active_at,
  coalesce(p.attributes, '{}')::text AS attributes,
  p.holder_id IS NOT NULL AS is_seen
FROM holder AS h
LEFT JOIN profile AS p ON p.holder_id = h.holder_id
WHERE h.holder_id = ANY ($1::uuid[])
ORDER BY h.profile_id;

-- name: find_numbered_profiles
-- By profile id; who was erased is left out.
-- slice: a profile id does not say where its holder is
-- $1 profile ids
SELECT
  h.profile_id,
  h.holder_id,
  h.integration_id,
  h.created_at,
  h.sandbox,
  coalesce(p.modified_at, h.created_at) AS active_at,
  coalesce(p.attributes, '{}')::text AS attributes,
  p.holder_id IS NOT NULL AS is_seen
FROM holder AS h
LEFT JOIN profile AS p ON p.holder_id = h.holder_id
WHERE h.profile_id = ANY ($1::bigint[]) AND h.erased_at IS NULL
ORDER BY h.profile_id;

-- name: list_profiles
-- A page by profile id; who was erased is left out.
-- slice: everybody of an environment is asked for
-- $1 sandbox  $2 whether only those that an application has seen  $3 at most  $4 skip
SELECT
  h.profile_id,
  h.holder_id,
  h.integration_id,
  h.created_at,
  h.sandbox,
  coalesce(p.modified_at, h.created_at) AS active_at,
  coalesce(p.attributes, '{}')::text AS attributes,
  p.holder_id IS NOT NULL AS is_seen
FROM holder AS h
LEFT JOIN profile AS p ON p.holder_id = h.holder_id
WHERE h.sandbox = $1 AND h.erased_at IS NULL AND (NOT $2::boolean OR p.holder_id IS NOT NULL)
ORDER BY h.profile_id
LIMIT $3::int OFFSET $4::int;

-- name: count_profiles
-- slice: everybody of an environment is asked for
-- $1 sandbox  $2 whether only those that an application has seen
SELECT count(*)
FROM holder AS h
LEFT JOIN profile AS p ON p.holder_id = h.holder_id
WHERE h.sandbox = $1 AND h.erased_at IS NULL AND (NOT $2::boolean OR p.holder_id IS NOT NULL);

-- name: search_profiles
-- A page of those that have all these attributes, exactly; by profile id. The index finds profiles
-- that contain them; of nested values it tells no more than that there is some of it.
-- slice: everybody of an environment is asked for
-- $1 sandbox  $2 attributes  $3 only these holders, or null  $4 only these profile ids, or null
-- $5 at most  $6 skip
WITH found AS MATERIALIZED (
  SELECT
    holder_id,
    modified_at,
    attributes
  FROM profile
  WHERE attributes @> $2::jsonb
)
SELECT
  h.profile_id,
  h.holder_id,
  h.integration_id,
  h.created_at,
  h.sandbox,
  p.modified_at AS active_at,
  p.attributes::text AS attributes,
  true AS is_seen
FROM found AS p
JOIN holder AS h ON h.holder_id = p.holder_id
WHERE h.sandbox = $1
  AND NOT EXISTS (
    SELECT
    FROM jsonb_each($2::jsonb) AS wanted
    WHERE p.attributes -> wanted.key IS DISTINCT FROM wanted.value
  )
  AND ($3::uuid[] IS NULL OR h.holder_id = ANY ($3))
  AND ($4::bigint[] IS NULL OR h.profile_id = ANY ($4))
ORDER BY h.profile_id
LIMIT $5::int OFFSET $6::int;

-- name: count_found_profiles
-- How many have all these attributes, exactly.
-- slice: everybody of an environment is asked for
-- $1 sandbox  $2 attributes  $3 only these holders, or null  $4 only these profile ids, or null
WITH found AS MATERIALIZED (
  SELECT
    holder_id,
    attributes
  FROM profile
  WHERE attributes @> $2::jsonb
)
SELECT count(*)
FROM found AS p
JOIN holder AS h ON h.holder_id = p.holder_id
WHERE h.sandbox = $1
  AND NOT EXISTS (
    SELECT
    FROM jsonb_each($2::jsonb) AS wanted
    WHERE p.attributes -> wanted.key IS DISTINCT FROM wanted.value
  )
  AND ($3::uuid[] IS NULL OR h.holder_id = ANY ($3))
  AND ($4::bigint[] IS NULL OR h.profile_id = ANY ($4));

-- name: holders_after
-- Holders of an environment by integration id, without those that were erased. Where only those are
-- wanted who may owe points, the condition of the index of those is repeated.
-- slice: an index by integration id is read no further than asked
-- $1 sandbox  $2 holders or null  $3 beginning of the ids  $4 owing after this instant, or null
-- $5 after this id, or null  $6 at most
SELECT
  holder_id,
  integration_id
FROM holder
WHERE {named}
  AND ($5::text IS NULL OR integration_id COLLATE "C" > $5)
ORDER BY integration_id COLLATE "C"
LIMIT $6::int;

-- name: holders_before
-- The same, backwards.
-- slice: an index by integration id is read no further than asked
-- $1 sandbox  $2 holders or null  $3 beginning of the ids  $4 owing after this instant, or null
-- $5 before this id, or null  $6 at most
SELECT
  holder_id,
  integration_id
FROM holder
WHERE {named}
  AND ($5::text IS NULL OR integration_id COLLATE "C" < $5)
ORDER BY integration_id COLLATE "C" DESC
LIMIT $6::int;
