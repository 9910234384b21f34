"""Groups of a directory elsewhere, kept as records, and who holds a role found by the role."""

from keyturn.store.schema import run_text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Groups and their roles have a place."""
    run_text("0003")


def downgrade() -> None:
    """There is no way back: an older program knows of no groups."""
    raise RuntimeError("a store does not go back to an older schema")
