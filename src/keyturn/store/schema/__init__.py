"""The schema of the store, its version, and how an empty or older store is brought to it."""

from importlib import resources
from typing import Any

HEAD = "0003"
"""The newest migration; `tests/laws` compares it with the scripts."""

VERSION_SQL = "SELECT version_num FROM alembic_version"


def statements(number: str, engine: str) -> list[str]:
    """The statements of one migration's plain SQL text for that engine."""
    text = (resources.files(__package__) / f"{number}.{engine}.sql").read_text(encoding="utf-8")
    lines = (line.split("--", 1)[0].rstrip() for line in text.splitlines())
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def run_text(number: str) -> None:
    """Run a migration's SQL text; called from a migration script, inside Alembic."""
    from alembic import op

    engine = op.get_bind().dialect.name
    for statement in statements(number, engine):
        op.execute(statement)


def upgrade(url: str) -> None:
    """The store at that SQLAlchemy URL has the newest schema.

    Safe     PostgreSQL takes an advisory lock for the length of it, so that of two starting nodes one waits
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text

    config = Config()
    config.set_main_option("script_location", str(resources.files(__package__)))
    engine = create_engine(url)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7307)"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def standing(version: Any) -> str:
    """`current`, `older` or `newer`, for a version read from a store."""
    if version == HEAD:
        return "current"
    return "older" if str(version) < HEAD else "newer"
