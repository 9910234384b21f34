"""Rights: what permissions allow, and the roles every realm is born with."""

from collections.abc import Iterable

from keyturn.core.types import Frozen, Grants, Role

PERMISSIONS = {
    "users:view": "See users, their roles, factors and sessions.",
    "users:create": "Add users.",
    "users:edit": "Change or delete users.",
    "users:disable": "Suspend, reinstate and unlock users.",
    "users:reset_password": "Issue password reset tokens.",
    "users:act_for": "Get a delegated token for another user.",
    "tokens:view": "See other people's tokens.",
    "tokens:mint_for": "Issue tokens for other people.",
    "tokens:revoke": "End other people's tokens.",
    "tokens:introspect": "Ask whether a token is active.",
    "own_tokens:create": "Issue personal tokens for oneself.",
    "roles:view": "See roles.",
    "roles:edit": "Change roles.",
    "roles:edit_members": "Give and take roles.",
    "policy:view": "See policy and settings.",
    "policy:edit": "Change policy and settings.",
    "audit:view": "Read the audit log.",
    "realms:view": "See realms.",
    "realms:create": "Add realms.",
    "realms:edit": "Change realms.",
    "limits:bypass": "Be held to no wire's limit of calls.",
    "metrics:view": "Read metrics from another machine.",
}

HARMLESS = frozenset(n for n in PERMISSIONS if n.endswith(":view")) | {
    "own_tokens:create",
    "tokens:introspect",
    "limits:bypass",
}
"""Rights that give no power over others."""

REALM_WIDE = tuple(f"{name}:*" for name in PERMISSIONS if name not in ("realms:create", "realms:edit", "metrics:view"))


class BuiltIn(Frozen):
    """A role every realm is born with; `number` is fixed, since scripts carry it."""

    number: int
    name: str
    description: str
    permissions: tuple[str, ...]
    across: bool = False
    administrator: bool = False


BUILT_IN = (
    BuiltIn(1, "Administrators", "All rights in the realm.", REALM_WIDE, administrator=True),
    BuiltIn(2, "Operators", "May issue own tokens.", ("own_tokens:create:*",)),
    BuiltIn(3, "Viewers", "May see users.", ("own_tokens:create:*", "users:view:*")),
    BuiltIn(4, "Code Deployers", "May issue own tokens.", ("own_tokens:create:*",)),
    BuiltIn(5, "Project Deployers", "May issue own tokens.", ("own_tokens:create:*",)),
    BuiltIn(
        6,
        "Help Desk",
        "Helps people back in.",
        (
            "own_tokens:create:*",
            "users:view:*",
            "users:reset_password:*",
            "users:disable:*",
            "tokens:view:*",
            "tokens:revoke:*",
            "audit:view:*",
        ),
    ),
    BuiltIn(7, "Members", "May issue own tokens.", ("own_tokens:create:*",)),
    BuiltIn(8, "Stewards", "All rights in every realm.", ("*:*:*",), across=True, administrator=True),
)
FIRST_CUSTOM_NUMBER = 20
DEFAULT_ROLE = "Members"
STEWARDS = "Stewards"
ADMINISTRATORS = "Administrators"
STEWARD = 2
HOME_REALM = "default"
KNOWN_UUIDS = {"admin": "42bf351c-f9ec-40af-84ad-e976fec7f4bd"}
"""The uuid that scripts carry for the first administrator's usual login."""
NOBODY = Grants()
EVERYTHING = Grants(frozenset({("*", "*", "*")}), across=True, roles=frozenset({STEWARDS}))


def known_uuid(login: str | None) -> str | None:
    """The uuid a first administrator of that login gets, where scripts know one."""
    return KNOWN_UUIDS.get(login or "")


def triple(permission: str) -> tuple[str, str, str] | None:
    """`noun:action:target` as three parts, or None when it is not a permission we know.

    Safe     split on the first two colons only: a target may hold more of them
    """
    parts = permission.split(":", 2)
    if len(parts) != 3 or not parts[2]:
        return None
    noun, action, target = parts
    known = (noun, action) == ("*", "*") or f"{noun}:{action}" in PERMISSIONS
    wide = action == "*" and any(name.startswith(noun + ":") for name in PERMISSIONS)
    return (noun, action, target) if known or wide else None


