-- What concerns connections themselves.

-- name: cancel_query
-- Ends the query of another connection, if it still runs one. $1 its process
SELECT pg_cancel_backend($1::int);

-- name: mark_reading
-- Names this transaction one that records nothing, so that list_open leaves it out.
SELECT set_config('application_name', 'tallystick export', true);
