"""`keyturn token`: issued, listed, rotated, ended and asked about by the operator."""

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from keyturn.cli import door
from keyturn.cli.frame import REFUSED, Command, Group, Trouble, say, tell, told_json, warn
from keyturn.cli.shown import end, last6, pairs, table, token_state, when, word
from keyturn.cli.users import REALM, UUID, ref, span
from keyturn.core import commands as c
from keyturn.core.types import Secret, TokenRef, TokenView

FOR = click.option("--for", "login", metavar="LOGIN", help="Whose token it is.")
DIALECT = click.option("--dialect", metavar="D", default="native", show_default=True, help="The wire it opens.")
EXPIRES = click.option("--expires", metavar="D", help="Its life: 30m, 8h, 90d; within the realm's cap.")
NOT_ACTIVE = "not active"


@click.group(cls=Group)
def token() -> None:
    """Tokens of anybody."""


@token.command(
    "issue",
    cls=Command,
    examples=(
        "keyturn token issue --for jean --name ci > ci.token",
        "keyturn token issue --for jean --name ci --scope introspect --expires 90d --out ci.token",
    ),
)
@click.option("--for", "login", metavar="LOGIN", required=True, help="Whose token it will be.")
@click.option("--name", metavar="N", help="What it is called; needed but for --kind api.")
@click.option("--kind", type=click.Choice(["personal", "api"]), default="personal", show_default=True)
@DIALECT
@click.option("--scope", "scopes", multiple=True, metavar="S", help="What it may do, as often as needed; default all.")
@EXPIRES
@click.option("--bypass-two-factor", is_flag=True, help="It passes where its wire asks for a second proof.")
@click.option("--out", metavar="FILE", help="Write the secret to a new file (mode 0600) instead of stdout.")
@REALM
def issue(login: str, name: str | None, out: str | None, realm: str | None, **given: Any) -> None:
    """Issue a token; its secret is the only line on stdout, once."""
    from keyturn.dialects.native.shaping import made

    if name is None and given["kind"] != "api":
        raise click.UsageError("--name is needed.")
    command = c.IssueToken(
        given["kind"], name, given["dialect"], ref(login), given["scopes"] or None, span(given["expires"]),
        given["bypass_two_factor"],
    )  # fmt: skip
    with Destination(out, overwrite=False) as place:
        outcome = door.wished(command, "no token was issued", realm)
        place.write(outcome.secret)
    if out is None and told_json(lambda: made(outcome.secret, outcome.view)):
        return
    place.tell(outcome.secret)
    view: TokenView = outcome.view
    called = view.token.name or view.token.kind
    say(f"Issued {called} ({last6(view)}) for {view.owner.login}, {end(view.token.expires)}. {place.words()}")


