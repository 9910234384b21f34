"""The bootstrap file: YAML into a checked plan, with every fault named by its line."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from keyturn.cli import checks as k
from keyturn.cli.checks import Check
from keyturn.cli.marked import Fault, Marked, load, shown
from keyturn.core import plan as p
from keyturn.core.names import canonical
from keyturn.core.rules import HOME_REALM
from keyturn.core.settings import Setting, check_policy, check_settings
from keyturn.core.types import Frozen, WireRule

LARGEST_FILE = 64 * 1024 * 1024


class Known(Frozen):
    """What the wires brought along: their rules, the settings of a realm, and what each knows of a user."""

    wires: Mapping[str, WireRule]
    settings: Mapping[str, Setting]
    attributes: Mapping[str, Mapping[str, Setting]]


class Sheet(Frozen):
    """A file as it was read: the plan, the line of every place, and what is wrong; the plan counts only without."""

    plan: p.Plan
    lines: dict[str, int]
    faults: tuple[Fault, ...]

    def told(self, faults: Mapping[str, str]) -> tuple[Fault, ...]:
        """Faults by place with their lines, in the order of the file."""
        return ordered(Fault(self._line(at), at, sentence) for at, sentence in faults.items())

    def _line(self, at: str) -> int:
        while at and at not in self.lines:
            at = re.sub(r"(\.|\[)[^.\[]*$", "", at) if re.search(r"[.\[]", at) else ""
        return self.lines.get(at, 1)


def read(data: bytes, known: Known) -> Sheet:
    """The file as a plan, or all that is wrong with it."""
    if len(data) > LARGEST_FILE:
        return Sheet(p.Plan(), {}, (Fault(1, "", "is larger than 64 MiB"),))
    root, faults = load(data)
    if root is None:
        return Sheet(p.Plan(), {}, ordered(faults))
    reader = Reader(known, list(faults))
    plan = reader.plan(root)
    sheet = Sheet(plan, reader.lines, ())
    twice = () if reader.faults else sheet.told(p.faults(plan))
    return Sheet(plan, reader.lines, ordered((*reader.faults, *twice)))


def ordered(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Faults in the order of the file."""
    return tuple(sorted(faults, key=lambda fault: fault.line))


