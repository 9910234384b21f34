"""Start time of an installed server, and its resident memory at rest."""

import subprocess
import sys
import tempfile
import time
import urllib.request

from bench.servers import free_port, fresh

TRIES = 5


def resident(pid: int) -> float:
    """Resident memory of a process, in MB."""
    return float(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True).stdout) / 1e3


def started(database: str, folder: str) -> tuple[float, float]:
    """Seconds until the first answer, and MB two seconds later."""
    port = free_port()
    url = f"sqlite:///{folder}/k.db" if "://" not in database else database
    began = time.perf_counter()
    argv = [sys.executable, "-m", "keyturn", "serve", "--data-dir", folder, "--database", url]
    server = subprocess.Popen([*argv, "--listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").close()
                break
            except OSError:
                time.sleep(0.01)
        seconds = time.perf_counter() - began
        time.sleep(2)
        return seconds, resident(server.pid)
    finally:
        server.terminate()
        server.wait(10)


def main(store: str) -> None:
    """The first start makes the store; the others find it."""
    with fresh(store) as make, tempfile.TemporaryDirectory() as folder:
        database = make()
        figures = [started(database, folder) for _ in range(TRIES)]
    again = sorted(seconds for seconds, _ in figures[1:])
    print(
        f"{store}: first start, making the store, {figures[0][0]:.2f} s; later starts {again[0]:.2f}-{again[-1]:.2f} s"
    )
    print(f"{store}: resident at rest {max(mb for _, mb in figures):.0f} MB (aims: under 1.5 s, under 90 MB)")


if __name__ == "__main__":
    for named in sys.argv[1:] or ("sqlite", "postgresql"):
        main(named)