@token.command("list", cls=Command, examples=("keyturn token list", "keyturn token list --for jean --json"))
@FOR
@click.option("--dialect", metavar="D", default=None, help="Of this wire alone.")
@click.option("--kind", metavar="K", default=None, help="Of this kind alone.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True, metavar="N")
@click.option("--cursor", default=None, metavar="C", help="Go on after an earlier page.")
@REALM
def list_tokens(login: str | None, realm: str | None, **given: Any) -> None:
    """List live tokens, oldest first."""
    from keyturn.dialects.native.answers import Tokens
    from keyturn.dialects.native.shaping import token as shape

    owner = None if login is None else ref(login)
    command = c.ListTokens(owner, owner is None, given["dialect"], given["kind"], given["limit"], given["cursor"])
    listed = door.wished(command, "nothing was listed", realm)
    if told_json(lambda: Tokens(tuple(map(shape, listed.tokens)), listed.next_cursor)):
        return
    head = ("OWNER", "NAME", "KIND", "DIALECT", "ENDS", "SCOPES", "EXPIRES", "LAST USED")
    rows = [
        (v.owner.login, v.token.name or "-", v.token.kind, v.token.dialect, last6(v), _scopes(v.token.scopes),
         when(v.token.expires), when(v.secret.last_used))
        for v in listed.tokens
    ]  # fmt: skip
    table(head, rows)
    if listed.next_cursor is not None:
        say(f"There are more.   try: --cursor {listed.next_cursor}")


@token.command("show", cls=Command, examples=("keyturn token show ci --for jean",))
@click.argument("name")
@FOR
@DIALECT
@REALM
def show(name: str, login: str | None, dialect: str, realm: str | None) -> None:
    """Show one token, by name and owner or by its id."""
    from keyturn.dialects.native.shaping import token as shape

    command = c.ShowToken(*which(name, login, dialect))
    with door.opened(door.config()) as house:
        view: TokenView = door.wish(house, command, f"{name} cannot be shown", realm).view
        now = house.store.now()
    if told_json(lambda: shape(view)):
        return
    t, x = view.token, view.secret
    pairs(
        (
            ("token", t.name or "-"), ("state", word(token_state(view, now))), ("owner", view.owner.login),
            ("kind", t.kind), ("dialect", t.dialect), ("scopes", _scopes(t.scopes)), ("id", t.uuid),
            ("made", when(t.created)), ("expires", when(t.expires)), ("secret", last6(view)),
            ("last used", when(x.last_used)), ("from", x.used_from or "-"), ("client", x.client or "-"),
        )
    )  # fmt: skip


@token.command(
    "rotate",
    cls=Command,
    examples=("keyturn token rotate ci --for jean --out ci.new", "keyturn token rotate ci --for jean --write ci.token"),
)
@click.argument("name")
@FOR
@DIALECT
@EXPIRES
@click.option("--out", metavar="FILE", help="Write the new secret to a new file (mode 0600) instead of stdout.")
@click.option("--write", metavar="FILE", help="Put the new secret in the place of this file, whole or not at all.")
@REALM
def rotate(name: str, login: str | None, dialect: str, realm: str | None, **given: Any) -> None:
    """Give a token a new secret; the old one is dead when this returns."""
    from keyturn.dialects.native.shaping import made

    if given["out"] and given["write"]:
        raise click.UsageError("--out and --write do not go together.")
    file = given["out"] or given["write"]
    ref_, owner = which(name, login, dialect)
    command = c.RotateToken(ref_, owner, span(given["expires"]))
    with Destination(file, overwrite=given["write"] is not None) as place:
        outcome = door.wished(command, f"{name} was not rotated", realm)
        place.write(outcome.secret)
    if file is None and told_json(lambda: made(outcome.secret, outcome.view)):
        return
    place.tell(outcome.secret)
    say(f"Rotated {name}: new secret {last6(outcome.view)}, {end(outcome.view.token.expires)}. {place.words()}")


@token.command("revoke", cls=Command, examples=("keyturn token revoke ci --for jean",))
@click.argument("name")
@FOR
@DIALECT
@REALM
def revoke(name: str, login: str | None, dialect: str, realm: str | None) -> None:
    """End a token, by name and owner or by its id."""
    outcome = door.wished(c.RevokeToken(*which(name, login, dialect)), f"{name} was not revoked", realm)
    if not told_json(lambda: {"name": name, "changed": not outcome.again}):
        say(f"{name} was over already." if outcome.again else f"Revoked {name}.")


@token.command("verify", cls=Command, examples=("keyturn token verify - < ci.token",))
@click.argument("source", metavar="-")
@click.option("--scope", metavar="S", help="Ask too whether it lists this scope.")
@click.option("--realm", metavar="NAME", help="In this realm alone.")
def verify(source: str, scope: str | None, realm: str | None) -> None:
    """Say whether the token on stdin is active, and whose it is; exit 1 when not."""
    from keyturn.dialects.native.shaping import introspection

    if source != "-":
        raise click.UsageError("a token is never an argument: give it on stdin, with `-` in its place.")
    command = c.Introspect((Secret(door.stdin_secret()),), scope)
    with door.opened(door.config()) as house:
        names = [realm] if realm else [r.name for r in door.wish(house, c.ListRealms(), "no realm was found").realms]
        found = (door.wish(house, command, "the token was not looked at", name).results[0] for name in names)
        facts = next((f for f in found if f is not None), None)
    if not told_json(lambda: introspection(facts)):
        line = NOT_ACTIVE if facts is None else "active"
        if facts is not None:
            line += f"  {facts.subject.login}  {facts.realm}  {_scopes(facts.scopes)}  {end(facts.expires)}"
        tell(line)
    if facts is None:
        click.get_current_context().exit(REFUSED)


def which(name: str, login: str | None, dialect: str) -> tuple[TokenRef, Any]:
    """Which token a name on the command line means: one by id, or one of an owner by name."""
    if UUID.fullmatch(name) and login is None:
        return TokenRef("uuid", name), None
    if login is None:
        raise click.UsageError("--for is needed with a token's name.")
    return TokenRef("name", name, dialect), ref(login)


class Destination:
    """Where a new secret goes: stdout, or a file that is opened before the secret is drawn.

    Safe     a full disk or a forbidden folder is met first, so that no secret is made that nobody gets
    """

    def __init__(self, file: str | None, overwrite: bool) -> None:
        self._file = None if file is None else Path(file)
        self._overwrite = overwrite
        self._draft: Path | None = None
        self._descriptor = -1

    def __enter__(self) -> "Destination":
        if self._file is None:
            return self
        if self._file.exists() and not self._overwrite:
            raise Trouble(f"{self._file} is there already.", hint="another file, or remove it first")
        try:
            self._descriptor, draft = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.name}.")
            self._draft = Path(draft)
            os.write(self._descriptor, b" " * 1024)
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        except OSError as error:
            self.__exit__()
            raise Trouble(f"{self._file} cannot be written: {error.strerror}.") from error
        return self

    def __exit__(self, *raised: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._draft is not None:
            self._draft.unlink(missing_ok=True)

    def write(self, secret: Secret) -> None:
        """The file holds the secret, whole, readable by its owner alone."""
        if self._file is None or self._draft is None:
            return
        try:
            os.write(self._descriptor, secret.reveal().encode() + b"\n")
            os.fsync(self._descriptor)
            if self._overwrite:
                self._draft.replace(self._file)
            else:
                os.link(self._draft, self._file)
        except OSError as error:
            warn(f"keyturn: {self._file} could not be written ({error.strerror}); the secret is on stdout instead.")
            self._file = None

    def tell(self, secret: Secret) -> None:
        """The secret is on stdout, unless it is in a file."""
        if self._file is None:
            tell(secret.reveal())

    def words(self) -> str:
        """Where it is, in words."""
        return "The secret is on stdout, once." if self._file is None else f"The secret is in {self._file} (mode 0600)."


def _scopes(scopes: tuple[str, ...] | None) -> str:
    return "all" if scopes is None else " ".join(scopes)
