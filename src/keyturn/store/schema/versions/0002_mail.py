"""Mailed codes, the outbox, by what a token was stepped up, and roles whose holders need a second factor."""

from keyturn.store.schema import run_text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What mail needs is there."""
    run_text("0002")


def downgrade() -> None:
    """There is no way back: a mailed code or a required factor cannot be told to an older program."""
    raise RuntimeError("a store does not go back to an older schema")
