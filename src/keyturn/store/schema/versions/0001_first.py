"""The first schema: realms, subjects, roles, credentials, locks, audit, answers."""

from keyturn.store.schema import run_text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every table of the first release is there."""
    run_text("0001")


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise RuntimeError("the first schema has nothing before it")
