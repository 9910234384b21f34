"""What the record's verbs are called in this wire's activity, one row each."""

from keyturn.core.outcomes import AuditRow
from keyturn.core.types import Frozen, Subject

OPERATOR = "operator of the server"


class Act(Frozen):
    """How one verb is told.

    Shapes   kind: the type of what it was done to; type, what, description: the columns of those names; message:
             a sentence with `{object}` in it
    """

    kind: str
    type: str
    what: str
    description: str
    message: str


ACTS = {
    "sessions:open": Act("users", "login", "user", "logged in", "User {object} logged in."),
    "sessions:derive": Act("users", "create", "token", "generated", "Token was generated for user {object}."),
    "sessions:end": Act("users", "delete", "token", "revoked", "Token of user {object} was revoked."),
    "sessions:end_all": Act("users", "delete", "tokens", "revoked", "All sessions of user {object} were ended."),
    "passwords:change": Act("users", "edit", "password", "changed", "User {object} changed the own password."),
    "passwords:set": Act("users", "edit", "password", "set", "Password of user {object} was set."),
    "resets:issue": Act("users", "create", "reset token", "generated", "Reset token was made for user {object}."),
    "resets:redeem": Act("users", "edit", "password", "reset", "Password of user {object} was set by a reset token."),
    "tokens:issue": Act("users", "create", "token", "generated", "Token was generated for user {object}."),
    "tokens:rotate": Act("users", "edit", "token", "replaced", "Token of user {object} was replaced."),
    "tokens:revoke": Act("users", "delete", "token", "revoked", "Token of user {object} was revoked."),
    "tokens:revoke_secret": Act("users", "delete", "token", "revoked", "Token of user {object} was revoked."),
    "tokens:revoke_many": Act("users", "delete", "tokens", "revoked", "Tokens were revoked by {object}."),
    "delegations:issue": Act("users", "create", "token", "delegated", "Token that acts for user {object} was made."),
    "users:create": Act("users", "create", "user", "created", "User {object} was created."),
    "users:register": Act("users", "create", "user", "registered", "User {object} registered."),
    "users:edit": Act("users", "edit", "metadata", "changed", "Metadata of user {object} was changed: {fields}."),
    "users:put": Act("users", "edit", "metadata", "changed", "User {object} was changed: {fields}."),
    "self:edit": Act("users", "edit", "metadata", "changed", "Metadata of user {object} was changed: {fields}."),
    "self:change": Act("users", "edit", "metadata", "changed", "Metadata of user {object} was changed: {fields}."),
    "users:set_roles": Act("users", "edit", "roles", "set", "Roles of user {object} were set."),
    "users:change_roles": Act("users", "edit", "roles", "changed", "Roles of user {object} were changed."),
    "users:suspend": Act("users", "edit", "user", "revoked", "User {object} was revoked."),
    "users:reinstate": Act("users", "edit", "user", "reinstated", "User {object} was reinstated."),
    "users:unlock": Act("users", "edit", "user", "unlocked", "User {object} was unlocked."),
    "users:delete": Act("users", "delete", "user", "deleted", "User {object} was deleted."),
    "factors:confirm": Act("users", "edit", "second factor", "added", "Second factor of user {object} was added."),
    "factors:remove": Act("users", "edit", "second factor", "removed", "Second factor of user {object} was removed."),
    "factors:reset": Act("users", "edit", "second factor", "removed", "Second factors of user {object} were removed."),
    "roles:put": Act("roles", "edit", "role", "set", "Permissions of role {object} were set."),
    "roles:edit": Act("roles", "edit", "role", "changed", "Role {object} was changed."),
    "roles:create": Act("roles", "create", "role", "created", "Role {object} was created."),
    "roles:replace": Act("roles", "edit", "role", "changed", "Role {object} was changed."),
    "roles:change_members": Act("roles", "edit", "members", "changed", "Members of role {object} were changed."),
    "roles:change_permissions": Act("roles", "edit", "permissions", "changed", "Rights of role {object} were changed."),
    "roles:delete": Act("roles", "delete", "role", "deleted", "Role {object} was deleted."),
    "groups:create": Act("user_groups", "create", "group", "created", "Group {object} was created."),
    "groups:edit": Act("user_groups", "edit", "group", "changed", "Group {object} was changed."),
    "groups:delete": Act("user_groups", "delete", "group", "deleted", "Group {object} was deleted."),
    "realms:edit": Act("configuration", "edit", "configuration", "changed", "Configuration was changed."),
}  # fmt: skip
KINDS = frozenset(act.kind for act in ACTS.values())


def verbs(kind: str | None) -> tuple[str, ...]:
    """The verbs of acts done to things of that type; of all where None."""
    return tuple(verb for verb, act in ACTS.items() if kind in (None, act.kind))


def who(row: AuditRow) -> tuple[str, str]:
    """Id and name of who did it: at sign-in, and by a reset token, whom it is about."""
    person = row.actor or row.subject
    return (person.uuid, name_of(person)) if person is not None else ("", OPERATOR)


def thing(row: AuditRow) -> tuple[str, str]:
    """Id and name of whom or what it was done to."""
    kind = ACTS[row.verb].kind
    if kind == "users":
        return (row.subject.uuid, name_of(row.subject)) if row.subject is not None else ("", "")
    if kind == "configuration":
        return "", kind
    number = row.detail.get("number", row.detail.get("id", ""))
    return str(number), str(row.detail.get("role", row.detail.get("group", "")))


def message(row: AuditRow) -> str:
    """What happened, in a sentence that names people as `Display Name (uuid)`."""
    uuid, name = thing(row)
    fields = ", ".join(map(str, row.detail.get("fields", ())))
    named = f"{name} ({uuid})" if name else uuid
    sentence = ACTS[row.verb].message.replace("{fields}", fields or "nothing")
    return sentence.replace("{object}", named)


def name_of(person: Subject) -> str:
    """The display name, else the login; somebody deleted has neither."""
    return person.display_name or person.login or "deleted user"
