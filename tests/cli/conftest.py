"""What tests of the command line may ask for."""

from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.engines import Engine


@pytest.fixture
def shell(
    database: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """A shell on a fresh store of each engine, without any variable of ours set."""
    for name in ("CONFIG", "DATABASE", "LISTEN", "DATA_DIR", "KEY_FILE", "LOG"):
        monkeypatch.delenv(f"KEYTURN_{name}", raising=False)
    return Shell(database.url, tmp_path / "data", capsys, monkeypatch)


@pytest.fixture
def plain(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose SQLite store does not exist yet."""
    return Shell("sqlite:///keyturn.db", tmp_path / "data", capsys, monkeypatch)
