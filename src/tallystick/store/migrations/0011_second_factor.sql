-- What people have beside their password: the secret of an app that shows codes, and codes on paper.

-- sealed_secret: encrypted under a key that follows from the secret of the installation. begun_at: when
-- it was made; confirmed_at: since when it is asked for, null before its first code. last_step: of the
-- last code that was good, and so of the last that ever will be up to there.
CREATE TABLE second_factor (
  user_id int NOT NULL,
  sealed_secret bytea NOT NULL,
  begun_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  last_step bigint NOT NULL DEFAULT 0,
  CONSTRAINT second_factor_pkey PRIMARY KEY (user_id),
  CONSTRAINT second_factor_user_fkey FOREIGN KEY (user_id) REFERENCES user_account
);

-- Whoever deletes a row has used the code.
CREATE TABLE recovery_code (
  user_id int NOT NULL,
  code_digest bytea NOT NULL,
  CONSTRAINT recovery_code_pkey PRIMARY KEY (user_id, code_digest),
  CONSTRAINT recovery_code_factor_fkey FOREIGN KEY (user_id) REFERENCES second_factor
);

-- Who has shown their password in a browser and not yet a code. It is no session and opens nothing.
CREATE TABLE unfinished_sign_in (
  token_digest bytea NOT NULL,
  user_id int NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT unfinished_sign_in_pkey PRIMARY KEY (token_digest),
  CONSTRAINT unfinished_sign_in_user_fkey FOREIGN KEY (user_id) REFERENCES user_account
);
