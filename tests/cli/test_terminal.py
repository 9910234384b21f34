"""At a terminal: passwords are asked for and not shown, danger asks for a name, Ctrl-C says so."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 20.0


class Terminal:
    """A command at a terminal of its own, with somebody typing."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        command = (sys.executable, "-m", "keyturn", "--data-dir", str(folder), *words)
        self._process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        self.seen = ""

    def type(self, prompt: str, text: str) -> None:
        """`text` is typed once that prompt is there."""
        self._read_until(prompt)
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """The exit code, after everything it said."""
        self._read_until(None)
        os.close(self._ours)
        return self._process.wait(PATIENCE)

    def _read_until(self, words: str | None) -> None:
        deadline = time.monotonic() + PATIENCE
        start = len(self.seen)
        while words is None or words not in self.seen[start:]:
            assert time.monotonic() < deadline, self.seen
            if not select.select([self._ours], [], [], 0.1)[0]:
                continue
            try:
                chunk = os.read(self._ours, 4096)
            except OSError:
                chunk = b""
            if not chunk:
                assert words is None, self.seen
                return
            self.seen += chunk.decode(errors="replace")


def test_a_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    """Hidden, typed again when the two differ, and good then."""
    shell = Terminal(tmp_path, "user", "add", "jean", "--admin")
    for typed in ("a long passphrase at a terminal", "another one", "a long passphrase at a terminal"):
        shell.type("Password (hidden)" if typed != "another one" else "Again", f"{typed}\n")
    shell.type("Again", "a long passphrase at a terminal\n")
    assert shell.end() == 0
    assert "Added jean, administrator of realm default." in shell.seen
    assert "long passphrase" not in shell.seen


def test_danger_asks_for_the_name(tmp_path: Path) -> None:
    """Another word breaks off; the name goes on."""
    made = Terminal(tmp_path, "user", "add", "jean", "--no-password")
    assert made.end() == 0
    wrong = Terminal(tmp_path, "user", "delete", "jean")
    wrong.type("Type jean to go on", "john\n")
    assert wrong.end() == 130
    right = Terminal(tmp_path, "user", "delete", "jean")
    right.type("Type jean to go on", "jean\n")
    assert right.end() == 0
    assert "jean is deleted." in right.seen


def test_tables_are_bold_and_fit_the_terminal(tmp_path: Path) -> None:
    """Heads are bold, and no line is longer than the terminal is wide."""
    Terminal(tmp_path, "user", "add", "jean", "--no-password", "--email", f"{'j' * 60}@example.test").end()
    shown = Terminal(tmp_path, "user", "list")
    assert shown.end() == 0
    assert "\x1b[1mLOGIN" in shown.seen
    assert "…" in shown.seen