def grants(roles: Iterable[Role]) -> Grants:
    """What a subject with these roles may do."""
    held = tuple(roles)
    triples = {t for role in held for p in role.permissions if (t := triple(p)) is not None}
    names = frozenset(role.name for role in held if role.built_in)
    return Grants(frozenset(triples), any(role.across for role in held), names)


def allows(held: Grants, right: str, target: str = "*") -> bool:
    """Whether the grants cover `noun:action` on that target (an id, or `*` for all)."""
    noun, action = right.split(":")
    return any(n in (noun, "*") and a in (action, "*") and t in (target, "*") for n, a, t in held.triples)


def allows_some(held: Grants, right: str) -> bool:
    """Whether the grants cover `noun:action` on any target at all."""
    noun, action = right.split(":")
    return any(n in (noun, "*") and a in (action, "*") for n, a, _ in held.triples)


def administers(held: Grants) -> bool:
    """Whether the holder is an administrator of the realm or of all of them."""
    return bool(held.roles & {STEWARDS, ADMINISTRATORS})


def out_of_reach(theirs: Grants, mine: Grants) -> bool:
    """Whether I may not act for them: on administrators only a Steward acts, on nobody who stands above."""
    return (rank(theirs) > 0 and rank(mine) < STEWARD) or above(theirs, mine)


def covers(mine: Grants, theirs: Iterable[str]) -> bool:
    """Whether every one of the given permissions is held: nobody gives what they lack (TM4)."""
    wanted = [triple(p) for p in theirs]
    return all(w is not None and allows(mine, f"{w[0]}:{w[1]}", w[2]) for w in wanted)


def may_give(mine: Grants, given: Iterable[Role]) -> bool:
    """Whether the roles may be given by somebody with these grants: all that they give is held (TM4)."""
    roles = tuple(given)
    most = max((2 if r.across else int(r.name == ADMINISTRATORS and r.built_in) for r in roles), default=0)
    return rank(mine) >= most and all(covers(mine, role.permissions) for role in roles)


def counted(held: set[int], numbers: Iterable[int], unseen: Iterable[int], alike: tuple[int, ...]) -> set[int]:
    """The roles, by number, of whoever is to have `numbers` on a wire that does not tell all roles apart.

    Shapes   unseen, alike: as in `membership.Counted`
    """
    wanted = set(numbers) | (held & set(unseen))
    others = held & set(alike[1:])
    if alike and alike[0] in wanted and others:
        wanted = (wanted - {alike[0]}) | others | (held & {alike[0]})
    return wanted


def rank(held: Grants) -> int:
    """0 a plain subject, 1 an administrator of the realm, 2 of all realms."""
    return 2 if held.across else int(administers(held))


def above(theirs: Grants, mine: Grants) -> bool:
    """Whether they stand above me: of a higher rank, or of mine and able to do what I am not.

    Safe     so nobody takes over an account to get its rights, custom roles included (TM4); to look, and to mint
             for oneself, raises nobody
    """
    if rank(theirs) != rank(mine):
        return rank(theirs) > rank(mine)
    powers = [t for t in theirs.triples if f"{t[0]}:{t[1]}" not in HARMLESS]
    return not all(allows(mine, f"{noun}:{action}", target) for noun, action, target in powers)


def narrowed(held: Grants, scopes: tuple[str, ...] | None) -> Grants:
    """The grants as a token with these scopes carries them; None = all of them.

    Safe     a scope never adds a right, save `introspect`, which is what an integrated service is given
    """
    if scopes is None:
        return held
    kept = {t for t in held.triples for s in scopes if s in (f"{t[0]}:{t[1]}", ":".join(t))}
    kept |= {wish for s in scopes if (wish := triple(s if s.count(":") > 1 else f"{s}:*")) and _held(held, wish)}
    if "introspect" in scopes:
        kept.add(("tokens", "introspect", "*"))
    return Grants(frozenset(kept), held.across, frozenset())


def _held(held: Grants, wish: tuple[str, str, str]) -> bool:
    return "*" not in wish[:2] and allows(held, f"{wish[0]}:{wish[1]}", wish[2])
