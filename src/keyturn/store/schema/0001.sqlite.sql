CREATE TABLE instance (
  name text PRIMARY KEY,                 -- mark, key, created
  value text NOT NULL
) WITHOUT ROWID;

CREATE TABLE counters (
  name text PRIMARY KEY,                 -- subject, role
  value bigint NOT NULL
) WITHOUT ROWID;

CREATE TABLE realms (
  id integer PRIMARY KEY,
  uuid text NOT NULL UNIQUE,
  name text NOT NULL UNIQUE,
  display_name text NOT NULL,
  active bigint NOT NULL DEFAULT 1,      -- 0 = nothing of this realm works
  epoch bigint NOT NULL DEFAULT 0,       -- copied into tokens at mint; raising it ends them all at once
  policy text NOT NULL DEFAULT '{}',     -- JSON, only what differs from the default
  settings text NOT NULL DEFAULT '{}',   -- JSON, only what differs from the default
  created bigint NOT NULL                -- microseconds since 1970 UTC, like every instant here
);

CREATE TABLE realm_hosts (
  host text PRIMARY KEY,                 -- lower case, without port
  realm bigint NOT NULL REFERENCES realms(id)
) WITHOUT ROWID;

CREATE TABLE realm_grants (
  realm bigint NOT NULL REFERENCES realms(id),   -- where the subject may act
  subject bigint NOT NULL,                       -- of another realm
  PRIMARY KEY (realm, subject)
) WITHOUT ROWID;

CREATE TABLE subjects (
  id integer PRIMARY KEY AUTOINCREMENT,
  realm bigint NOT NULL REFERENCES realms(id),
  uuid text NOT NULL UNIQUE,
  number bigint NOT NULL UNIQUE,
  handle text NOT NULL UNIQUE,
  login text NOT NULL,                   -- as given; empty in a tombstone
  login_key text,                        -- canonical; null in a tombstone
  email text NOT NULL DEFAULT '',
  email_key text,                        -- canonical; null without a mail address
  email_verified bigint NOT NULL DEFAULT 0,
  display_name text NOT NULL DEFAULT '',
  service bigint NOT NULL DEFAULT 0,     -- 1 = a machine
  remote bigint NOT NULL DEFAULT 0,      -- 1 = managed elsewhere, no password here
  built_in bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'active',  -- active, suspended, deleted
  epoch bigint NOT NULL DEFAULT 0,       -- copied into tokens at mint; raising it ends them all at once
  notify text NOT NULL DEFAULT '[]',     -- JSON list of further notification addresses
  attributes text NOT NULL DEFAULT '{}', -- JSON, what single wires know of a user
  created bigint NOT NULL,
  updated bigint NOT NULL,
  last_login bigint,
  UNIQUE (realm, login_key),
  UNIQUE (realm, email_key)
);

CREATE TABLE roles (
  id integer PRIMARY KEY AUTOINCREMENT,
  realm bigint NOT NULL REFERENCES realms(id),
  uuid text NOT NULL UNIQUE,
  number bigint NOT NULL,                -- its identifier on wires that count roles
  name text NOT NULL,
  name_key text NOT NULL,
  description text NOT NULL DEFAULT '',
  built_in bigint NOT NULL DEFAULT 0,
  across bigint NOT NULL DEFAULT 0,      -- 1 = its rights hold in every realm
  permissions text NOT NULL,             -- JSON list of noun:action:target
  UNIQUE (realm, number),
  UNIQUE (realm, name_key)
);

CREATE TABLE memberships (
  subject bigint NOT NULL REFERENCES subjects(id),
  role bigint NOT NULL REFERENCES roles(id),
  realm bigint NOT NULL,                 -- after the key: SQLite 3.40 reports a NULL in it otherwise, checking itself
  PRIMARY KEY (subject, role)
) WITHOUT ROWID;

CREATE TABLE passwords (
  subject bigint PRIMARY KEY REFERENCES subjects(id),
  realm bigint NOT NULL,
  hash text NOT NULL,                    -- scheme prefix and PHC string
  version bigint NOT NULL,               -- raised by every change; a proof settles only on the version it saw
  must_change bigint NOT NULL DEFAULT 0,
  length bigint NOT NULL DEFAULT 0,      -- code points; 0 = not known (a hash made elsewhere)
  changed bigint NOT NULL
);

CREATE TABLE factors (
  id integer PRIMARY KEY AUTOINCREMENT,
  realm bigint NOT NULL,
  uuid text NOT NULL UNIQUE,
  subject bigint NOT NULL REFERENCES subjects(id),
  kind text NOT NULL,                    -- totp, recovery, email
  sealed blob,                           -- the TOTP seed, AES-GCM bound to this row
  confirmed bigint NOT NULL,
  last_step bigint NOT NULL DEFAULT -1,  -- the newest TOTP step that was accepted; none is accepted twice
  created bigint NOT NULL,
  UNIQUE (subject, kind)
);

CREATE TABLE recovery_codes (
  digest blob PRIMARY KEY,               -- HMAC under the key file
  factor bigint NOT NULL REFERENCES factors(id),
  realm bigint NOT NULL,
  used bigint
) WITHOUT ROWID;
CREATE INDEX recovery_codes_factor ON recovery_codes (factor);

