"""The commands of the README, run as they stand against a server as `make run` starts it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import keyturn

pytestmark = pytest.mark.clients
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```", re.DOTALL | re.MULTILINE)
ADDRESS = "http://127.0.0.1:8200"
CUT = "-- next block --"


class Said(NamedTuple):
    """A block of commands, and what the README says comes of it; empty where it says nothing."""

    commands: str
    expected: str


def said() -> list[Said]:
    """The blocks to run, each with the block of text that follows it before any other prose."""
    found = list(BLOCK.finditer(README))
    told = []
    for at, block in enumerate(found):
        after = found[at + 1] if at + 1 < len(found) else None
        follows = after is not None and after[1] == "text" and not README[block.end() : after.start()].strip()
        if block[1] == "sh":
            told.append(Said(block[2], after[2] if after is not None and follows else ""))
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone as `make run` leaves it: the example, and the command in its environment."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    command = tmp_path / ".venv" / "bin" / "keyturn"
    command.parent.mkdir(parents=True)
    place = Path(keyturn.__file__).parents[1]
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{place}" exec "{sys.executable}" -m keyturn "$@"\n')
    command.chmod(0o755)
    return tmp_path


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    """Where a fresh server answers, started by the line of the Makefile on a port of its own."""
    argv = [str(folder / ".venv/bin/keyturn"), "serve", "--data-dir", "./data", "--listen", "127.0.0.1:0"]
    told = folder / "told"
    with told.open("w") as stderr:
        server = subprocess.Popen(argv, cwd=folder, stderr=stderr, env=environment())
    try:
        yield found(told, server)
    finally:
        server.terminate()
        assert server.wait(timeout=40) == 0, told.read_text()


def found(told: Path, server: subprocess.Popen[bytes]) -> str:
    """The address that the server tells when it starts."""
    end = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < end:
        if (listening := re.search(r"listening +(\S+)", text := told.read_text())) and "user add" in text:
            return listening[1]
        time.sleep(0.02)
    raise AssertionError(told.read_text())


def environment() -> dict[str, str]:
    """The environment of a shell that knows nothing of Keyturn."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KEYTURN_")}


def test_the_readme_is_true(folder: Path, address: str) -> None:
    """Each block of commands, run in order in one shell, tells what the README says it tells."""
    blocks = said()
    assert len(blocks) > 6
    script = f"\necho '{CUT}'\n".join(block.commands for block in blocks).replace(ADDRESS, address)
    heard = subprocess.run(
        ["bash", "-eu", "-o", "pipefail"], input=script, cwd=folder, capture_output=True, text=True, timeout=120,
        env=environment(),
    )  # fmt: skip
    assert heard.returncode == 0, heard.stdout + heard.stderr
    parts = heard.stdout.split(CUT + "\n")
    for block, part in zip(blocks, parts, strict=True):
        assert not block.expected or pattern(block.expected).fullmatch(part), part


def test_the_readme_promises_no_port_but_one() -> None:
    """The address that is tried is the one that `make run` serves on."""
    assert set(re.findall(r"http://127\.0\.0\.1:\d+", README)) == {ADDRESS}


def pattern(text: str) -> re.Pattern[str]:
    """What the README shows, with `…` for anything."""
    return re.compile(".*".join(map(re.escape, text.split("…"))), re.DOTALL)
