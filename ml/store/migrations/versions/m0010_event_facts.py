"""Events that the company's own data tells."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_facts",
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("announced_at", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("start", "kind", "name", name=op.f("pk_event_facts")),
    )
