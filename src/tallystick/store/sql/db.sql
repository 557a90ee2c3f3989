-- What concerns connections themselves.

-- name: cancel_query
-- Ends the query of another connection, if it still runs one. $1 its process
SELECT pg_cancel_backend($1::int);
