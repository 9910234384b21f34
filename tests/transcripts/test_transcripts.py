"""What a foreign client says and hears: every conversation beside this file, on a fresh store of each engine."""

from pathlib import Path

import pytest

from tests.served import Served
from tests.transcripts.player import Differs, play

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*.txt"))


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.stem}" for path in FILES])
def test_conversation(path: Path, served: Served) -> None:
    """Each request is answered as the transcript says, in the world that lies beside it."""
    world = path.with_name("world.yaml")
    if world.exists():
        served.apply(world)
    try:
        play(path, served)
    except Differs as error:
        pytest.fail(str(error), pytrace=False)
