CREATE TABLE user_groups (
  id integer PRIMARY KEY AUTOINCREMENT,
  realm bigint NOT NULL REFERENCES realms(id),
  uuid text NOT NULL UNIQUE,
  login text NOT NULL,                   -- its name in the directory it is kept in
  login_key text NOT NULL,
  display_name text NOT NULL DEFAULT '',
  provider text,                         -- uuid of that directory, as one wire names it
  created bigint NOT NULL,
  UNIQUE (realm, login_key)
);

CREATE TABLE group_roles (
  user_group bigint NOT NULL REFERENCES user_groups(id),
  role bigint NOT NULL REFERENCES roles(id),
  realm bigint NOT NULL,
  PRIMARY KEY (user_group, role)
) WITHOUT ROWID;
CREATE INDEX group_roles_role ON group_roles (role);
CREATE INDEX memberships_role ON memberships (role);
CREATE INDEX subjects_page ON subjects (realm, uuid) WHERE login_key IS NOT NULL;

CREATE TABLE former_passwords (
  subject bigint NOT NULL REFERENCES subjects(id),
  version bigint NOT NULL,               -- which password of the subject it was
  realm bigint NOT NULL,
  hash text NOT NULL,                    -- as it was stored; kept only where a realm refuses those used before
  ended bigint NOT NULL,
  PRIMARY KEY (subject, version)
) WITHOUT ROWID;
