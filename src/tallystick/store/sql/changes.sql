-- name: insert_changes
-- $1 now  $2 user  $3 key  $4 application  $5 address  $6 request id  $7 entities  $8 old  $9 new,
-- change by change
INSERT INTO change (
  recorded_at, user_id, api_key_id, application_id, entity, address, request_id, old, new
)
SELECT
  $1::timestamptz,
  $2::int,
  $3::int,
  $4::int,
  entity,
  $5::text,
  $6::text,
  old::jsonb,
  new::jsonb
FROM unnest($7::text[], $8::text[], $9::text[]) WITH ORDINALITY AS c (entity, old, new, n)
ORDER BY n;

-- name: list_changes
-- A page. $1 application  $2 part of the entity's path, in any case  $3 user  $4 key  $5 from
-- $6 before  $7 with the old state  $8 newest first  $9 skipped  $10 at most; null leaves a filter out
SELECT
  change_id, recorded_at, user_id, api_key_id, application_id, entity, address, request_id, new,
  CASE WHEN $7::boolean THEN old END AS old
FROM change
WHERE ($1::int IS NULL OR application_id = $1)
  AND ($2::text IS NULL OR strpos(lower(entity), lower($2)) > 0)
  AND ($3::int IS NULL OR user_id = $3)
  AND ($4::int IS NULL OR api_key_id = $4)
  AND ($5::timestamptz IS NULL OR recorded_at > $5)
  AND ($6::timestamptz IS NULL OR recorded_at < $6)
ORDER BY CASE WHEN $8::boolean THEN change_id END DESC, change_id
OFFSET $9 LIMIT $10;

-- name: count_changes
-- $1 to $6 as in list_changes
SELECT count(*)
FROM change
WHERE ($1::int IS NULL OR application_id = $1)
  AND ($2::text IS NULL OR strpos(lower(entity), lower($2)) > 0)
  AND ($3::int IS NULL OR user_id = $3)
  AND ($4::int IS NULL OR api_key_id = $4)
  AND ($5::timestamptz IS NULL OR recorded_at > $5)
  AND ($6::timestamptz IS NULL OR recorded_at < $6);

-- name: list_entries
-- Changes with the names of who made them, the newest first, or backwards.
-- $1 user  $2 key  $3 path of a thing, or empty  $4 action  $5 from  $6 before
-- $7 made from this address  $8 older than this change  $9 newer than this one  $10 backwards
-- $11 at most  $12 the path as LIKE takes it to the letter; null leaves a filter out
SELECT
  c.change_id, c.recorded_at, c.user_id, c.api_key_id, c.application_id, c.entity, c.address,
  c.request_id, c.old, c.new, u.email, u.name, k.name AS key_name
FROM change AS c
LEFT JOIN user_account AS u ON u.user_id = c.user_id
LEFT JOIN api_key AS k ON k.api_key_id = c.api_key_id
WHERE ($1::int IS NULL OR c.user_id = $1)
  AND ($2::int IS NULL OR c.api_key_id = $2)
  AND ($3::text = '' OR c.entity = $3 OR c.entity LIKE $12 || '/%')
  AND (
    $4::text IS NULL
    OR $4 = CASE
      WHEN c.new IS NULL THEN 'deleted' WHEN c.old IS NULL THEN 'created' ELSE 'changed'
    END
  )
  AND ($5::timestamptz IS NULL OR c.recorded_at >= $5)
  AND ($6::timestamptz IS NULL OR c.recorded_at < $6)
  AND ($7::text IS NULL OR c.address = $7)
  AND ($8::bigint IS NULL OR c.change_id < $8)
  AND ($9::bigint IS NULL OR c.change_id > $9)
ORDER BY CASE WHEN NOT $10::boolean THEN c.change_id END DESC, c.change_id
LIMIT $11;

-- name: list_people
-- Everybody who ever made a change. By id.
SELECT
  u.user_id,
  u.email,
  u.name
FROM user_account AS u
WHERE EXISTS (SELECT FROM change AS c WHERE c.user_id = u.user_id)
ORDER BY u.user_id;

-- name: list_keys
-- The keys that ever made a change and are still there. By id.
SELECT
  k.api_key_id,
  k.name
FROM api_key AS k
WHERE EXISTS (SELECT FROM change AS c WHERE c.api_key_id = k.api_key_id)
ORDER BY k.api_key_id;
