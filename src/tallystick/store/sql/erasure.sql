-- A person's data goes, and the ledger still adds up. Everything that holds of a holder moves to one
-- whose id is drawn at random; the foreign keys are checked when the statement ends. What is written
-- once only functions of the database may change; see `migrations/0010_append_only.sql`.

-- name: limit_wait
-- $1 how long to wait for locks in this transaction, like 10s
SELECT set_config('lock_timeout', $1, true);

-- name: wait_for_imports
-- While rows of an import are entered no holder may go. Erasures do not wait for one another.
LOCK TABLE import_turn IN ROW EXCLUSIVE MODE;

-- name: lock_holder
-- The holder, for its row to go. $1 holder
SELECT holder_id
FROM holder
WHERE holder_id = $1
FOR UPDATE;

-- name: erase_holder
-- The new holder's profile id. $1 holder  $2 the new holder  $3 now
SELECT erase_holder($1, $2, $3);

-- name: erase_records
-- $1 the integration id as it stands in paths  $2 the same in clear  $3 what is written from now on
SELECT erase_records($1, $2, $3);

-- name: erase_answers
-- Forgets the answers that tell of the person; their keys still stand for their requests.
-- $1 what such an answer has in it, any of these
UPDATE kept_answer AS k
SET body = NULL
FROM unnest($1::bytea[]) AS told (text)
WHERE position(told.text IN k.body) > 0;
