"""The table of the jobs' calendars: which cron fields each job had when the scheduler last looked, and up to when its times became runs."""

import sqlalchemy as sa

from ml.store.schema import Moment, Text, metadata

job_schedule = sa.Table(
    "job_schedule",
    metadata,
    sa.Column("job", Text, primary_key=True),
    sa.Column("cron", Text, nullable=False),
    sa.Column("done_until", Moment, nullable=False),  # every fire time up to here has its row in job_run
)
