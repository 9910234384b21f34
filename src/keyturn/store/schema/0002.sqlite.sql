CREATE TABLE mail_codes (
  subject bigint NOT NULL REFERENCES subjects(id),
  dialect text NOT NULL,                 -- the wire it is a second step on
  realm bigint NOT NULL,
  digest blob NOT NULL,                  -- HMAC under the key file
  tries bigint NOT NULL DEFAULT 0,       -- wrong showings of this very code
  created bigint NOT NULL,
  expires bigint NOT NULL,
  PRIMARY KEY (subject, dialect)         -- one that works at a time
) WITHOUT ROWID;

CREATE TABLE outbox (
  id integer PRIMARY KEY AUTOINCREMENT,
  realm bigint NOT NULL,
  uuid text NOT NULL UNIQUE,             -- what its contents are sealed to, and the Message-ID
  subject bigint,
  kind text NOT NULL,                    -- which mail
  sealed blob NOT NULL,                  -- address and words, since they may hold a secret
  tries bigint NOT NULL DEFAULT 0,
  due bigint NOT NULL,                   -- when it is handed over next
  created bigint NOT NULL,
  expires bigint NOT NULL                -- after which it would say nothing true any more
);
CREATE INDEX outbox_due ON outbox (due);

ALTER TABLE tokens ADD COLUMN stepped_up_with text; -- the method of that showing
ALTER TABLE roles ADD COLUMN two_factor bigint NOT NULL DEFAULT 0; -- 1 = its holders need a second factor

-- Whoever administers a realm is not held to a wire's limit of calls.
UPDATE roles SET permissions = substr(permissions, 1, length(permissions) - 1) || ',"limits:bypass:*"]'
  WHERE built_in = 1 AND number = 1 AND permissions NOT LIKE '%limits:bypass%';
