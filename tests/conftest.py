"""What every test may ask for: a fresh database on each engine; and what it may want of the machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import engines
from tests.engines import Cluster, Engine
from tests.houses import KEY, Household, household
from tests.postbox import Postbox, postboxed
from tests.served import Served, serving

PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "nginx": ("nginx",),
}
"""The programs that a marker asks for; any one of them will do."""

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test whose program is absent is skipped, but fails where nothing may be left out."""
    for marker, programs in PROGRAMS.items():
        if item.get_closest_marker(marker) and not any(map(shutil.which, programs)):
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{marker} is not installed")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for all tests of this process, without fsync."""
    server = Cluster(durable=False)
    yield server
    server.close()


@pytest.fixture
def durable_cluster() -> Iterator[Cluster]:
    """A PostgreSQL with fsync for this test alone, which may crash it."""
    server = Cluster()
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file to copy."""
    return engines.make_sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgresql_template(cluster: Cluster) -> str:
    """The name of a prepared database to copy."""
    return engines.make_postgresql_template(cluster)


@pytest.fixture(params=engines.NAMES)
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A fresh database on each engine; on one by `parametrize("database", ["sqlite"], indirect=True)`."""
    if request.param == "sqlite":
        made = engines.fresh_sqlite(request.getfixturevalue("sqlite_template"))
    else:
        cluster = request.getfixturevalue("cluster")
        made = engines.fresh_postgresql(cluster, request.getfixturevalue("postgresql_template"))
    with made as engine:
        yield engine


@pytest.fixture
def database_url(database: Engine) -> str:
    """The URL of a fresh database on each engine."""
    return database.url


@pytest.fixture
def house(database: Engine, tmp_path: Path) -> Iterator[Household]:
    """A house on a fresh store of each engine."""
    with household(database.url, tmp_path / KEY) as made:
        yield made


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A real SMTP server; a `served` asked for beside it sends its mails there."""
    with postboxed() as made:
        yield made


@pytest.fixture
def served(request: pytest.FixtureRequest, database: Engine, tmp_path: Path) -> Iterator[Served]:
    """The real application on a fresh store of each engine, served on a port of this machine; it counts no calls."""
    mail = request.getfixturevalue("postbox").relay() if "postbox" in request.fixturenames else None
    with serving(database.url, tmp_path, mail=mail) as made:
        made.people.choose(rocketchat__rate_limit=False)
        yield made
