"""`keyturn import` of an export with three tokens a user: seconds, and the most memory that was resident."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.servers import fresh
from tests.exported import crowd

USERS = 100_000
TOKENS = 3
RUN = "import resource, sys; from keyturn.cli import root; from keyturn.cli.frame import run; code = run(root); " \
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"  # fmt: skip


def imported(database: str, folder: str, export: Path, *more: str) -> tuple[float, float]:
    """Seconds of one import from start to end, and MB that were resident at most."""
    url = f"sqlite:///{folder}/k.db" if "://" not in database else database
    began = time.perf_counter()
    argv = [sys.executable, "-c", RUN, "--data-dir", folder, "--database", url, "import", "rocketchat", str(export)]
    done = subprocess.run([*argv, *more], check=True, capture_output=True, text=True)
    return time.perf_counter() - began, int(done.stdout) / 1e3


def main(store: str, users: int = USERS) -> None:
    """The same file is imported, and given once more, when everybody is there."""
    with fresh(store) as make, tempfile.TemporaryDirectory() as folder:
        export, database = Path(folder, "users.json"), make()
        with export.open("wb") as file:
            file.writelines(crowd(users, TOKENS))
        size = export.stat().st_size / 1e6
        for what in ("import", "the same again"):
            seconds, most = imported(database, folder, export)
            print(
                f"{store}: {what}, {users} users with {TOKENS} tokens ({size:.0f} MB): {seconds:.1f} s,"
                f" {most:.0f} MB at most (aims on SQLite: 60 s, 300 MB)"
            )


if __name__ == "__main__":
    words = sys.argv[1:]
    count = int(words[words.index("--users") + 1]) if "--users" in words else USERS
    for named in [word for word in words if word in ("sqlite", "postgresql")] or ["sqlite", "postgresql"]:
        main(named, count)
