-- Where changes came from, so that they tell who did what, when and from where.

-- address: of the machine that asked, or `command`; null for what the server did by itself later on.
-- request_id: of the request, as its answer and the log name it.
ALTER TABLE change
  ADD COLUMN address text,
  ADD COLUMN request_id text;

-- The audit reads backwards, all of it or by who or what.
CREATE INDEX change_user_idx ON change (user_id, change_id) WHERE user_id IS NOT NULL;
CREATE INDEX change_api_key_idx ON change (api_key_id, change_id) WHERE api_key_id IS NOT NULL;
CREATE INDEX change_entity_idx ON change (entity text_pattern_ops, change_id);

-- When a key was last shown by somebody, to the minute.
ALTER TABLE api_key
  ADD COLUMN used_at timestamptz;