class Reader:
    """One reading of one file: faults and lines are gathered on the way."""

    def __init__(self, known: Known, faults: list[Fault]) -> None:
        self.known = known
        self.faults = faults
        self.lines: dict[str, int] = {}

    def plan(self, root: Marked) -> p.Plan:
        """The whole file."""
        top = Section(self, root, "", ("realms", "roles", "users"))
        return p.Plan(
            top.sections("realms", self._realm), top.sections("roles", self._role), top.sections("users", self._user)
        )

    def fault(self, line: int, at: str, sentence: str) -> None:
        """Something is wrong there."""
        self.faults.append(Fault(line, at, sentence))

    def _realm(self, item: Marked, at: str) -> p.PlannedRealm:
        s = Section(self, item, at, ("name", "display_name", "hosts", "policy", "settings"))
        return p.PlannedRealm(
            at=at, name=s.need("name", k.login, canon=True), display_name=s.take("display_name", k.title),
            hosts=s.each("hosts", k.host), policy=s.choices("policy", check_policy),
            settings=s.choices("settings", lambda given: check_settings(self.known.settings, given)),
        )  # fmt: skip

    def _role(self, item: Marked, at: str) -> p.PlannedRole:
        s = Section(self, item, at, ("realm", "name", "permissions", "description", "two_factor"))
        if s.item("permissions") is None:
            s.wrong("permissions", "is missing")
        return p.PlannedRole(
            at=at, realm=s.take("realm", k.login, canon=True) or HOME_REALM, name=s.need("name", k.login),
            permissions=s.each("permissions", k.permission) or (), description=s.take("description", k.title_or_empty),
            two_factor=s.take("two_factor", k.flag),
        )  # fmt: skip

    def _user(self, item: Marked, at: str) -> p.PlannedUser:
        s = Section(self, item, at, USER)
        user = p.PlannedUser(
            at=at, realm=s.take("realm", k.login, canon=True) or HOME_REALM, login=s.need("login", k.login),
            uuid=s.take("uuid", k.uuid), number=s.take("number", k.number), handle=s.take("handle", k.handle),
            email=s.take("email", k.mail_or_empty), email_verified=s.take("email_verified", k.flag),
            notify=s.each("notify", k.mail), display_name=s.take("display_name", k.title_or_empty),
            password=s.take("password", k.secret), password_hash=s.take("password_hash", k.stored_hash),
            trusted=s.take("trusted", k.flag) or False, must_change=s.take("must_change", k.flag) or False,
            remote=s.take("remote", k.flag), service=s.take("service", k.flag), roles=s.each("roles", k.login),
            suspended=s.take("suspended", k.flag), factors=s.sections("factors", self._factor),
            attributes=self._attributes(s), tokens=s.sections("tokens", self._token),
        )  # fmt: skip
        given = [name for name in ("password", "password_hash") if getattr(user, name) is not None]
        if len(given) == 2:
            s.wrong("password_hash", "is there beside a password; give one of them")
        for name in given if user.remote else ():
            s.wrong(name, "is not kept here for a remote user")
        return user

    def _factor(self, item: Marked, at: str) -> p.PlannedFactor:
        s = Section(self, item, at, ("kind", "secret"))
        kind = s.need("kind", k.one_of(*p.FACTORS))
        found = s.take("secret", k.seed)
        if kind == "totp" and "secret" not in item.fields:
            s.wrong("secret", "is missing")
        if kind == "email" and found is not None:
            s.wrong("secret", "is not taken for a mailed code")
        return p.PlannedFactor(at, kind, found)

    def _token(self, item: Marked, at: str) -> p.PlannedToken:
        s = Section(self, item, at, TOKEN)
        token = p.PlannedToken(
            at=at, kind=s.take("kind", k.one_of(*p.KINDS)) or "personal",
            dialect=s.take("dialect", k.one_of(*self.known.wires)) or "native", name=s.take("name", k.label),
            value=s.take("value", k.secret), digest=s.take("digest", k.digest), expires_in=s.take("expires_in", k.span),
            bypass=s.take("bypass_two_factor", k.flag), scopes=s.each("scopes", k.scope),
        )  # fmt: skip
        wire = self.known.wires.get(token.dialect)
        known = wire is not None and (s.item("kind") is None or item.fields["kind"].text == token.kind)
        if wire is not None and known and token.kind not in wire.kinds:
            s.wrong("kind", f"is not issued on this dialect, which takes: {', '.join(_kinds(wire))}")
        elif wire is not None and token.value is not None and (sentence := p.fits(wire.shape, token.value)):
            s.wrong("value", sentence)
        if token.scopes == () and not item.fields["scopes"].items:
            s.wrong("scopes", "is empty; leave it out for all that the owner may do")
        if token.value is not None and token.digest is not None:
            s.wrong("digest", "is there beside a value; give one of them")
        return token

    def _attributes(self, user: "Section") -> dict[str, dict[str, Any]]:
        item = user.item("attributes")
        if item is None:
            return {}
        s = Section(self, item, f"{user.at}.attributes", tuple(self.known.wires))
        return {wire: self._attribute(s, wire) for wire in item.fields if wire in self.known.wires}

    def _attribute(self, s: "Section", wire: str) -> dict[str, Any]:
        """Known names are checked; others are kept as they stand, for the wire that will know them."""
        rows = self.known.attributes.get(wire, {})
        item = s.item(wire)
        part = None if item is None else Section(self, item, f"{s.at}.{wire}", tuple(item.fields))
        if part is None:
            return {}
        found = {name: part.take(name, k.setting(rows[name]) if name in rows else k.anything) for name in part.names}
        return {name: value for name, value in found.items() if value is not None}


