"""Permissions as this wire names them, object type, action and instance, and what each is here."""

from keyturn.core.rules import PERMISSIONS, triple
from keyturn.core.types import Frozen
from keyturn.dialects.puppet.role_bodies import Permission

ALIASES = {"user_roles": "roles"}
"""Object types that go by another name in the product's pages than on its wire."""


class Action(Frozen):
    """What may be done with things of a type, and the right `noun:action` that it is here."""

    name: str
    display_name: str
    right: str
    has_instances: bool = True


class ObjectType(Frozen):
    """A type of things with what may be done with them."""

    name: str
    display_name: str
    description: str
    actions: tuple[Action, ...]


# Of several actions that are one right here, the first is the one that roles are listed with.
TYPES = (
    ObjectType(
        "users", "Users", "People and machines with an account.",
        (
            Action("view", "View", "users:view"),
            Action("create", "Create", "users:create", False),
            Action("edit", "Edit", "users:edit"),
            Action("reset_password", "Reset password", "users:reset_password"),
            Action("disable", "Revoke", "users:disable"),
            Action("act_for", "Act for", "users:act_for"),
        ),
    ),
    ObjectType(
        "roles", "User roles", "Named sets of permissions.",
        (
            Action("view", "View", "roles:view", False),
            Action("edit", "Edit", "roles:edit", False),
            Action("create", "Create", "roles:edit", False),
            Action("edit_members", "Edit members", "roles:edit_members"),
        ),
    ),
    ObjectType(
        "user_groups", "User groups", "Records of groups that a directory elsewhere keeps.",
        (
            Action("import", "Import", "roles:edit_members", False),
            Action("delete", "Delete", "roles:edit_members"),
        ),
    ),
    ObjectType(
        "tokens", "Tokens", "What is shown instead of a password.",
        (
            Action("view", "View", "tokens:view"),
            Action("mint_for", "Make for others", "tokens:mint_for"),
            Action("revoke", "Revoke", "tokens:revoke"),
            Action("introspect", "Look into", "tokens:introspect", False),
            Action("create_own", "Make for oneself", "own_tokens:create", False),
        ),
    ),
    ObjectType(
        "configuration", "Configuration", "Policy, settings and the disclaimer.",
        (
            Action("view_disclaimer", "View disclaimer", "policy:view", False),
            Action("edit_disclaimer", "Edit disclaimer", "policy:edit", False),
            Action("view", "View", "policy:view", False),
            Action("edit", "Edit", "policy:edit", False),
        ),
    ),
    ObjectType(
        "directory_service", "Directory service", "There is none here; its settings are part of the configuration.",
        (Action("edit", "Edit", "policy:edit", False),),
    ),
    ObjectType("audit", "Activity", "What was done.", (Action("view", "View", "audit:view", False),)),
    ObjectType(
        "realms", "Realms", "Closed worlds of users.",
        (
            Action("view", "View", "realms:view", False),
            Action("create", "Create", "realms:create", False),
            Action("edit", "Edit", "realms:edit", False),
        ),
    ),
    ObjectType("limits", "Limits", "Calls that are taken.", (Action("bypass", "Bypass", "limits:bypass", False),)),
    ObjectType("metrics", "Metrics", "Figures of the server.", (Action("view", "View", "metrics:view", False),)),
)  # fmt: skip
RIGHTS = {(kind.name, action.name): action.right for kind in TYPES for action in kind.actions}
NAMES = {right: names for names, right in reversed(RIGHTS.items())}
"""For each right the object type and action that it is listed with."""


def right_of(object_type: str, action: str) -> str | None:
    """The right `noun:action` that an action on things of a type is; None where neither knows it."""
    known = RIGHTS.get((ALIASES.get(object_type, object_type), action))
    plain = f"{object_type}:{action}"
    return known or (plain if plain in PERMISSIONS else None)


def ours(permission: Permission) -> str | None:
    """The permission `noun:action:target`; None where it is not known."""
    kind, action = ALIASES.get(permission.object_type, permission.object_type), permission.action
    right = right_of(kind, action) or (f"{kind}:{action}" if action == "*" else None)
    text = f"{right}:{permission.instance}"
    return text if right is not None and triple(text) is not None else None


def theirs(permission: str) -> Permission:
    """The permission in this wire's words; one that it has no words for keeps ours."""
    noun, action, target = permission.split(":", 2)
    kind, name = NAMES.get(f"{noun}:{action}", (noun, action))
    return Permission(kind, name, target)
