"""The command line in this process: a line of words in, exit code and both streams out."""

import io
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from keyturn.cli import root
from keyturn.cli.frame import run

PASSWORD = "a long passphrase at a shell\n"
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what does not depend on the store."""


class Said(NamedTuple):
    """What a command left: exit code, data, words."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The data as JSON, which is one line of it."""
        assert self.out.count("\n") == 1, self.out
        return msgspec.json.decode(self.out)

    def problem(self) -> Any:
        """The words as JSON: what an error is told as with --json."""
        assert self.out == ""
        return msgspec.json.decode(self.err)


class Shell:
    """A shell whose commands all work on one store."""

    def __init__(self, url: str, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.url = url
        self._capsys = capsys
        self._patch = patch

    def __call__(self, *words: str, stdin: str | bytes = "") -> Said:
        """What the command said; it is told the store with its first words."""
        where = ("--data-dir", str(self.folder), "--database", self.url)
        return self.bare(*where, *words, stdin=stdin)

    def bare(self, *words: str, stdin: str | bytes = "") -> Said:
        """The same, with nothing told but these words."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        self._capsys.readouterr()
        code = run(root, words)
        out, err = self._capsys.readouterr()
        return Said(code, out, err)

    def done(self, *words: str, stdin: str | bytes = "") -> Said:
        """The same, and it went well."""
        said = self(*words, stdin=stdin)
        assert said.code == 0, said.err
        return said
