-- Signing in at an OpenID provider.

-- Whom a provider means by a subject. What the provider says of e-mail addresses counts at the first
-- sign-in only; email is what it said then.
CREATE TABLE identity (
  user_id int NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  email text NOT NULL,
  connected_at timestamptz NOT NULL,
  CONSTRAINT identity_pkey PRIMARY KEY (user_id, issuer),
  CONSTRAINT identity_subject_key UNIQUE (issuer, subject),
  CONSTRAINT identity_user_fkey FOREIGN KEY (user_id) REFERENCES user_account
);

-- Who has gone to the provider and is not back. browser_digest: of what that browser shows in a
-- cookie. user_id: who has signed in already and connects an identity; null to sign in.
-- way_on: the page that was asked for.
CREATE TABLE openid_start (
  state_digest bytea NOT NULL,
  browser_digest bytea NOT NULL,
  user_id int,
  way_on text NOT NULL,
  address text,
  expires_at timestamptz NOT NULL,
  CONSTRAINT openid_start_pkey PRIMARY KEY (state_digest),
  CONSTRAINT openid_start_user_fkey FOREIGN KEY (user_id) REFERENCES user_account
);
CREATE INDEX openid_start_expires_idx ON openid_start (expires_at);
CREATE INDEX openid_start_address_idx ON openid_start (address);
CREATE INDEX openid_start_user_idx ON openid_start (user_id) WHERE user_id IS NOT NULL;