class Section:
    """One mapping of the file, read field by field; what is not known is a fault."""

    def __init__(self, reader: Reader, item: Marked, at: str, names: tuple[str, ...]) -> None:
        self.at = at
        self.names = names
        self._reader = reader
        self._item = item
        reader.lines[at] = item.line
        if not isinstance(item.value, dict):
            reader.fault(item.line, at, f"wants a mapping of {', '.join(names)}")
        for name, field in item.fields.items():
            reader.lines[self._place(name)] = field.line
            if name not in names:
                reader.fault(field.line, self._place(shown(name)), "is not known here")

    def item(self, name: str) -> Marked | None:
        """The field of that name; None when absent or empty."""
        field = self._item.fields.get(name)
        return None if field is None or field.value is None else field

    def take(self, name: str, check: Check, canon: bool = False) -> Any:
        """The checked value of that field; None when absent, empty or wrong."""
        field = self.item(name)
        if field is None:
            return None
        try:
            value = check(field)
        except ValueError as error:
            return self.wrong(name, str(error))
        return canonical(value) if canon else value

    def need(self, name: str, check: Check, canon: bool = False) -> Any:
        """The same, for a field that must be there; an empty stand-in when it is wrong."""
        if self.item(name) is None and isinstance(self._item.value, dict):
            self.wrong(name, "is missing")
        value = self.take(name, check, canon)
        return value if value is not None else ""

    def each(self, name: str, check: Check) -> tuple[Any, ...] | None:
        """The checked elements of a list; None when absent; every wrong element is told."""
        field = self.item(name)
        if field is None:
            return None
        if not isinstance(field.value, list):
            self.wrong(name, "wants a list")
        found = []
        for n, item in enumerate(field.items):
            try:
                found.append(check(item))
            except ValueError as error:
                self._reader.fault(item.line, f"{self._place(name)}[{n}]", str(error))
        return tuple(found)

    def sections(self, name: str, read: Callable[[Marked, str], Any]) -> tuple[Any, ...]:
        """Each element of a list of mappings."""
        field = self.item(name)
        if field is None:
            return ()
        if not isinstance(field.value, list):
            self.wrong(name, "wants a list")
        return tuple(read(item, f"{self._place(name)}[{n}]") for n, item in enumerate(field.items))

    def choices(self, name: str, check: Callable[[Mapping[str, Any]], Any]) -> dict[str, Any]:
        """A mapping whose names and values a table of the core knows."""
        field = self.item(name)
        if field is None:
            return {}
        part = Section(self._reader, field, self._place(name), tuple(field.fields))
        good: dict[str, Any]
        good, faults = check({n: v.plain() for n, v in field.fields.items()})
        for at in tuple(faults):
            # YAML takes a bare `off` for a truth value; where a word of that spelling fits, it was meant.
            again, still = check({at: field.fields[at].text})
            if isinstance(field.fields[at].value, bool) and not still:
                good.update(again)
                del faults[at]
        for at, sentence in faults.items():
            part.wrong(at, sentence)
        return good

    def wrong(self, name: str, sentence: str) -> None:
        """That field is wrong."""
        field = self._item.fields.get(name)
        self._reader.fault(self._item.line if field is None else field.line, self._place(shown(name)), sentence)

    def _place(self, name: str) -> str:
        return f"{self.at}.{name}" if self.at else name


def _kinds(wire: WireRule) -> tuple[str, ...]:
    return tuple(kind for kind in p.KINDS if kind in wire.kinds)


USER = (
    "realm", "login", "uuid", "number", "handle", "email", "email_verified", "notify", "display_name", "password",
    "password_hash", "trusted", "must_change", "remote", "service", "roles", "suspended", "factors", "attributes",
    "tokens",
)  # fmt: skip
TOKEN = ("kind", "name", "dialect", "value", "digest", "expires_in", "bypass_two_factor", "scopes")