CREATE TABLE locks (
  realm bigint NOT NULL,
  account text NOT NULL,                 -- s:ID of a subject, n:HMAC of an unknown name
  factor text NOT NULL,                  -- password, totp, recovery
  failures bigint NOT NULL,              -- settled, since the last success
  reserved bigint NOT NULL,              -- being evaluated now
  reserved_at bigint NOT NULL,
  until bigint NOT NULL,
  closed_on text,                        -- the wire whose failure closed it
  version bigint NOT NULL,
  touched bigint NOT NULL,
  PRIMARY KEY (realm, account, factor)
) WITHOUT ROWID;
CREATE INDEX locks_touched ON locks (touched) WHERE account LIKE 'n:%';

CREATE TABLE tokens (
  id integer PRIMARY KEY AUTOINCREMENT,
  uuid text NOT NULL UNIQUE,
  realm bigint NOT NULL,
  subject bigint NOT NULL REFERENCES subjects(id),
  maker bigint,                          -- the subject who minted it; null = its own proof
  act bigint,                            -- the actor, for a delegated token
  parent bigint,                         -- the actor's token it rests on
  kind text NOT NULL,
  dialect text NOT NULL,                 -- the wire it opens
  name text,
  scopes text,                           -- JSON list; null = all that the owner may do
  bypass bigint NOT NULL DEFAULT 0,      -- 1 = passes without a second proof on wires that know this
  life bigint,                           -- seconds it was given; rotation starts the same length anew
  idle bigint,                           -- seconds without use after which it is over
  claims text NOT NULL DEFAULT '{}',     -- JSON, opaque words of one wire
  subject_epoch bigint NOT NULL,
  realm_epoch bigint NOT NULL,
  created bigint NOT NULL,
  expires bigint,
  ended bigint,
  reason text,
  stepped_up bigint,                     -- when a factor was last shown for it
  stepped_up_by text                     -- digest of agent and address of that showing, where a wire binds it
);
CREATE UNIQUE INDEX tokens_named ON tokens (subject, dialect, kind, name) WHERE ended IS NULL AND name IS NOT NULL;
CREATE UNIQUE INDEX tokens_api ON tokens (subject, dialect) WHERE ended IS NULL AND kind = 'api';
CREATE UNIQUE INDEX tokens_reset ON tokens (subject) WHERE ended IS NULL AND kind = 'reset';
CREATE INDEX tokens_subject ON tokens (subject) WHERE ended IS NULL;
CREATE INDEX tokens_act ON tokens (act) WHERE act IS NOT NULL AND ended IS NULL;
CREATE INDEX tokens_parent ON tokens (parent) WHERE parent IS NOT NULL AND ended IS NULL;
CREATE INDEX tokens_realm ON tokens (realm, id);

CREATE TABLE secrets (
  digest blob PRIMARY KEY,               -- SHA-256 of the clear text; kept for ever when ended
  realm bigint NOT NULL,
  token bigint NOT NULL REFERENCES tokens(id),
  last6 text NOT NULL,
  given bigint NOT NULL DEFAULT 0,       -- 1 = brought along, not minted here
  created bigint NOT NULL,
  ends bigint,                           -- when it stopped or stops; null = with its token
  first_used bigint,
  last_used bigint,
  used_from text,
  client text
) WITHOUT ROWID;
CREATE INDEX secrets_token ON secrets (token, created);
CREATE INDEX secrets_live ON secrets (token) WHERE ends IS NULL;

CREATE TABLE audit (
  id integer PRIMARY KEY AUTOINCREMENT,
  realm bigint NOT NULL,
  at bigint NOT NULL,
  verb text NOT NULL,                    -- noun:action
  result text NOT NULL,                  -- done, refused
  reason text,                           -- why refused, precisely
  dialect text NOT NULL,
  actor bigint,                          -- subject; null = nobody or the operator at the command line
  act bigint,                            -- the delegating actor behind it
  subject bigint,                        -- whom it is about
  token text,                            -- uuid of the token it is about
  address text NOT NULL,
  agent text NOT NULL,
  request text NOT NULL,                 -- request id
  detail text NOT NULL DEFAULT '{}',     -- JSON, never a secret
  kills bigint NOT NULL DEFAULT 0,       -- 1 = may make a remembered verdict wrong
  touches text,                          -- token:ID, subject:ID or realm:ID, the narrowest that covers it
  xid bigint NOT NULL DEFAULT 0          -- the transaction, on PostgreSQL
);
CREATE INDEX audit_realm ON audit (realm, id);
CREATE INDEX audit_subject ON audit (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX audit_actor ON audit (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_kills ON audit (id) WHERE kills = 1;

CREATE TABLE answers (
  caller blob NOT NULL,                  -- digest of the presented secret
  key text NOT NULL,                     -- the Idempotency-Key
  realm bigint NOT NULL,
  request blob NOT NULL,                 -- SHA-256 over wire, command and wish
  sealed blob,                           -- the outcome, sealed; null once destroyed
  created bigint NOT NULL,
  PRIMARY KEY (caller, key)
) WITHOUT ROWID;
CREATE INDEX answers_created ON answers (created);
