"""Runs that wait, with options and the tail of their log; up to when each job's times became runs."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (sa.Column("not_before", sa.DateTime()), sa.Column("options", sa.JSON()), sa.Column("log_tail", sa.Text())):
        op.add_column("job_run", column)
    op.create_index("ix_job_run_status", "job_run", ["status"])
    op.create_index("ix_job_run_scheduled_for", "job_run", ["scheduled_for"])
    op.create_table(
        "job_schedule",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("done_until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_schedule")),
    )
