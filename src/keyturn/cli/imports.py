"""`keyturn import`: users of another system, with passwords, factors and tokens, moved in from an export of it."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from typing import BinaryIO

import click

from keyturn.cli import door, importing
from keyturn.cli.exports import NoExport, Tick
from keyturn.cli.frame import MISUSED, REFUSED, Command, Trouble, say, shared, told_json, warn
from keyturn.cli.importing import Tally

SHOWN = 100
"""Lines that are told to a person; --json tells all."""


@click.command(
    "import",
    cls=Command,
    examples=("keyturn import rocketchat users.json --dry-run", "keyturn import rocketchat users.json"),
)
@click.argument("source", metavar="SOURCE", type=click.Choice(tuple(importing.READERS)))
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Tell what would come of it; change nothing.")
@click.option("--realm", metavar="NAME", default="default", help="The realm; default `default`.")
def bring(source: str, file: str, dry_run: bool, realm: str) -> None:
    """Take over the users of SOURCE (rocketchat) from FILE, an export of its collection `users`; `-` is stdin.

    Old passwords, tokens and second factors go on to work. Who is here already stays as they are, so that the same
    file may be given again. Exit 1 when something could not be taken; each such thing is named with its line.
    """
    with _opened(file) as stream, door.opened(door.config(), make=not dry_run) as house, _progress(stream) as tick:
        try:
            tally = importing.bring(house, source, stream, realm, dry_run, tick)
        except NoExport as error:
            raise Trouble(f"{file} {error}.", exit_code=MISUSED) from error
        except importing.Refused as error:
            what = "the import stopped; give the same file again" if error.begun else "nothing was imported"
            raise door.denied(error.denied, what) from error
    if not told_json(lambda: importing.told(tally, realm, dry_run)):
        _say(tally, file, realm, dry_run)
    if tally.left:
        click.get_current_context().exit(REFUSED)


@contextlib.contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context(open(file, "rb"))
        except OSError as error:
            raise Trouble(f"{file} cannot be read: {error.strerror}.", exit_code=MISUSED) from error
        yield stream


@contextlib.contextmanager
def _progress(stream: BinaryIO) -> Iterator[Tick]:
    """A bar on the terminal, by the bytes of a file whose size is known."""
    size = _size(stream)
    if not size or shared("json") or shared("quiet") or not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=size, label="Importing", file=sys.stderr) as bar:
        yield bar.update


def _size(stream: BinaryIO) -> int:
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _say(tally: Tally, file: str, realm: str, dry_run: bool) -> None:
    for left in tally.left[:SHOWN]:
        warn(f"line {left.line}: {left.login + ': ' if left.login else ''}{left.what} {left.why}")
    if len(tally.left) > SHOWN:
        warn(f"… and {len(tally.left) - SHOWN} more; --json tells all of them.")
    n = tally.counts
    say(
        f"{'Would take' if dry_run else 'Took'} {n['users']} users of {file} into realm {realm}: {n['passwords']}"
        f" passwords, {n['tokens']} tokens, {n['factors']} factors, {n['codes']} recovery codes."
    )
    for count, words in (
        (n["already"], "users were here before and stay as they are."),
        (n["expired"], "tokens had expired and were left out."),
        (n["stopped"], "tokens of suspended users were left out."),
        (len(tally.left), "things could not be taken; they are named above."),
    ):
        if count:
            say(f"{count} {words}")
